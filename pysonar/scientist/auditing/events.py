"""Everything about a campaign that its events show, derived anew: every order, time and wei.

The rules are written here a second time, from docs/protocol.md and docs/contract.md, on purpose: an audit
that shared its code with what it audits would share its faults. Nothing of the contract's totals is used but
to compare them. The contract's state machine holds these rules against random campaigns of every kind
(tests/stateful/audited_machine.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pysonar.chain.contract.events import (
    CampaignCancelled,
    CampaignCreated,
    CampaignDeclined,
    CampaignOpened,
    Claimed,
    Delivered,
    Improved,
    LoggedEvent,
    Reclaimed,
    Settled,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import CampaignRecord, Terms, Verdict
from pysonar.scientist.auditing.check import Check, holds, same

BURNING = (Verdict.MALFORMED, Verdict.UNAVAILABLE)
BURN = "0x000000000000000000000000000000000000dEaD"
"""What is claimed for this account is gone: burned stakes."""
FETCHABLE_SECONDS = 900
"""For so long after its block a submission may be missing; from then on it is UNAVAILABLE."""


@dataclass
class _State:
    """The campaign as the events alone show it.

    Attributes:
        contract: version of the contract, 1 or 2: the first logged no terms, and had other rules of the end.
        came: the time of each submission. turn: when Capsule's turn began.
        now_due, later_due: what each account may claim at once, and once the campaign is settled.
    """

    contract: int = 2

    start: int | None = None
    best: int = 0
    version: int = 0
    model: bytes = bytes(32)
    submitted: list[Submitted] = field(default_factory=list)
    came: list[int] = field(default_factory=list)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    gains: list[int] = field(default_factory=list)
    burned: int = 0
    paid: int = 0
    reclaimed: set[int] = field(default_factory=set)
    result: bytes = bytes(32)
    settled: bool = False
    turn: int = 0
    now_due: Counter[str] = field(default_factory=Counter)
    later_due: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        """How many submissions have neither a verdict nor been taken back."""
        return len(self.submitted) - len(self.verdicts) - len(self.reclaimed)

    def finished(self, terms: Terms, now: int) -> bool:
        """The target reached, or submissions over and all of them judged."""
        return self.best >= terms.target or (
            now >= terms.submit_until and len(self.verdicts) == len(self.submitted)
        )

    def silent(self, terms: Terms, now: int) -> bool:
        """Whether Capsule's turn has lasted as long as the review time: something waits for its verdict, or
        the target is reached and it has to deliver.
        """
        awaited = self.best >= terms.target or len(self.verdicts) < len(self.submitted)
        return awaited and now - self.turn >= terms.review_until - terms.submit_until


def audit_chain(
    record: CampaignRecord, history: Sequence[LoggedEvent], time_of: Callable[[int], int]
) -> Iterator[Check]:
    """Follow the campaign event by event: every order, time and wei.

    Args:
        record: the campaign as the contract has it now.
        history: its events, in chain order.
        time_of: the time of a block by its number.
    """
    state = _State()
    for logged in history:
        event, now = logged.event, time_of(logged.block_number)
        if isinstance(event, CampaignCreated):
            yield from _created(record, event, state)
        elif isinstance(event, CampaignOpened):
            yield from _opened(record, event, state, now)
        elif isinstance(event, Submitted):
            yield from _submitted(record, event, state, now)
        elif isinstance(event, Verdicts):
            yield from _judged(record, event, state, now)
        elif isinstance(event, Improved):
            yield from _improved(record, event, state)
        elif isinstance(event, Reclaimed):
            yield from _reclaimed(record, event, state, now)
        elif isinstance(event, Delivered):
            yield from _delivered(record, event, state, now)
        elif isinstance(event, Settled):
            yield from _settled(record, event, state, now)
        elif isinstance(event, CampaignCancelled | CampaignDeclined):
            yield from _called_off(record, event, state)
        elif isinstance(event, Claimed):
            yield _claimed(event, state)
    said = sorted(index for index, verdict in state.verdicts.items() if verdict is Verdict.IMPROVED)
    yield same("the submissions with the verdict IMPROVED", said, sorted(state.gains))
    if state.best >= record.terms.target and state.gains:
        yield same(
            "the last verdict, with the target reached", max(state.verdicts, default=-1), state.gains[-1]
        )
    totals = {
        "submissions": (record.submitted, len(state.submitted)),
        "verdicts": (record.evaluated, len(state.verdicts)),
        "burned stakes": (record.forfeited, state.burned),
        "accuracy in ppm": (record.best, state.best),
        "version of the model": (record.version, state.version),
        "model": (record.model.hex(), state.model.hex()),
        "bounty earned in wei": (record.paid, state.paid),
        "result": (record.result.hex(), state.result.hex()),
    }
    for what, (held, derived) in totals.items():
        yield same(f"the contract's {what}", held, derived)


def _created(record: CampaignRecord, event: CampaignCreated, state: _State) -> Iterator[Check]:
    terms = record.terms
    state.contract = 1 if event.terms is None else 2
    yield same("the owner", record.owner, event.owner)
    yield same("the terms' Capsule", terms.capsule, event.capsule)
    yield same("the terms' spec", terms.spec.hex(), event.spec.hex())
    yield same("the terms' asset", terms.asset.lower(), event.asset.lower())
    yield same("the terms' bounty", terms.bounty, event.bounty)
    if event.terms is not None:
        yield same("all terms", terms, event.terms)


def _called_off(
    record: CampaignRecord, event: CampaignCancelled | CampaignDeclined, state: _State
) -> Iterator[Check]:
    yield _running("the calling off", state)
    yield same("the submissions when it was called off", len(state.submitted), 0)
    if isinstance(event, CampaignDeclined):
        yield same("openings before it was declined", state.start, None)
    state.settled = True
    state.later_due[record.owner] += record.terms.bounty


def _running(what: str, state: _State) -> Check:
    return holds(f"the campaign at {what}", not state.settled, "settled", "not over")


def _opened(record: CampaignRecord, event: CampaignOpened, state: _State, now: int) -> Iterator[Check]:
    yield _running("the opening", state)
    yield same("openings before this one", state.start, None)
    yield same("the start", record.start, event.start)
    yield holds("when it was opened", now < record.terms.submit_until, now, "before submissions end")
    room, most = record.terms.target - event.start, record.terms.max_start
    yield holds("what is left to the target", room >= record.terms.min_gain, room, "at least min_gain")
    yield holds("the highest start that is allowed", event.start <= most, event.start, f"at most {most}")
    state.start = state.best = event.start
    state.model = event.model


def _submitted(record: CampaignRecord, event: Submitted, state: _State, now: int) -> Iterator[Check]:
    what = f"submission {event.index}"
    yield _running(what, state)
    yield same(f"the place of {what}", event.index, len(state.submitted))
    room = record.terms.max_pending
    yield holds(f"the queue before {what}", state.waiting < room, state.waiting, f"shorter than {room}")
    yield holds(f"when {what} came", now < record.terms.submit_until, now, "before submissions end")
    below = state.best < record.terms.target
    yield holds(f"the accuracy when {what} came", below, state.best, "below the target")
    if not state.waiting:
        state.turn = now
    state.submitted.append(event)
    state.came.append(now)


def _judged(record: CampaignRecord, event: Verdicts, state: _State, now: int) -> Iterator[Check]:
    yield _running(f"the report from submission {event.first} on", state)
    for index, verdict in event.each():
        what = f"the verdict on submission {index}"
        yield same(f"the place of {what}", index, len(state.verdicts))
        known = index < len(state.submitted)
        yield holds(f"the submission of {what}", known, "none", "was made before")
        yield holds(f"when {what} was said", now < record.terms.review_until, now, "before the review ends")
        yield holds(f"what {what} is on", index not in state.reclaimed, "taken back", "still waits")
        if verdict is Verdict.UNAVAILABLE and known:
            waited = now - state.came[index]
            rule = f"after {FETCHABLE_SECONDS} seconds"
            yield holds(f"the seconds before {what}", waited >= FETCHABLE_SECONDS, waited, rule)
        state.verdicts[index] = verdict
        if verdict in BURNING:
            state.burned += 1
        elif known:
            state.now_due[state.submitted[index].miner] += record.terms.stake
    state.turn = now


def _improved(record: CampaignRecord, event: Improved, state: _State) -> Iterator[Check]:
    terms, what = record.terms, f"the improvement by submission {event.index}"
    later = all(event.index > before for before in state.gains)
    yield holds(f"the place of {what}", later, event.index, "after the improvements before it")
    yield same(f"the version of {what}", event.version, state.version + 1)
    least = min(state.best + terms.min_gain, terms.target)
    enough = state.best < event.accuracy <= terms.target and event.accuracy >= least
    yield holds(f"the accuracy of {what}", enough, event.accuracy, f"from {least} to {terms.target}")
    start = state.start or 0
    whole = terms.target - start if terms.gap_basis else terms.target
    before = terms.bounty * (state.best - start) // whole
    after = terms.bounty * (event.accuracy - start) // whole
    yield same(f"the payout of {what} in wei", event.payout, after - before)
    state.best, state.version, state.model = event.accuracy, event.version, event.model
    state.gains.append(event.index)
    state.paid += event.payout
    if event.index < len(state.submitted):
        state.later_due[state.submitted[event.index].miner] += after - before


def _reclaimed(record: CampaignRecord, event: Reclaimed, state: _State, now: int) -> Iterator[Check]:
    what, terms = f"what was taken back for submission {event.index}", record.terms
    yield holds(f"the place of {what}", event.index not in state.verdicts, event.index, "not judged")
    yield holds(f"how often {what}", event.index not in state.reclaimed, "before", "once")
    over = state.settled or state.best >= terms.target or now >= terms.review_until
    yield holds(f"when {what}", over, now, "once nothing more is judged")
    yield same(f"the amount of {what}", event.amount, terms.stake + terms.fee)
    state.reclaimed.add(event.index)
    known = event.index < len(state.submitted)
    yield holds(f"the submission of {what}", known, "none", "was made before")
    if known:
        miner = state.submitted[event.index].miner
        yield same(f"the miner of {what}", event.miner, miner)
        state.now_due[miner] += terms.stake + terms.fee


def _delivered(record: CampaignRecord, event: Delivered, state: _State, now: int) -> Iterator[Check]:
    if state.settled and state.contract > 1:
        final = not any(state.result)
        yield holds("the result after the settlement", final, "another one before it", "the first one")
    elif not state.settled:
        ended = state.finished(record.terms, now)
        yield holds("when the result was delivered", ended, now, "once the campaign was finished")
    state.result = event.result


def _claimed(event: Claimed, state: _State) -> Check:
    state.claimed[event.account] += event.amount
    amount, due = state.claimed[event.account], state.now_due[event.account]
    if state.settled:
        due += state.later_due[event.account]
    return holds(
        f"what {event.account} has claimed", amount <= due, amount, f"at most the {due} wei it was due"
    )


def _settled(record: CampaignRecord, event: Settled, state: _State, now: int) -> Iterator[Check]:
    terms = record.terms
    yield _running("the settlement", state)
    if state.start is None:
        ended = now >= terms.submit_until
    else:
        done = state.finished(terms, now) and any(state.result)
        given_up = state.contract > 1 and state.silent(terms, now)
        ended = done or given_up or now >= terms.review_until
    yield holds("when it was settled", ended, now, "finished, given up by Capsule, or out of time")
    fees, refund = terms.fee * len(state.verdicts), terms.bounty - state.paid
    if not any(state.result) and state.contract > 1:  # who delivers nothing earns no fees
        fees, refund = 0, refund + fees
    yield same("what was settled as paid", event.paid, state.paid)
    yield same("what was settled as refund", event.refund, refund)
    yield same("what was settled as fees", event.fees, fees)
    yield same("what was settled as burned", event.burned, terms.stake * state.burned)
    state.settled = True
    state.later_due[record.owner] += refund
    state.later_due[terms.capsule] += fees
    state.later_due[BURN] += terms.stake * state.burned
