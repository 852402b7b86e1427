"""Sonar in plain Python: who may do what when, and where every wei is.

Written from docs/contract.md, without a look at how the contract stores or computes anything: amounts are
kept one by one, nothing is packed, payouts are fractions. It is the judge of the state machine; it is no
library.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

REQUESTED, OPEN, SETTLED = 1, 2, 3
IMPROVED, NO_GAIN, MALFORMED, UNAVAILABLE = 1, 2, 3, 4
DAY = 86_400
HOUR, TICK = 3_600, 256
ETHER = ""  # the asset that is not a token


class RefusedError(Exception):
    """The contract must refuse this call."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise RefusedError(reason)


@dataclass(frozen=True)
class Terms:
    capsule: str
    asset: str
    bounty: int
    stake: int
    fee: int
    target: int
    min_gain: int
    max_start: int
    submit_until: int
    review_until: int
    max_pending: int
    gap_basis: bool


@dataclass
class Submission:
    miner: str
    update: bytes
    waiting: bool = True


@dataclass(frozen=True)
class Verdict:
    miner: str
    update: bytes
    verdict: int
    accuracy: int
    has_model: bool


@dataclass
class Campaign:
    owner: str
    terms: Terms
    state: int = REQUESTED
    start: int = 0
    best: int = 0
    version: int = 0
    forfeited: int = 0
    evaluated: int = 0
    delivered: bool = False
    opened: bool = False
    queue: list[Submission] = field(default_factory=list)
    now_owed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    later_owed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    inside: int = 0  # what the contract holds for this campaign
    turn: int = 0  # when the head became the head, or the target was reached

    @property
    def paid(self) -> int:
        if not self.opened:
            return 0
        return self.paid_at(self.best)

    def paid_at(self, best: int) -> int:
        whole = self.terms.target - self.start if self.terms.gap_basis else self.terms.target
        return floor(Fraction(self.terms.bounty * (best - self.start), whole))

    def finished(self, now: int) -> bool:
        reached = self.best >= self.terms.target
        over = now >= self.terms.submit_until and self.evaluated == len(self.queue)
        return self.state == OPEN and (reached or over)

    def silent(self, now: int) -> bool:
        """Whether the capsule let its turn pass: in whole ticks, of which it has one more."""
        its_turn = self.best >= self.terms.target or self.evaluated < len(self.queue)
        ticks = now // TICK - self.turn // TICK
        return its_turn and ticks * TICK >= self.terms.review_until - self.terms.submit_until + TICK

    def owed(self, account: str) -> int:
        return self.now_owed[account] + self.later_owed[account]

    def claimable(self, account: str) -> int:
        return self.now_owed[account] + (self.later_owed[account] if self.state == SETTLED else 0)


