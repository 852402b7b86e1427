"""Opening a campaign so that no crash loses or doubles the bounty.

In this order: the campaign's row (spec, salt, terms, so its id) goes to the journal; sealed validation set,
certificate and spec go to the store, pinned in the name of that id; the escrowing transaction goes to the
outbox, as the deed of creating it. Until the outbox holds the transaction nothing was signed, and the row may
be replaced by a fresh one. From then on the same name means that one id, which Sonar takes only once: a
transaction that failed is sent again with the same salt. The row is given up only when its time to submit is
over and the contract, asked at the block of the failure or later, does not know the id.
"""

from __future__ import annotations

import hashlib
import secrets
import time

import numpy as np
import pyarrow as pa

from openmined_syft.judging.judged_rows import JudgedRows
from openmined_syft.schemes import scheme_named
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.sonar import campaign_id
from pysonar.chain.contract.tokens import Token
from pysonar.chain.contract.types import Terms
from pysonar.chain.errors import NodeDownError, NodeRefusedError, TransactionTimeoutError
from pysonar.chain.sending.approvals import next_approval
from pysonar.chain.sending.deeds import Action, Deed, scientist_pins
from pysonar.chain.sending.receipts import Receipt
from pysonar.party.home.home_lock import home_lock
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
from pysonar.protocol.artifacts.parts.records import records_to_bytes
from pysonar.protocol.artifacts.validation_rows import guiding
from pysonar.protocol.canonical import dumps_json
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import seal
from pysonar.scientist.asking import ask
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import (
    LaunchUnfinishedError,
    NameTakenError,
    PlanError,
)
from pysonar.scientist.journal import CampaignRow
from pysonar.scientist.planning.plan import Plan
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
        RevertedError, NonceTakenError: see `Outbox.wait`; asked again, the same campaign is sent again.
        LaunchUnfinishedError: the escrow is signed and stored, and not confirmed yet. Asked again, it is
            waited for.
    """
    connection = scientist.connection
    with home_lock(connection.home.launch_lock):
        request = _digest(plan, validation)
        row = _sent_before(scientist, name, request)
        if row is None:
            row, artifacts = _prepare(scientist, name, plan, validation, request)
            connection.journal.add(row)
            for artifact in artifacts:
                connection.store.put_pinned(artifact, scientist_pins(row.id))
        _escrow(scientist, row)
    try:
        wait_for_escrow(scientist, row)
    except (NodeDownError, NodeRefusedError, TransactionTimeoutError) as error:
        raise LaunchUnfinishedError(
            name, row.id, scientist.outbox.get(create_deed(row.id)).hashes, error
        ) from error
    return row.id


def create_deed(campaign: bytes) -> Deed:
    """The deed of escrowing the campaign's bounty."""
    return Deed(Action.CREATE, campaign)


def wait_for_escrow(scientist: Scientist, row: CampaignRow) -> Receipt:
    """The receipt of the escrowing transaction, once it is confirmed; see `Outbox.wait`."""
    return scientist.outbox.wait(create_deed(row.id))


def _escrow(scientist: Scientist, row: CampaignRow) -> None:
    sonar = scientist.connection.sonar

    def call() -> Call:
        return sonar.calls.create_campaign(row.terms, row.salt)

    try:
        _approve(scientist, row)
        scientist.outbox.ensure(create_deed(row.id), call)
    except (NodeDownError, NodeRefusedError) as error:
        sent = scientist.outbox.find(create_deed(row.id))
        if sent is None:
            raise
        raise LaunchUnfinishedError(row.name, row.id, sent.hashes, error) from error


def _approve(scientist: Scientist, row: CampaignRow) -> None:
    """Let Sonar take the bounty, if it is in a token and not on its way yet."""
    outbox, sonar, terms = scientist.outbox, scientist.connection.sonar, row.terms
    known = outbox.find(create_deed(row.id))
    if terms.asset == ZERO_ADDRESS or (known is not None and not known.failed):
        return
    token = Token(sonar.web3, terms.asset)
    while (under_way := next_approval(outbox, token, sonar.address, terms.bounty, row.id)) is not None:
        outbox.wait(under_way)


def starting_accuracy(plan: Plan, validation: pa.Table, salt: bytes = b"") -> int:
    """What the initial model scores on the validation records, ppm: what Capsule will measure, too.

    Args:
        salt: of the sealed records, which says how they are split; before there is one, of a split like it.

    Raises:
        PlanError: all records have the same label, and Capsule would decline the campaign.
    """
    X, y = plan.schema.encode(validation), plan.schema.encode_labels(validation)
    guides = guiding(salt, validation.num_rows, plan.guiding_rows(validation.num_rows))
    judged = JudgedRows(plan.family, scheme_named(plan.algorithm.scheme), plan.metric, X, y, guides)
    if not judged.labels_differ:
        label = plan.schema.label.name
        paying = validation.column(label)[0 if guides is None else int(np.argmin(guides))].as_py()
        expected = "at least two different labels; all records that pay have this one, and measure nothing"
        raise PlanError("the validation records", label, paying, expected)
    if plan.start is not None:
        return plan.start
    weights = plan.initial if isinstance(plan.initial, np.ndarray) else plan.family.initial_weights()
    return judged.score(weights)


