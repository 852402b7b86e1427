"""Random campaigns, in ether and three tokens at once, step by step against two twins.

After every step: the contract refuses exactly what the twin refuses, the campaign reads the same and is what
its logs tell, and of each asset the contract holds exactly what the twin says is inside. At the end of every
run all campaigns are settled, reclaimed and claimed, and nothing may be left.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from eth_abi import decode
from eth_utils import keccak
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.stateful.boa_wire import ContractRefusedError
from tests.stateful.campaign_draws import (
    MINERS,
    PEOPLE,
    SCIENTISTS,
    TOKENS,
    odd_terms,
    sensible_terms,
    verdicts,
)
from tests.stateful.campaign_states import has_waiting, is_open, is_requested, may_be_called_off, patience
from tests.stateful.ledger_twin import ETHER, OPEN, REQUESTED, SETTLED, Campaign, Ledger, RefusedError
from tests.stateful.log_twin import LogTwin, Told
from tests.stateful.stage import Stage, Wire

NO_ONE, NOTHING = "0x" + "00" * 20, b"\0" * 32
BURN = "0x000000000000000000000000000000000000dEaD"
SPEC, MODEL = keccak(text="spec"), keccak(text="model")
RICHES = 2**120
LONGEST_BATCH = 32


class SonarMachine(RuleBasedStateMachine):
    """Every step tries something, mostly sensible, on the contract and on the twin."""

    stage: Stage
    sonar: Wire
    tokens: dict[str, Wire]

    @classmethod
    def on(cls, stage: Stage) -> "type[SonarMachine]":
        """The machine on a stage: Sonar and tokens deployed once, everybody rich in all assets."""
        sonar = stage.load("contracts/Sonar.vy")
        sources = {"plain": "PlainToken", "silent": "SilentToken", "fickle": "ChargingToken"}
        tokens = {name: stage.load(f"contracts/mocks/tokens/{source}.vy") for name, source in sources.items()}
        for person in PEOPLE:
            stage.enrich(person, RICHES)
            for token in tokens.values():
                token.send("mint", person, RICHES, sender=person)
                token.send("approve", sonar.address, 2**256 - 1, sender=person)
        return type("SonarMachineOnStage", (cls,), {"stage": stage, "sonar": sonar, "tokens": tokens})

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(self.stage.undone())
        self.start_time = self.stage.now()
        self.burned_before = self.stage.balance(BURN)
        self.twin = Ledger(BURN)
        self.told = LogTwin(self.sonar.abi)
        self.sonar.logs.clear()
        self.forced = 0  # ether that nobody sent
        self.idents: list[bytes] = []
        self.updates = 0

    def takes_submissions(self, c: Campaign) -> bool:
        return is_open(c) and self.stage.now() < c.terms.submit_until and c.best < c.terms.target

    def can_be_reclaimed(self, c: Campaign) -> bool:
        over = c.best >= c.terms.target or self.stage.now() >= c.terms.review_until
        return c.opened and over and any(submission.waiting for submission in c.queue)

    # --- what both sides are asked -------------------------------------------------------------------------

    def attempt(
        self, twin: Callable[[], object], function: str, *arguments: object, sender: str, value: int = 0,
        unreadable: bool = False,
    ) -> bytes | None:  # fmt: skip
        """The call on both sides; the contract's answer, or None where both refused.

        Sonar gives a reason for each refusal, but of a call that its decoder cannot read.
        """
        refused: str | None = None
        try:
            twin()
        except RefusedError as why:
            refused = str(why)
        try:
            answer = self.sonar.send(function, *arguments, sender=sender, value=value)
        except ContractRefusedError as reason:
            # A token that fails by itself does so in its own words: the mocks have none.
            wordless = str(reason) == "" and (unreadable or refused == "token")
            if refused is not None and (str(reason).startswith("sonar: ") or wordless):
                return None
            raise
        assert refused is None, f"only the twin refuses {function}"
        return answer

    def pick(
        self, data: st.DataObject, suits: Callable[[Campaign], bool] = lambda _campaign: True
    ) -> tuple[bytes, Campaign]:
        """A campaign that suits, or now and then any."""
        suiting = [ident for ident in self.idents if suits(self.twin.campaigns[ident])]
        anyhow = data.draw(st.integers(0, 7), label="any campaign") == 7
        ident = data.draw(
            st.sampled_from(self.idents if anyhow else suiting or self.idents), label="campaign"
        )
        return ident, self.twin.campaigns[ident]

    def any_campaign(self, suits: Callable[[Campaign], bool]) -> bool:
        return any(suits(c) for c in self.twin.campaigns.values())

    def asset_address(self, asset: str) -> str:
        return NO_ONE if asset == ETHER else str(self.tokens[asset].address)

    def held(self, asset: str, holder: str) -> int:
        if asset == ETHER:
            return self.stage.balance(holder)
        return int(self.tokens[asset].number("balanceOf", holder))

    def compare(self, ident: bytes) -> None:
        """One campaign as the contract tells it, and every asset as it is held."""
        c = self.twin.campaigns[ident]
        w = self.sonar.words("campaign", ident)
        terms = c.terms
        assert w[:2] == [int(c.owner, 16), c.state]
        assert w[3:15] == [
            *(int(terms.capsule, 16), int(self.asset_address(terms.asset), 16), terms.bounty, terms.stake),
            *(terms.fee, terms.target, terms.min_gain, terms.max_start, terms.submit_until),
            *(terms.review_until, terms.max_pending, terms.gap_basis),
        ]
        assert w[17:24] == [c.version, c.start, c.best, len(c.queue), c.evaluated, c.forfeited, c.paid]
        assert (w[24] != 0) == c.delivered
        assert c.paid <= terms.bounty
        told = self.hear(ident)
        assert told.words() == list(w)
        for person in {c.owner, terms.capsule, *(entry.miner for entry in c.queue[-3:]), BURN}:
            assert (told.owed(person), told.claimable(person)) == (c.owed(person), c.claimable(person))
        for asset in (ETHER, *TOKENS):
            forced = self.forced if asset == ETHER else 0
            assert self.held(asset, self.sonar.address) == self.twin.inside(asset) + forced
        assert self.stage.balance(BURN) - self.burned_before == self.twin.burned[ETHER]

    def compare_owed(self, ident: bytes, person: str) -> None:
        c = self.twin.campaigns[ident]
        assert self.sonar.number("owed", ident, person) == c.owed(person)
        assert self.sonar.number("claimable", ident, person) == c.claimable(person)
        told = self.hear(ident)
        assert (told.owed(person), told.claimable(person)) == (c.owed(person), c.claimable(person))

    def hear(self, ident: bytes) -> Told:
        """The campaign as all logs up to now tell it."""
        self.told.fold(self.sonar.logs)
        self.sonar.logs.clear()
        return self.told.campaigns[ident]

    # --- rules ---------------------------------------------------------------------------------------------

    @initialize(data=st.data())
    def first_campaigns(self, data: st.DataObject) -> None:
        for _ in range(2):
            self.new_campaign(data, sensible=True)
        for ident in self.idents:
            self.open_it(data, ident, self.twin.campaigns[ident].terms.capsule)

    def create(self, data: st.DataObject) -> None:
        self.new_campaign(data, sensible=data.draw(st.sampled_from([True, False]), label="sensible"))

    def new_campaign(self, data: st.DataObject, sensible: bool) -> None:
        time = self.stage.now()
        terms = data.draw(sensible_terms(time) if sensible else odd_terms(time), label="terms")
        owner = data.draw(st.sampled_from(SCIENTISTS * 4 + PEOPLE), label="owner")
        salt = keccak(text=f"salt {data.draw(st.integers(0, 5), label='salt')}")
        ident = self.sonar.number("campaign_id", owner, SPEC, salt).to_bytes(32)
        value = min(terms.bounty, RICHES // 2) if terms.asset == ETHER else 0
        if not sensible:
            value = max(0, value + data.draw(st.sampled_from([0] * 6 + [1, -1]), label="too much"))
        encoded = (
            *(SPEC, terms.capsule, self.asset_address(terms.asset), terms.bounty, terms.stake, terms.fee),
            *(terms.target, terms.min_gain, terms.max_start, terms.submit_until, terms.review_until),
            *(terms.max_pending, terms.gap_basis),
        )
        answer = self.attempt(
            lambda: self.twin.create(ident, owner, terms, value, time),
            *("create_campaign", encoded, salt),
            sender=owner,
            value=value,
        )
        if answer is not None:
            assert answer == ident
            self.idents.append(ident)
            self.compare(ident)

    def call_off(self, data: st.DataObject) -> None:
        by_owner = data.draw(st.booleans(), label="by the owner")
        ident, c = self.pick(data, may_be_called_off)
        right = c.owner if by_owner else c.terms.capsule
        sender = data.draw(st.sampled_from([right, *PEOPLE]), label="sender")
        arguments = ("cancel", ident) if by_owner else ("decline", ident, b"no")
        self.attempt(lambda: self.twin.call_off(ident, sender, by_owner), *arguments, sender=sender)
        self.compare(ident)

    def open(self, data: st.DataObject) -> None:
        ident, c = self.pick(data, is_requested)
        self.open_it(data, ident, data.draw(st.sampled_from([c.terms.capsule] * 9 + PEOPLE), label="sender"))

    def open_it(self, data: st.DataObject, ident: bytes, sender: str) -> None:
        terms = self.twin.campaigns[ident].terms
        most = terms.max_start
        low = st.integers(0, most // 4)
        start = data.draw(st.one_of(low, low, st.sampled_from([most - 1, most, most + 1])), label="start")
        start = max(0, start)
        self.attempt(
            lambda: self.twin.open(ident, sender, start, self.stage.now()),
            *("open_campaign", ident, keccak(text="key"), MODEL, start),
            sender=sender,
        )
        self.compare(ident)

    def submit(self, data: st.DataObject) -> None:
        for _ in range(data.draw(st.sampled_from([1, 1, 1, 1, 2, 12]), label="submissions")):
            self.submit_one(data)

    def submit_one(self, data: st.DataObject) -> None:
        miner = data.draw(st.sampled_from(MINERS * 3 + PEOPLE), label="miner")
        payer = data.draw(st.sampled_from([miner] * 6 + PEOPLE), label="payer")
        off = data.draw(st.sampled_from([0] * 10 + [1, -1]), label="too much")
        ident, c = self.pick(data, self.takes_submissions)
        self.updates += 1
        update = keccak(text=f"update {self.updates // 2}")  # each twice: copies are welcome
        value = max(0, (c.terms.stake + c.terms.fee if c.terms.asset == ETHER else 0) + off)
        self.attempt(
            lambda: self.twin.submit(ident, miner, update, value, self.stage.now()),
            *("submit", ident, update, miner),
            sender=payer,
            value=value,
        )
        self.compare(ident)

    def report(self, data: st.DataObject) -> None:
        ident, c = self.pick(data, has_waiting)
        if not c.queue:
            return
        sender = data.draw(st.sampled_from([c.terms.capsule] * 20 + PEOPLE), label="sender")
        reports = data.draw(verdicts(c), label="reports")
        encoded = [
            (v.miner, v.update, v.verdict, v.accuracy, MODEL if v.has_model else NOTHING) for v in reports
        ]
        self.attempt(
            lambda: self.twin.report(ident, sender, reports, self.stage.now()),
            *("report", ident, encoded),
            sender=sender,
            unreadable=len(encoded) > LONGEST_BATCH,
        )
        self.compare(ident)
        self.compare_owed(ident, reports[0].miner)

    def reclaim(self, data: st.DataObject) -> None:
        ident, c = self.pick(data, self.can_be_reclaimed)
        if not c.queue:
            return
        waiting = [index for index, submission in enumerate(c.queue) if submission.waiting]
        index = data.draw(st.sampled_from(waiting * 3 + list(range(len(c.queue) + 1))), label="index")
        submission = c.queue[min(index, len(c.queue) - 1)]
        miner = data.draw(st.sampled_from([submission.miner] * 4 + MINERS), label="miner")
        self.attempt(
            lambda: self.twin.reclaim(ident, miner, index, submission.update, self.stage.now()),
            *("reclaim", ident, index, submission.update, miner),
            sender=data.draw(st.sampled_from(PEOPLE), label="sender"),
        )
        self.compare(ident)
        self.compare_owed(ident, miner)

    def deliver(self, data: st.DataObject) -> None:
        ident, c = self.pick(data, lambda c: c.finished(self.stage.now()))
        sender = data.draw(st.sampled_from([c.terms.capsule] * 4 + PEOPLE), label="sender")
        self.attempt(
            lambda: self.twin.deliver(ident, sender, self.stage.now()), "deliver", ident, MODEL, sender=sender
        )
        self.compare(ident)

    def settle(self, data: st.DataObject) -> None:
        sender = data.draw(st.sampled_from(PEOPLE), label="sender")
        ident, c = self.pick(data, lambda c: c.state == OPEN and (c.delivered or c.silent(self.stage.now())))
        self.attempt(lambda: self.twin.settle(ident, self.stage.now()), "settle", ident, sender=sender)
        self.compare(ident)
        self.compare_owed(ident, c.owner)
        self.compare_owed(ident, c.terms.capsule)

    def claim(self, data: st.DataObject) -> None:
        ident, c = self.pick(data, lambda c: any(map(c.claimable, [*PEOPLE, BURN])))
        owed = [person for person in [*PEOPLE, BURN] if c.claimable(person)]
        account = data.draw(st.sampled_from(owed * 3 + PEOPLE), label="account")
        sender = data.draw(st.sampled_from([account] * 6 + PEOPLE), label="sender")
        to = data.draw(st.sampled_from([account] * 20 + [*PEOPLE, BURN]), label="to")
        due, before = c.claimable(account), self.held(c.terms.asset, to)
        answer = self.attempt(
            lambda: self.twin.claim(ident, sender, account, to),
            *("claim", ident, account, to),
            sender=sender,
        )
        if answer is not None:
            assert decode(["uint256"], answer)[0] == due
            assert self.held(c.terms.asset, to) == before + due
        self.compare(ident)
        self.compare_owed(ident, account)

    def change_the_token(self, data: st.DataObject) -> None:
        """The fickle one begins to take more from the sender than it moves, or leaves off."""
        lies = "fickle" not in self.twin.refusing
        self.tokens["fickle"].send("charge", 0, int(lies), sender=PEOPLE[-1])
        self.twin.refusing = {"fickle"} if lies else set()

    def force_ether(self, data: st.DataObject) -> None:
        """As a contract that ends itself can."""
        more = data.draw(st.integers(1, 1_000), label="ether")
        self.stage.enrich(self.sonar.address, self.stage.balance(self.sonar.address) + more)
        self.forced += more

    def wait_for_an_edge(self, data: st.DataObject) -> None:
        edge = data.draw(st.sampled_from([-1, 0, 1]), label="edge")
        limits = [
            t
            for c in self.twin.campaigns.values()
            for t in (c.terms.submit_until, c.terms.review_until, patience(c))
        ]
        ahead = [
            limit + edge for limit in limits if self.stage.now() < limit + edge <= self.stage.now() + 20_000
        ]
        if ahead:
            self.stage.wait_until(data.draw(st.sampled_from(ahead), label="time"))

    def wait(self, data: st.DataObject) -> None:
        self.stage.wait_until(self.stage.now() + data.draw(st.integers(1, 120), label="seconds"))

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One action. A single rule: with one for each, hypothesis leaves half of them out of every run."""
        if not self.idents:  # both of the first campaigns were refused
            self.create(data)
            return
        likely = [
            (self.report, 8 if self.any_campaign(has_waiting) else 0),
            (self.submit, 8 if self.any_campaign(self.takes_submissions) else 1),
            (self.claim, 4 if self.any_campaign(lambda c: any(map(c.claimable, PEOPLE))) else 1),
            (self.wait, 1),
            (self.wait_for_an_edge, 1),
            (self.deliver, 3 if self.any_campaign(lambda c: c.finished(self.stage.now())) else 1),
            (self.open, 3 if self.any_campaign(is_requested) else 0),
            (self.settle, 2),
            (self.change_the_token, 1),
            (self.force_ether, 1),
            (self.reclaim, 3 if self.any_campaign(self.can_be_reclaimed) else 1),
            (self.call_off, 1 if self.any_campaign(may_be_called_off) else 0),
            (self.create, 1),
        ]
        actions = [action for action, weight in likely for _ in range(weight)]
        data.draw(st.sampled_from(actions), label="action")(data)

    # --- the end -------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Everybody goes home: every campaign can be ended by strangers, and nothing is left."""
        try:
            self.end_everything()
        finally:
            self.stack.close()
            self.stage.wait_until(self.start_time)

    def end_everything(self) -> None:
        if self.twin.refusing:
            self.change_the_token(None)  # type: ignore[arg-type]
        for c in self.twin.campaigns.values():
            self.stage.wait_until(max(self.stage.now(), c.terms.review_until))
        for ident, c in self.twin.campaigns.items():
            if c.state != SETTLED:
                assert c.state in (REQUESTED, OPEN)
                settle = partial(self.twin.settle, ident, self.stage.now())
                self.attempt(settle, "settle", ident, sender=PEOPLE[-1])
            for index, submission in enumerate(c.queue):
                if submission.waiting:
                    who, update = submission.miner, submission.update
                    self.twin.reclaim(ident, who, index, update, self.stage.now())
                    self.sonar.send("reclaim", ident, index, update, who, sender=PEOPLE[-1])
            for person in [*PEOPLE, BURN]:
                self.compare_owed(ident, person)
                if c.claimable(person):
                    self.twin.claim(ident, PEOPLE[-1], person, person)
                    self.sonar.send("claim", ident, person, person, sender=PEOPLE[-1])
            self.compare(ident)
            assert c.inside == 0
        for asset in TOKENS:
            assert self.held(asset, self.sonar.address) == self.twin.inside(asset) == 0
        assert (self.stage.balance(self.sonar.address), self.twin.inside(ETHER)) == (self.forced, 0)