class Ledger:
    """All campaigns. Every method refuses, or changes everything that has to change."""

    def __init__(self, burn: str) -> None:
        self.burn = burn
        self.campaigns: dict[bytes, Campaign] = {}
        self.burned: dict[str, int] = defaultdict(int)  # arrived at the burn address, by asset
        self.refusing: set[str] = set()  # assets that do not get to the burn address now

    def inside(self, asset: str) -> int:
        return sum(c.inside for c in self.campaigns.values() if c.terms.asset == asset)

    def create(self, ident: bytes, owner: str, terms: Terms, value: int, now: int) -> None:
        require(ident not in self.campaigns, "exists")
        require(terms.capsule != owner, "owner is capsule")
        require(0 < terms.bounty < 2**96, "bounty")
        require(0 <= terms.stake < 2**96 and 0 <= terms.fee < 2**96, "stake and fee")
        require(1 <= terms.min_gain <= terms.target <= 1_000_000, "target")
        require(0 <= terms.max_start <= terms.target - terms.min_gain, "max start")
        require(now < terms.submit_until <= now + 365 * DAY, "submit until")
        review = terms.review_until - terms.submit_until
        require(HOUR <= review <= 30 * DAY, "review until")
        require(1 <= terms.max_pending < 2**24, "max pending")
        require(value == (terms.bounty if terms.asset == ETHER else 0), "value")
        self.campaigns[ident] = Campaign(owner, terms, inside=terms.bounty)

    def call_off(self, ident: bytes, sender: str, by_owner: bool) -> None:
        c = self.campaigns[ident]
        require(sender == (c.owner if by_owner else c.terms.capsule), "caller")
        untouched = by_owner and c.state == OPEN and not c.queue
        require(c.state == REQUESTED or untouched, "state")
        c.state = SETTLED
        c.later_owed[c.owner] += c.terms.bounty

    def open(self, ident: bytes, sender: str, start: int, now: int) -> None:
        c = self.campaigns[ident]
        require(c.state == REQUESTED, "state")
        require(sender == c.terms.capsule, "caller")
        require(now < c.terms.submit_until, "time")
        require(start <= c.terms.max_start, "start")
        c.state, c.start, c.best, c.opened = OPEN, start, start, True

    def submit(self, ident: bytes, miner: str, update: bytes, value: int, now: int) -> int:
        c = self.campaigns[ident]
        require(c.state == OPEN, "state")
        require(now < c.terms.submit_until, "time")
        require(c.best < c.terms.target, "target")
        require(len(c.queue) - c.evaluated < c.terms.max_pending, "queue")
        price = c.terms.stake + c.terms.fee
        require(value == (price if c.terms.asset == ETHER else 0), "value")
        if c.evaluated == len(c.queue):
            c.turn = now
        c.queue.append(Submission(miner, update))
        c.inside += price
        return len(c.queue) - 1

    def report(self, ident: bytes, sender: str, verdicts: list[Verdict], now: int) -> None:
        c = self.campaigns[ident]
        require(c.state == OPEN, "state")
        require(sender == c.terms.capsule, "caller")
        require(now < c.terms.review_until, "time")
        require(1 <= len(verdicts) <= 32, "length")
        best, version, place = c.best, c.version, c.evaluated
        payments: list[tuple[str, int, int]] = []
        forfeited = 0
        for verdict in verdicts:
            require(best < c.terms.target, "target")
            require(place < len(c.queue), "nothing waits")
            head = c.queue[place]
            require((head.miner, head.update) == (verdict.miner, verdict.update), "head")
            require(1 <= verdict.verdict <= 4, "verdict")
            if verdict.verdict == IMPROVED:
                require(verdict.accuracy <= 1_000_000 and verdict.has_model, "improved")
                reached = min(verdict.accuracy, c.terms.target)
                require(reached >= min(best + c.terms.min_gain, c.terms.target), "gain")
                require(reached > best, "gain")
                payments.append((head.miner, c.terms.stake, c.paid_at(reached) - c.paid_at(best)))
                best, version = reached, version + 1
            else:
                require(verdict.accuracy == 0 and not verdict.has_model, "score")
                if verdict.verdict == NO_GAIN:
                    payments.append((head.miner, c.terms.stake, 0))
                else:
                    forfeited += 1
            place += 1
        for submission in c.queue[c.evaluated : place]:
            submission.waiting = False
        c.best, c.version, c.evaluated, c.turn = best, version, place, now
        c.forfeited += forfeited
        for miner, stake, payout in payments:
            c.now_owed[miner] += stake
            c.later_owed[miner] += payout

    def reclaim(self, ident: bytes, miner: str, index: int, update: bytes, now: int) -> None:
        c = self.campaigns[ident]
        require(c.opened, "state")
        over = c.state == SETTLED or c.best >= c.terms.target or now >= c.terms.review_until
        require(over, "time")
        require(index < len(c.queue), "index")
        submission = c.queue[index]
        require((submission.miner, submission.update, submission.waiting) == (miner, update, True), "whose")
        submission.waiting = False
        c.now_owed[miner] += c.terms.stake + c.terms.fee

    def deliver(self, ident: bytes, sender: str, now: int) -> None:
        c = self.campaigns[ident]
        require(sender == c.terms.capsule, "caller")
        require(c.opened, "never opened")
        require((c.state == SETTLED and not c.delivered) or c.finished(now), "finished, or final")
        c.delivered = True

    def settle(self, ident: bytes, now: int) -> None:
        c = self.campaigns[ident]
        if c.state == REQUESTED:
            require(now >= c.terms.submit_until, "time")
        else:
            require(c.state == OPEN, "state")
            finished = c.finished(now) and c.delivered
            require(now >= c.terms.review_until or finished or c.silent(now), "end")
        c.state = SETTLED
        c.later_owed[c.owner] += c.terms.bounty - c.paid
        c.later_owed[c.terms.capsule if c.delivered else c.owner] += c.terms.fee * c.evaluated
        burned = c.terms.stake * c.forfeited
        if c.terms.asset in self.refusing:
            c.later_owed[self.burn] += burned
        else:
            c.inside -= burned
            self.burned[c.terms.asset] += burned

    def claim(self, ident: bytes, sender: str, account: str, to: str) -> int:
        c = self.campaigns[ident]
        require(to == account or sender == account, "whose")
        require(c.terms.asset not in self.refusing, "token")
        amount = c.claimable(account)
        require(amount > 0, "nothing")
        c.now_owed[account] = 0
        if c.state == SETTLED:
            c.later_owed[account] = 0
        c.inside -= amount
        if to == self.burn:
            self.burned[c.terms.asset] += amount
        return amount
