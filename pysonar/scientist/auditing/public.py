"""Everything about a campaign that can be checked without any key, derived anew from the chain's events and
the public artifacts.

The rules are written here a second time, from docs/protocol.md, on purpose: an audit that shared its code
with what it audits would share its faults. Nothing of the contract's totals is used but to compare them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from openmined_syft.errors import OpenMinedError
from pysonar.chain.contract.events import (
    CampaignCancelled,
    CampaignCreated,
    CampaignDeclined,
    CampaignOpened,
    Claimed,
    Improved,
    LoggedEvent,
    Reclaimed,
    Settled,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.protocol.artifacts import MAX_BYTES, ModelArtifact, PublicKeyArtifact, Spec
from pysonar.protocol.cid import Cid
from pysonar.scientist.auditing.check import Check, holds, same
from pysonar.store import NotFoundError, Reader

BURNING = (Verdict.MALFORMED, Verdict.UNAVAILABLE)
BURN = "0x000000000000000000000000000000000000dEaD"
"""What is claimed for this account is gone: burned stakes in tokens."""


@dataclass
class _State:
    """The campaign as the events alone show it."""

    start: int | None = None
    best: int = 0
    version: int = 0
    model: bytes = bytes(32)
    submitted: list[Submitted] = field(default_factory=list)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    gains: list[int] = field(default_factory=list)
    burned: int = 0
    paid: int = 0
    due: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)


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
            yield from _created(record, event)
        elif isinstance(event, CampaignOpened):
            yield from _opened(record, event, state, now)
        elif isinstance(event, Submitted):
            yield from _submitted(record, event, state, now)
        elif isinstance(event, Verdicts):
            yield from _judged(record, event, state, now)
        elif isinstance(event, Improved):
            yield from _improved(record, event, state)
        elif isinstance(event, Reclaimed):
            yield from _reclaimed(record, event, state)
        elif isinstance(event, Settled):
            yield from _settled(record, event, state)
        elif isinstance(event, CampaignCancelled | CampaignDeclined):
            state.due[record.owner] += record.terms.bounty
        elif isinstance(event, Claimed):
            state.claimed[event.account] += event.amount
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
    }
    for what, (held, derived) in totals.items():
        yield same(f"the contract's {what}", held, derived)
    for account, amount in sorted(state.claimed.items()):
        due = state.due[account]
        yield holds(f"what {account} has claimed", amount <= due, amount, f"at most the {due} wei it is due")


def audit_artifacts(
    record: CampaignRecord, history: Sequence[LoggedEvent], registered: frozenset[bytes], read: Reader
) -> Iterator[Check]:
    """Fetch what the chain names, by hash, and see that it fits together.

    Args:
        registered: the certificates that the campaign's Capsule has registered at any time.
    """
    opened = [logged.event for logged in history if isinstance(logged.event, CampaignOpened)]
    gains = [logged.event for logged in history if isinstance(logged.event, Improved)]
    cid = Cid.from_bytes32(record.terms.spec)
    try:
        spec = Spec.parse(read.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
    except OpenMinedError as error:
        yield Check("the spec", str(error), "is in the store and parses")
        return
    yield holds(
        "the certificate in the spec",
        spec.capsule_certificate.digest in registered,
        spec.capsule_certificate,
        "one that the campaign's Capsule has registered",
    )
    for event in opened:
        yield from _models(spec, event, gains, read)


def _models(spec: Spec, opened: CampaignOpened, gains: Sequence[Improved], read: Reader) -> Iterator[Check]:
    cid = Cid.from_bytes32(opened.public_key)
    try:
        data = read.get(cid, max_bytes=MAX_BYTES["public_key"])
        fingerprint = PublicKeyArtifact.parse(data, cid=cid).key.fingerprint
    except NotFoundError:
        fingerprint = None  # nobody trains any more: it need not be kept
    except OpenMinedError as error:
        yield Check("the public key", str(error), "parses")
        return
    for version, digest in enumerate([opened.model, *(gain.model for gain in gains)]):
        what, name = f"version {version} of the model", Cid.from_bytes32(digest)
        try:
            data = read.get(name, max_bytes=MAX_BYTES["model"])
            model = ModelArtifact.parse(data, scheme=spec.scheme, cid=name).model
        except NotFoundError:
            continue  # versions before the last are kept only while the campaign runs
        except OpenMinedError as error:
            yield Check(what, str(error), "parses")
            continue
        yield same(f"the number in {what}", model.version, version)
        fingerprint = fingerprint or model.key_fingerprint
        yield same(f"the key of {what}", model.key_fingerprint.hex(), fingerprint.hex())


def _created(record: CampaignRecord, event: CampaignCreated) -> Iterator[Check]:
    terms = record.terms
    yield same("the owner", record.owner, event.owner)
    yield same("the terms' Capsule", terms.capsule, event.capsule)
    yield same("the terms' spec", terms.spec.hex(), event.spec.hex())
    yield same("the terms' asset", terms.asset.lower(), event.asset.lower())
    yield same("the terms' bounty", terms.bounty, event.bounty)
    if event.terms is not None:  # version 1 of the contract logged no more
        yield same("all terms", terms, event.terms)


def _opened(record: CampaignRecord, event: CampaignOpened, state: _State, now: int) -> Iterator[Check]:
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
    yield same(f"the place of {what}", event.index, len(state.submitted))
    yield holds(f"when {what} came", now < record.terms.submit_until, now, "before submissions end")
    below = state.best < record.terms.target
    yield holds(f"the accuracy when {what} came", below, state.best, "below the target")
    state.submitted.append(event)


def _judged(record: CampaignRecord, event: Verdicts, state: _State, now: int) -> Iterator[Check]:
    for index, verdict in event.each():
        what = f"the verdict on submission {index}"
        yield same(f"the place of {what}", index, len(state.verdicts))
        known = index < len(state.submitted)
        yield holds(f"the submission of {what}", known, "none", "was made before")
        yield holds(f"when {what} was said", now < record.terms.review_until, now, "before the review ends")
        state.verdicts[index] = verdict
        if verdict in BURNING:
            state.burned += 1
        elif known:
            state.due[state.submitted[index].miner] += record.terms.stake


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
        state.due[state.submitted[event.index].miner] += after - before


def _reclaimed(record: CampaignRecord, event: Reclaimed, state: _State) -> Iterator[Check]:
    what = f"what was taken back for submission {event.index}"
    yield holds(f"the place of {what}", event.index not in state.verdicts, event.index, "not judged")
    yield same(f"the amount of {what}", event.amount, record.terms.stake + record.terms.fee)
    if event.index < len(state.submitted):
        yield same(f"the miner of {what}", event.miner, state.submitted[event.index].miner)


def _settled(record: CampaignRecord, event: Settled, state: _State) -> Iterator[Check]:
    terms = record.terms
    yield same("what was settled as paid", event.paid, state.paid)
    yield same("what was settled as refund", event.refund, terms.bounty - state.paid)
    yield same("what was settled as fees", event.fees, terms.fee * len(state.verdicts))
    yield same("what was settled as burned", event.burned, terms.stake * state.burned)
    state.due[record.owner] += terms.bounty - state.paid
    state.due[terms.capsule] += terms.fee * len(state.verdicts)
    state.due[BURN] += terms.stake * state.burned
