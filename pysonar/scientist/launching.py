"""Opening a campaign so that no crash loses or doubles the bounty.

In this order: the campaign's row (spec, salt, terms, so its id) goes to the journal; sealed validation set,
certificate and spec go to the store, pinned in the name of that id; the escrowing transaction goes to the
outbox, under a key made of it. Until the outbox holds the transaction nothing was signed, and the row may be
replaced by a fresh one. From then on the same name always means that one transaction.
"""

from __future__ import annotations

import hashlib
import secrets
import time

import numpy as np
import pyarrow as pa

from openmined_syft.metrics import score_ppm
from pysonar.chain.contract.sonar import campaign_id
from pysonar.chain.contract.types import Terms
from pysonar.chain.sending.outbox_records import Pending, Status
from pysonar.party.home_lock import home_lock
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    FromCampaign,
    SealedInput,
    SealedWeights,
    Spec,
    Validation,
    Zeros,
    parse_certificate,
)
from pysonar.protocol.artifacts.records import records_to_bytes
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import NameTakenError, NoCertificateError, PlanError
from pysonar.scientist.journal import CampaignRow
from pysonar.scientist.plan import Plan
from pysonar.store import cid_of


def launch(scientist: Scientist, name: str, plan: Plan, validation: pa.Table) -> bytes:
    """Open the campaign, or find that it was opened before; its id, once the escrow is confirmed.

    Args:
        name: the same name with the same plan and records means the same campaign, however often it is asked
        for. validation: records in the plan's schema; other columns are left out.

    Raises:
        NameTakenError: the name belongs to a campaign that asks for something else.
        NoCertificateError, PlanError, SchemaError, StoreError: nothing is signed.
        ContractRefusedError, InsufficientFundsError, FeesTooHighError: nothing is sent.
        RevertedError, NonceTakenError, TransactionTimeoutError: see `Outbox.wait`.
    """
    with home_lock(scientist.connection.home.launch_lock):
        request = _digest(plan, validation)
        row = _sent_before(scientist, name, request)
        if row is None:
            row, artifacts = _prepare(scientist, name, plan, validation, request)
            scientist.connection.journal.add(row)
            for artifact in artifacts:
                scientist.connection.store.put_pinned(artifact, pin_owner(row.id))
            call = scientist.connection.sonar.calls.create_campaign(row.terms, row.salt)
            scientist.outbox.send(call, create_key(row.id))
    scientist.outbox.wait(create_key(row.id))
    return row.id


def create_key(campaign: bytes) -> str:
    """The outbox key of the transaction that escrows the campaign's bounty."""
    return f"create:{campaign.hex()}"


def pin_owner(campaign: bytes) -> str:
    """In whose name the campaign's artifacts are pinned."""
    return f"scientist/0x{campaign.hex()}"


def starting_accuracy(plan: Plan, validation: pa.Table) -> int:
    """What the initial model scores on the validation records, ppm: what Capsule will measure, too."""
    if plan.start is not None:
        return plan.start
    weights = plan.initial if isinstance(plan.initial, np.ndarray) else plan.family.initial_weights()
    predicted = plan.family.predict(weights, plan.schema.encode(validation))
    return score_ppm(plan.metric, plan.schema.encode_labels(validation), predicted)


def _sent_before(scientist: Scientist, name: str, request: bytes) -> CampaignRow | None:
    """The campaign of that name, if its transaction exists. What was prepared and never sent is forgotten."""
    journal, store = scientist.connection.journal, scientist.connection.store
    row = journal.named(name)
    if row is None:
        return None
    pending = scientist.outbox.find(create_key(row.id))
    if pending is not None and not _failed(pending):
        if row.request != request:
            raise NameTakenError(name, "0x" + row.id.hex())
        return row
    if pending is not None:
        scientist.outbox.free(create_key(row.id))
    journal.remove(name)
    for cid in store.pins(pin_owner(row.id)):
        store.unpin(cid, pin_owner(row.id))
    return None


