"""Opening what Capsule delivered, and holding it against the chain.

The signature must be by the certificate that the spec has named since the bounty was escrowed; the record
inside must tell what Capsule reported on chain, submission by submission. (Whether the weights really have
the accuracy is for the scientist's own records to say: `Estimator.score`.)
"""

from __future__ import annotations

from dataclasses import dataclass

from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.deeds import scientist_pins
from pysonar.protocol.artifacts import MAX_BYTES, Result, Spec, parse_certificate
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.connection import Connection
from pysonar.scientist.errors import NotDeliveredError, NotOwnerError, ResultMismatchError
from pysonar.scientist.ledger import RECLAIMED, WAITING, SubmissionRow, submission_rows


@dataclass(frozen=True)
class Delivery:
    """A result that agrees with the chain."""

    record: CampaignRecord
    spec: Spec
    result: Result
    cid: Cid


def open_delivery(connection: Connection, key: SecretKey, account: str, campaign: bytes) -> Delivery:
    """Fetch, open and check the result of one's own campaign, and pin it.

    Args:
        key: the OpenPGP key that the spec names the certificate of.
        account: who must own the campaign; nothing is signed, so its keyfile stays closed.

    Raises:
        NotOwnerError, NotDeliveredError: there is nothing to open for this account.
        StoreError: it cannot be fetched, or its bytes are not those the chain names.
        SealError: it does not open, or somebody else than the spec's Capsule signed it.
        ArtifactError: it was made for something else, or is malformed.
        ResultMismatchError: it contradicts what Capsule reported on chain.
    """
    connection.read_events()
    record = connection.confirmed(campaign)
    if record.owner != account:
        raise NotOwnerError(record.hex_id, record.owner, account)
    cid = Cid.or_none(record.result)
    if cid is None:
        raise NotDeliveredError(
            record.hex_id, "Capsule has not delivered, or its delivery is not confirmed yet"
        )
    spec = fetch_spec(connection, record)
    store = connection.store
    certificate = parse_certificate(
        store.get(spec.capsule_certificate, max_bytes=MAX_BYTES["certificate"]), cid=spec.capsule_certificate
    )
    sealed = store.get(cid, max_bytes=MAX_BYTES["result"])
    result = Result.open(
        sealed,
        key,
        capsule=certificate,
        chain_id=connection.sonar.chain_id,
        contract=connection.sonar.address,
        campaign=campaign,
        spec=Cid.from_bytes32(record.terms.spec),
        cid=cid,
        there_at=connection.sonar.now(),
    )
    history = connection.follower.history(campaign=campaign)
    check_against_chain(record, spec, result, submission_rows(history))
    store.put_pinned(sealed, scientist_pins(campaign))  # Capsule need not keep it for ever
    return Delivery(record, spec, result, cid)


def fetch_spec(connection: Connection, record: CampaignRecord) -> Spec:
    """The campaign's spec: from the journal if it was opened here, else from the store."""
    cid = Cid.from_bytes32(record.terms.spec)
    row = connection.journal.with_id(record.id)
    data = row.spec if row is not None else connection.store.get(cid, max_bytes=MAX_BYTES["spec"])
    return Spec.parse(data, cid=cid)


def check_against_chain(
    record: CampaignRecord, spec: Spec, result: Result, rows: list[SubmissionRow]
) -> None:
    """ResultMismatchError at the first thing that differs.

    Accuracies on chain are cut at the target; verdicts other than IMPROVED publish none.
    """
    judged = [row for row in rows if row.verdict not in (WAITING, RECLAIMED)]
    facts: list[tuple[str, object, object]] = [
        ("the model's family", result.family, spec.algorithm.family),
        ("the shape of the weights", result.weights.shape, spec.weights_shape),
        ("the accuracy at the start", result.start_ppm, record.start),
        ("the accuracy at the end", min(result.final_ppm, record.terms.target), record.best),
        ("the number of improvements", result.version, record.version),
        ("the number of evaluated submissions", len(result.record), record.evaluated),
        ("the number of verdicts read from the chain", len(judged), record.evaluated),
    ]
    for told, row in zip(result.record, judged, strict=False):
        what = f"submission {row.index}"
        facts.append((f"the place of {what}", told.index, row.index))
        facts.append((f"the miner of {what}", told.miner, row.miner))
        facts.append((f"the verdict on {what}", told.verdict, row.verdict))
        if row.after_ppm is not None and told.score_ppm is not None:
            facts.append((f"the accuracy of {what}", min(told.score_ppm, record.terms.target), row.after_ppm))
    for what, delivered, on_chain in facts:
        if delivered != on_chain:
            raise ResultMismatchError(record.hex_id, what, delivered, on_chain)
