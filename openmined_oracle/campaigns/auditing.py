"""What Capsule hands to the auditor that a spec names: all that judging anew needs, sealed to them alone.

It is made together with the result. Sealed gradients and versions are not in it: the chain names them, and
Capsule keeps them pinned.
"""

from __future__ import annotations

from collections.abc import Iterable

from openmined_oracle.campaigns.assignment import SENDERS_FAULT
from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.journal import VerdictRow
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.protocol.artifacts import MAX_BYTES, AuditPackage, Opening, SealedInput, SealedWeights, Spec
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, session_key
from pysonar.store import MalformedBlockError, NotFoundError, TooLargeError


def names_auditor(context: Context, record: CampaignRecord) -> bool:
    """Whether the campaign's spec, which Capsule has pinned, names one. StoreError."""
    cid = Cid.from_bytes32(record.terms.spec)
    data = context.store.get(cid, max_bytes=MAX_BYTES["spec"])
    return Spec.parse(data, cid=cid).auditor_certificate is not None


def sealed_package(
    context: Context,
    bench: Workbench,
    record: CampaignRecord,
    auditor: Certificate,
    judged: Iterable[tuple[VerdictRow, bytes | None]],
) -> bytes:
    """The audit package, signed and sealed. Touches neither the database nor the node.

    Args:
        judged: each verdict, and the salt of its version's digest.

    Raises:
        StoreError: something it needs cannot be fetched.
    """
    assignment, spec = bench.assignment, bench.assignment.spec

    def opened(sealed: Cid, digest: bytes) -> bytes:
        blob = context.store.get(sealed, max_bytes=MAX_BYTES["sealed_input"])
        return SealedInput.open(
            blob,
            assignment.secret,
            chain_id=bench.chain_id,
            contract=bench.contract,
            scientist=record.owner,
            digest=digest,
            cid=sealed,
        ).to_bytes()

    initial = spec.initial
    package = AuditPackage(
        chain_id=bench.chain_id,
        contract=bench.contract,
        campaign=record.id,
        spec=Cid.from_bytes32(record.terms.spec),
        scheme=spec.scheme,
        secrets=assignment.scheme.secret_fields(bench.key),
        validation=opened(spec.validation.sealed, spec.validation.digest),
        weights=opened(initial.sealed, initial.digest) if isinstance(initial, SealedWeights) else None,
        submissions=tuple(Opening(_session_key(context, bench, row), salt) for row, salt in judged),
    )
    return package.seal(auditor, assignment.secret)


def _session_key(context: Context, bench: Workbench, row: VerdictRow) -> bytes | None:
    """What opens a submission; None for one that Capsule never had, or could not open itself."""
    if row.verdict == Verdict.UNAVAILABLE:
        return None
    try:
        sealed = context.store.get(Cid.from_bytes32(row.update), max_bytes=bench.max_submission_bytes)
        return session_key(sealed, bench.assignment.secret)
    except (*SENDERS_FAULT, NotFoundError, TooLargeError, MalformedBlockError):
        return None  # the last two follow from the digest alone, and held up the delivery for good
