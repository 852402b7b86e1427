"""The queue of one campaign: submissions are fetched ahead, judged strictly in order, and reported in
batches.

`evaluate_ready` journals verdicts as far as the submissions are there; `report_decided` sends what is
journaled and not on chain yet, one report at a time. How a submission is judged is in `judge`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.happenings import Reported
from openmined_oracle.journal import NO_MODEL, VerdictRow, Version
from openmined_oracle.judging.judge import Judgement, judge, malformed, unavailable
from openmined_oracle.judging.prefetch import Wanted
from openmined_syft.judging.step_search import Weights
from openmined_syft.schemes import Model
from pysonar.chain.contract.calls import MAX_REPORTS
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.sonar import queue_entry
from pysonar.chain.contract.types import CampaignRecord, Report, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.party.happenings import Judged
from pysonar.protocol.artifacts import ModelArtifact
from pysonar.protocol.cid import Cid
from pysonar.store import MalformedBlockError, NotFoundError, StoreError, TooLargeError

AHEAD = 32
"""Submissions fetched ahead, and judged in one round."""


TURN_SECONDS = 1.0


@dataclass(frozen=True)
class Encrypted:
    """The next version: encrypted, as the artifact's bytes, and in clear (d, k)."""

    model: Model
    artifact: bytes
    weights: Weights


@dataclass(frozen=True)
class Queued:
    """A confirmed submission and the number of its block."""

    event: Submitted
    block_number: int


def is_to_judge(context: Context, record: CampaignRecord) -> bool:
    """Whether submissions of the campaign have no verdict yet and may still get one."""
    campaign, journal = record.id, context.journal
    if record.submitted > journal.decided(campaign) and journal.current(campaign).best < record.terms.target:
        return True
    context.prefetcher.forget(campaign)
    return False


def evaluate_ready(context: Context, bench: Workbench, record: CampaignRecord, now: int) -> None:
    """Judge the submissions at the head of the queue that are there, at most `AHEAD` of them.

    Each verdict is in the journal, and the model that it makes in the store, before the next one is
    looked at. After `TURN_SECONDS` it is another campaign's turn.

    Raises:
        InProgressError: a verdict takes longer; call again.
        StoreError: the store is in trouble. That is never held against a submission.
    """
    campaign, journal, until = record.id, context.journal, time.monotonic() + TURN_SECONDS
    waiting = _waiting(context, campaign, journal.decided(campaign))
    context.prefetcher.want(campaign, [_wanted(bench, queued.event) for queued in waiting])
    for queued in waiting:
        event, encrypted = queued.event, None
        fetched = context.prefetcher.result(campaign, _wanted(bench, event))
        if fetched is None or bench.current.best >= record.terms.target:
            return
        if context.sonar.queued(campaign, event.index) != queue_entry(event.miner, event.update):
            return  # the follower is behind a re-org: wait for it
        if isinstance(fetched, StoreError):
            judgement = _judge_unfetched(context, bench, queued, fetched, now)
            if judgement is None:
                return  # it may still arrive, and those behind it are fetched meanwhile
        else:
            judgement, encrypted = _judge_and_encrypt(context, bench, record, event, fetched)
            if bench.assignment.auditor is not None:
                context.put(campaign, fetched)  # its mine lets go of it; the auditor has yet to read it
        _store(context, bench, event, judgement, encrypted)
        if time.monotonic() > until:
            return


def report_decided(context: Context, record: CampaignRecord) -> None:
    """Send the verdicts that the chain does not have yet, up to 32 in one transaction, one at a time.

    The chain is asked first: a report starts at the head of its queue. Where the queue has changed (a
    re-org), the verdicts from there on are forgotten and judged anew.
    """
    campaign, first = record.id, record.evaluated
    deed = Deed(Action.REPORT, campaign, str(first))
    known = context.outbox.find(deed)
    if known is not None and not known.failed:
        return
    reports = []
    for row in context.journal.verdicts(campaign, first)[:MAX_REPORTS]:
        if context.sonar.queued(campaign, row.index) != queue_entry(row.miner, row.update):
            context.journal.discard_from(campaign, row.index)
            break
        reports.append(Report(row.miner, row.update, Verdict(row.verdict), row.accuracy, row.model))
    if reports:
        call = context.sonar.calls.report(campaign, reports)
        if not context.ensure(deed, lambda: call):
            context.tell(Reported(campaign=campaign, first=first, count=len(reports)))