def _failed(pending: Pending) -> bool:
    return pending.status in (Status.REVERTED, Status.DISPLACED)


def _prepare(
    scientist: Scientist, name: str, plan: Plan, validation: pa.Table, request: bytes
) -> tuple[CampaignRow, list[bytes]]:
    """The campaign's row, and the artifacts that must be in the store before it is sent."""
    sonar = scientist.connection.sonar
    certificate_cid, certificate = _capsule_certificate(scientist, plan.capsule)
    chain_id, contract, owner = sonar.chain_id, sonar.address, scientist.address
    records = SealedInput.of_records(
        validation, plan.schema, chain_id=chain_id, contract=contract, scientist=owner
    )
    artifacts = [sealed := records.seal(certificate), own := scientist.key.certificate.to_bytes()]
    initial: Zeros | FromCampaign | SealedWeights
    if isinstance(plan.initial, np.ndarray):
        weights = SealedInput.of_weights(plan.initial, chain_id=chain_id, contract=contract, scientist=owner)
        artifacts.append(blob := weights.seal(certificate))
        initial = SealedWeights(cid_of(blob), weights.salted_digest())
    else:
        initial = plan.initial
    spec = Spec(
        title=plan.title,
        description=plan.description,
        input_schema=plan.input_schema,
        output_schema=plan.output_schema,
        algorithm=plan.algorithm,
        metric=plan.metric,
        start_ppm=starting_accuracy(plan, validation),
        start_tolerance_ppm=plan.start_tolerance,
        validation=Validation(cid_of(sealed), records.salted_digest(), validation.num_rows),
        capsule_certificate=certificate_cid,
        scientist_certificate=cid_of(own),
        key_bits=plan.key_bits,
        weight_bound=plan.weight_bound,
        difference_norm=plan.difference_norm,
        steps=plan.steps,
        initial=initial,
        privacy_floor=plan.privacy_floor,
        auditor_certificate=plan.auditor_certificate,
    ).to_bytes()
    terms = _terms(scientist, plan, cid_of(spec))
    salt = secrets.token_bytes(32)
    campaign = campaign_id(sonar.chain_id, sonar.address, scientist.address, terms.spec, salt)
    return CampaignRow(name, campaign, request, spec, salt, terms), [*artifacts, spec]


def _terms(scientist: Scientist, plan: Plan, spec: Cid) -> Terms:
    # The newest block may be old on a quiet chain, and ahead of the clock on one made for tests.
    now = max(scientist.connection.sonar.now(), int(time.time()))
    return Terms(
        spec=spec.digest,
        capsule=plan.capsule,
        bounty=plan.bounty,
        target=plan.target,
        min_gain=plan.min_gain,
        submit_until=now + plan.submit_for,
        review_until=now + plan.submit_for + plan.review_for,
        stake=plan.stake,
        fee=plan.fee,
        max_pending=plan.max_pending,
        gap_basis=plan.pay_by_gap,
    )


def _capsule_certificate(scientist: Scientist, capsule: str) -> tuple[Cid, Certificate]:
    """What the chain says is Capsule's certificate, from the store."""
    if capsule == scientist.address:
        raise PlanError("the plan", "capsule", capsule, "an account other than the scientist's own")
    digest = scientist.connection.sonar.certificate(capsule)
    if digest is None:
        raise NoCertificateError(capsule)
    cid = Cid.from_bytes32(digest)
    data = scientist.connection.store.get(cid, max_bytes=MAX_BYTES["certificate"])
    return cid, parse_certificate(data, cid=cid)


def _digest(plan: Plan, validation: pa.Table) -> bytes:
    """What tells "the same again" from "another": plan and records, however the file was written."""
    records = records_to_bytes(plan.schema.select(validation))
    return hashlib.sha256(dumps_json(plan.as_mapping()) + hashlib.sha256(records).digest()).digest()
