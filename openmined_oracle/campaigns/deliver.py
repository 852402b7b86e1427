"""The end of a campaign: the result for the scientist's eyes only.

It is the version that the chain paid for, not a better one that was decided and never reported.
"""

from __future__ import annotations

import secrets

from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.workbench import Workbench, decrypted_model
from openmined_oracle.errors import JournalError
from openmined_oracle.journal import VerdictRow
from openmined_oracle.judging.judge import Notes
from openmined_syft.schemes import PrivateHalf
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.party.happenings import Delivered
from pysonar.protocol.artifacts import Result, SubmissionRecord, version_digest
from pysonar.protocol.cid import Cid


def decide_result(context: Context, bench: Workbench, record: CampaignRecord) -> bytes:
    """Seal the result, put and pin it, and write its digest down; the digest.

    Raises:
        StoreError: the final model cannot be fetched, or the result not stored.
        JournalError: journal and chain do not agree.
    """
    assignment = bench.assignment
    weights = decrypted_model(context, bench.key, record.model)[1]
    rows = context.journal.verdicts(record.id)[: record.evaluated]
    if len(rows) != record.evaluated:
        raise JournalError(
            f"campaign {record.hex_id}: {record.evaluated} verdicts on chain, {len(rows)} here"
        )
    result = Result(
        chain_id=bench.chain_id,
        contract=bench.contract,
        campaign=record.id,
        spec=Cid.from_bytes32(record.terms.spec),
        family=assignment.spec.algorithm.family,
        version=record.version,
        start_ppm=record.start,
        final_ppm=record.best,
        weights=weights,
        record=tuple(_entry(context, bench.key, row) for row in rows),
    )
    digest = context.put(record.id, result.seal(assignment.scientist, assignment.secret))
    context.journal.decide_result(record.id, digest)
    context.tell(Delivered(campaign=record.id))
    return digest


def _entry(context: Context, key: PrivateHalf, row: VerdictRow) -> SubmissionRecord:
    """One line of the record; of a verdict taken over from the chain, only what the chain knows."""
    notes = _open_notes(row.private, context)
    improved = row.verdict == Verdict.IMPROVED
    score, digest = notes.score, notes.digest
    if improved and digest is None:
        score = row.accuracy
        digest = version_digest(secrets.token_bytes(32), decrypted_model(context, key, row.model)[1])
    return SubmissionRecord(
        index=row.index,
        miner=row.miner,
        verdict=Verdict(row.verdict).name,
        base_version=notes.base_version,
        step=notes.step,
        damping=notes.damping,
        privacy=notes.privacy,
        score_ppm=score,
        version_digest=digest if improved else None,
    )


def _open_notes(private: bytes | None, context: Context) -> Notes:
    """What was kept of a verdict, by whichever of Capsule's own keys sealed it."""
    if private is None:
        return Notes()
    for key in context.secrets.values():
        try:
            return Notes.open(private, key)
        except JournalError:
            continue
    raise JournalError("the private part of a verdict opens with none of this Capsule's keys")