def _waiting(context: Context, campaign: bytes, first: int) -> list[Queued]:
    """The confirmed submissions from index `first` on, without a gap, at most `AHEAD` of them."""
    queue = {
        stored.event.index: Queued(stored.event, stored.block_number)
        for stored in context.follower.queue(campaign, first, AHEAD)
    }
    waiting: list[Queued] = []
    while len(waiting) < AHEAD and first + len(waiting) in queue:
        waiting.append(queue[first + len(waiting)])
    return waiting


def _wanted(bench: Workbench, event: Submitted) -> Wanted:
    return Wanted(Cid.from_bytes32(event.update), bench.max_submission_bytes)


def _judge_unfetched(
    context: Context, bench: Workbench, queued: Queued, failure: StoreError, now: int
) -> Judgement | None:
    """The judgement on a submission that could not be fetched; None while it may still arrive.

    After its time is over one more try must fail, between two moments at which the store has proved that it
    works: the fault may be this machine's, and it may have been away until now.

    Raises:
        StoreError: the store is in trouble; a damaged block of its own is that, too.
    """
    if isinstance(failure, TooLargeError | MalformedBlockError):
        # Both follow from the digest alone: nobody else would get anything better under this name.
        return malformed("the artifact is larger than a gradient of this model can be, or it is not a file")
    if not isinstance(failure, NotFoundError):
        raise failure
    block = rpc.block(context.sonar.web3, queued.block_number)
    if block is None or not context.has_had_its_time(bench.campaign, block.timestamp, now):
        return None
    wanted = _wanted(bench, queued.event)
    failed = context.prefetcher.last_failure(queued.event.id, wanted)
    if failed is None or not bench.proofs.just_before(failed.began):
        bench.proofs.add(context.store, bench.current)
        context.prefetcher.again(queued.event.id)  # those behind it, too: their time is soon over
        return None
    if not bench.proofs.after(failed.ended):
        bench.proofs.add(context.store, bench.current)
    return unavailable()


def _judge_and_encrypt(
    context: Context, bench: Workbench, record: CampaignRecord, event: Submitted, sealed: bytes
) -> tuple[Judgement, Encrypted | None]:
    """The judgement on the bytes of a submission and, if it is a gain, the next version."""
    versions, version = context.journal.version_models(event.id), bench.current.version

    def work() -> tuple[Judgement, Encrypted | None]:
        judgement = judge(bench, record.terms, event, sealed, versions)
        if judgement.verdict is not Verdict.IMPROVED or judgement.best is None:
            return judgement, None
        model = bench.encrypt(judgement.best.weights, version + 1)
        artifact = ModelArtifact(model, bench.assignment.spec.scheme).to_bytes()
        return judgement, Encrypted(model, artifact, judgement.best.weights)

    what = ("judge", event.index, event.miner, event.update, version)
    return context.workshop.do(event.id, what, work, effort=bench.assignment.effort)


def _store(
    context: Context,
    bench: Workbench,
    event: Submitted,
    judgement: Judgement,
    encrypted: Encrypted | None,
) -> None:
    """Write one verdict down; for a gain the new model goes to the store first."""
    verdict, after = judgement.verdict, bench.current
    if encrypted is not None:
        model = context.put(event.id, encrypted.artifact)
        after = Version(after.version + 1, model, judgement.accuracy)
    row = VerdictRow(
        campaign=event.id,
        index=event.index,
        miner=event.miner,
        update=event.update,
        verdict=int(verdict),
        accuracy=judgement.accuracy,
        model=NO_MODEL if encrypted is None else after.model,
        version=after.version,
        private=judgement.notes().seal(context.own),
    )
    context.journal.decide_verdict(row)
    if encrypted is not None:
        bench.advance(after, encrypted.model, encrypted.weights)
    gained = verdict is Verdict.IMPROVED
    context.tell(
        Judged(
            campaign=event.id,
            index=event.index,
            miner=event.miner,
            verdict=verdict.name,
            accuracy_ppm=judgement.accuracy if gained else None,
            version=after.version if gained else None,
        )
    )
