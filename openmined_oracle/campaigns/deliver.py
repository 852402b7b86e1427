"""The end of a campaign: the result for the scientist's eyes only.

It is the version that the chain paid for, not a better one that was decided and never reported.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from openmined_oracle.campaigns.auditing import sealed_package
from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.workbench import Workbench, decrypted_model
from openmined_oracle.errors import JournalError
from openmined_oracle.happenings import Delivered
from openmined_oracle.journal import VerdictRow
from openmined_oracle.judging.judge import Notes
from openmined_syft.schemes import PrivateHalf
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.protocol.artifacts import Result, SubmissionRecord, version_digest
from pysonar.protocol.cid import Cid
from pysonar.store import cid_of

EFFORT_OF_A_LINE = 10.0
"""Of opening the notes of one verdict, as of `Scheme.effort`: some hundredths of a second."""


def decide_result(context: Context, bench: Workbench, record: CampaignRecord) -> bytes:
    """Seal the result, put and pin it, and write its digest down; the digest.

    Where the spec names an auditor, the audit package is put first, and the result names it.

    Raises:
        InProgressError: it takes longer; call again.
        StoreError: the final model cannot be fetched, or the result not stored.
        JournalError: journal and chain do not agree.
    """
    rows = context.journal.verdicts(record.id)[: record.evaluated]
    if len(rows) != record.evaluated:
        raise JournalError(
            f"campaign {record.hex_id}: {record.evaluated} verdicts on chain, {len(rows)} here"
        )

    def work() -> tuple[bytes, bytes | None]:
        return _sealed(context, bench, record, rows)

    effort = bench.assignment.effort + EFFORT_OF_A_LINE * len(rows)
    result, package = context.workshop.do(
        record.id, ("deliver", len(rows), record.model), work, effort=effort
    )
    if package is not None:
        context.put(record.id, package)
    digest = context.put(record.id, result)
    context.journal.decide_result(record.id, digest)
    context.tell(Delivered(campaign=record.id))
    return digest


def _sealed(
    context: Context, bench: Workbench, record: CampaignRecord, rows: Sequence[VerdictRow]
) -> tuple[bytes, bytes | None]:
    """Result and audit package, sealed. Touches neither the database nor the node: it may take minutes."""
    assignment = bench.assignment
    weights = decrypted_model(context, bench.key, record.model)[1]
    lines = [_line(context, bench.key, row) for row in rows]
    package = None
    if assignment.auditor is not None:
        judged = [(row, salt) for row, (_, salt) in zip(rows, lines, strict=True)]
        package = sealed_package(context, bench, record, assignment.auditor, judged)
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
        record=tuple(entry for entry, _ in lines),
        audit=None if package is None else cid_of(package),
    )
    return result.seal(assignment.scientist, assignment.secret, auditor=assignment.auditor), package


def _line(context: Context, key: PrivateHalf, row: VerdictRow) -> tuple[SubmissionRecord, bytes | None]:
    """One line of the record, and the salt of its digest; of a verdict taken over from the chain, only what
    the chain knows.
    """
    notes = _open_notes(row.private, context)
    improved = row.verdict == Verdict.IMPROVED
    score, digest, salt = notes.score, notes.digest, notes.salt
    if improved and digest is None:
        score, salt = row.accuracy, secrets.token_bytes(32)
        digest = version_digest(salt, decrypted_model(context, key, row.model)[1])
    entry = SubmissionRecord(
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
    return entry, salt if improved else None


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