def _sent_before(scientist: Scientist, name: str, request: bytes) -> CampaignRow | None:
    """The campaign of that name, if its transaction exists. What was prepared and never sent is forgotten,
    and so is what failed for good.
    """
    connection = scientist.connection
    row = connection.journal.named(name)
    if row is None:
        return None
    sent = scientist.outbox.find(create_deed(row.id))
    if sent is not None:
        # Without effect: the transaction failed, and the contract does not know the campaign.
        same, lost = (
            row.request == request,
            sent.failed and not scientist.outbox.shows(sent.deed, after=[sent]),
        )
        if same and not (lost and connection.sonar.now() >= row.terms.submit_until):
            return row
        if not lost:
            raise NameTakenError(name, "0x" + row.id.hex())
    connection.journal.remove(name)
    for cid in connection.store.pins(scientist_pins(row.id)):
        connection.store.unpin(cid, scientist_pins(row.id))
    return None


def _prepare(
    scientist: Scientist, name: str, plan: Plan, validation: pa.Table, request: bytes
) -> tuple[CampaignRow, list[bytes]]:
    """The campaign's row, and the artifacts that must be in the store before it is sent."""
    sonar = scientist.connection.sonar
    if plan.capsule == scientist.address:
        raise PlanError("the plan", "capsule", plan.capsule, "an account other than the scientist's own")
    answer = ask(scientist.connection, plan.capsule)
    answer.require_welcome(plan, validation.num_rows)
    certificate_cid, certificate = answer.cid, answer.certificate
    chain_id, contract, owner = sonar.chain_id, sonar.address, scientist.address
    records = SealedInput.of_records(
        validation, plan.schema, chain_id=chain_id, contract=contract, scientist=owner
    )
    guiding_rows = plan.guiding_rows(validation.num_rows)
    # Sealed to the scientist, too, where it takes the salt to measure the result.
    readers = [certificate, scientist.key.certificate] if guiding_rows else [certificate]
    artifacts = [sealed := records.seal(*readers), own := scientist.key.certificate.to_bytes()]
    terms_until = max(sonar.now(), int(time.time())) + plan.submit_for + plan.review_for
    if plan.auditor_certificate is not None:
        artifacts.append(_auditor_certificate(scientist, plan.auditor_certificate, terms_until))
    initial: Zeros | FromCampaign | SealedWeights
    if isinstance(plan.initial, np.ndarray):
        weights = SealedInput.of_weights(plan.initial, chain_id=chain_id, contract=contract, scientist=owner)
        artifacts.append(blob := weights.seal(certificate))
        initial = SealedWeights(cid_of(blob), weights.salted_digest())
    else:
        initial = plan.initial
    start = starting_accuracy(plan, validation, records.salt)
    spec = Spec(
        title=plan.title,
        description=plan.description,
        input_schema=plan.input_schema,
        output_schema=plan.output_schema,
        algorithm=plan.algorithm,
        metric=plan.metric,
        start_ppm=start,
        start_tolerance_ppm=plan.start_tolerance,
        validation=Validation(
            cid_of(sealed), records.salted_digest(), validation.num_rows, guiding_rows, plan.evaluations
        ),
        capsule_certificate=certificate_cid,
        scientist_certificate=cid_of(own),
        key_bits=plan.key_bits,
        weight_bound=plan.weight_bound,
        difference_norm=plan.difference_norm,
        steps=plan.steps,
        initial=initial,
        privacy_floor=plan.privacy_floor,
        auditor_certificate=plan.auditor_certificate,
        purpose=plan.purpose,
    ).to_bytes()
    terms = _terms(scientist, plan, cid_of(spec), start)
    salt = secrets.token_bytes(32)
    campaign = campaign_id(sonar.chain_id, sonar.address, scientist.address, terms.spec, salt)
    return CampaignRow(name, campaign, request, spec, salt, terms), [*artifacts, spec]


def _terms(scientist: Scientist, plan: Plan, spec: Cid, start: int) -> Terms:
    """The terms. No start above what is claimed here, and Capsule's measure of it, is ever paid from."""
    # The newest block may be old on a quiet chain, and ahead of the clock on one made for tests.
    now = max(scientist.connection.sonar.now(), int(time.time()))
    return Terms(
        spec=spec.digest,
        capsule=plan.capsule,
        bounty=plan.bounty,
        target=plan.target,
        min_gain=plan.min_gain,
        max_start=max(0, min(plan.target - plan.min_gain, start + plan.start_tolerance)),
        submit_until=now + plan.submit_for,
        review_until=now + plan.submit_for + plan.review_for,
        stake=plan.stake,
        fee=plan.fee,
        max_pending=plan.max_pending,
        gap_basis=plan.pay_by_gap,
        asset=plan.asset.address,
    )


def _auditor_certificate(scientist: Scientist, cid: Cid, until: int) -> bytes:
    """The auditor's certificate, which must be there, and be good until the review ends."""
    data = scientist.connection.store.get(cid, max_bytes=MAX_BYTES["certificate"])
    auditor = parse_certificate(data, cid=cid)
    if not auditor.is_valid_until(until):
        expected = "a certificate that does not expire before the review ends"
        raise PlanError("the plan", "auditor_certificate", str(cid), expected)
    seal(b"", [auditor])
    return data


def _digest(plan: Plan, validation: pa.Table) -> bytes:
    """What tells "the same again" from "another": plan and records, however the file was written."""
    records = records_to_bytes(plan.schema.select(validation))
    return hashlib.sha256(dumps_json(plan.as_mapping()) + hashlib.sha256(records).digest()).digest()
