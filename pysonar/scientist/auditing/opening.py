"""Opening what Capsule has sealed to the auditor: the result, and the audit package that it names."""

from __future__ import annotations

from collections.abc import Iterator

from openmined_syft.errors import KernelError, OpenMinedError
from pysonar.protocol.artifacts import MAX_BYTES, AuditPackage, Result, Spec, parse_certificate
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey, is_sealed_to
from pysonar.scientist.auditing.check import Check, holds
from pysonar.scientist.auditing.judging import Bench
from pysonar.scientist.auditing.verdicts import audit_verdicts
from pysonar.scientist.connection import Connection
from pysonar.scientist.errors import NotDeliveredError, NotTheAuditorError, ResultMismatchError
from pysonar.scientist.ledger import submission_rows
from pysonar.scientist.result.delivery import check_against_chain

OPENS = "opens and agrees with the chain"


def audit_with_key(connection: Connection, key: SecretKey, campaign: bytes) -> Iterator[Check]:
    """Every accuracy and verdict of the campaign, judged anew with the auditor's key.

    Raises:
        NotTheAuditorError: the spec names another auditor, or none.
        NotDeliveredError: there is nothing to open yet.
        KernelError: this machine lacks what the campaign's scheme needs.
    """
    record, sonar, store = connection.confirmed(campaign), connection.sonar, connection.store
    cid = Cid.or_none(record.result)
    if cid is None:
        raise NotDeliveredError(
            record.hex_id, "Capsule has not delivered, or its delivery is not confirmed yet"
        )
    name = Cid.from_bytes32(record.terms.spec)
    spec = Spec.parse(store.get(name, max_bytes=MAX_BYTES["spec"]), cid=name)
    _require_auditor(connection, spec, key, record.hex_id)
    certificate = spec.capsule_certificate
    capsule = parse_certificate(store.get(certificate, max_bytes=MAX_BYTES["certificate"]), cid=certificate)
    try:
        sealed = store.get(cid, max_bytes=MAX_BYTES["result"])
        result = Result.open(
            sealed,
            key,
            capsule=capsule,
            chain_id=sonar.chain_id,
            contract=sonar.address,
            campaign=campaign,
            spec=name,
            cid=cid,
            there_at=sonar.now(),
        )
    except OpenMinedError as error:
        yield Check("the delivered result", str(error), OPENS)
        return
    yield _readers(sealed, connection, spec)
    history = connection.follower.history(campaign=campaign)
    try:
        check_against_chain(record, spec, result, submission_rows(history))
    except ResultMismatchError as error:
        yield Check(f"{error.what} in the record", str(error.delivered), str(error.on_chain))
    else:
        yield Check("the delivered result", OPENS, OPENS)
    if result.audit is None:
        yield Check("the audit package", "not named by the result", "sealed to the auditor of the spec")
        return
    try:
        package = AuditPackage.open(
            store.get(result.audit, max_bytes=MAX_BYTES["audit_package"]),
            key,
            capsule=capsule,
            chain_id=sonar.chain_id,
            contract=sonar.address,
            campaign=campaign,
            spec=name,
            cid=result.audit,
            there_at=sonar.now(),
        )
    except KernelError:
        raise
    except OpenMinedError as error:
        yield Check("the audit package", str(error), "opens, and is of this campaign")
        return
    yield from audit_verdicts(
        Bench(record, spec, result, package, history, store, sonar.chain_id, sonar.address, capsule)
    )


def _readers(sealed: bytes, connection: Connection, spec: Spec) -> Check:
    """Whether the result is for the scientist as well: what only the auditor can open is not delivered."""
    cid = spec.scientist_certificate
    data = connection.store.get(cid, max_bytes=MAX_BYTES["certificate"])
    named = is_sealed_to(sealed, parse_certificate(data, cid=cid))
    return holds("whom the result is sealed to", named, "not the scientist", "the scientist of the spec, too")


def _require_auditor(connection: Connection, spec: Spec, key: SecretKey, campaign: str) -> None:
    cid, own = spec.auditor_certificate, key.certificate.fingerprint
    named = None
    if cid is not None:
        data = connection.store.get(cid, max_bytes=MAX_BYTES["certificate"])
        named = parse_certificate(data, cid=cid).fingerprint
    if named != own:
        raise NotTheAuditorError(campaign, own, named)
