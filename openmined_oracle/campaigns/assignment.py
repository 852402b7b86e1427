"""What a campaign asks of Capsule: its spec and sealed validation set, fetched, opened and checked.

Everything here comes from the scientist and is checked as if from a stranger. Whatever is wrong with it
becomes one of the public reasons of `Decline`; nothing of the data is in any error. The set is never
written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.operator_rules import check_size
from openmined_oracle.errors import Decline, DeclinedError, InProgressError, NotReadyError
from openmined_oracle.judging.prefetch import Wanted
from openmined_oracle.workshop import HEAVY_EFFORT
from openmined_syft.errors import KernelError
from openmined_syft.judging.judged_rows import JudgedRows
from openmined_syft.models import ModelFamily
from openmined_syft.schemes import AnyScheme, scheme_named
from pysonar.chain.contract.events import CampaignCreated, CapsuleRegistered
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.node import rpc
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    ArtifactError,
    SealedInput,
    Spec,
    WrongBindingError,
    WrongDigestError,
    parse_certificate,
)
from pysonar.protocol.artifacts.validation_rows import judged_rows
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import (
    Certificate,
    CertificateError,
    ExpandingMessageError,
    NotForThisKeyError,
    NotOpenPGPError,
    SecretKey,
    TamperedError,
    WrongSignerError,
    seal,
)
from pysonar.store import MalformedBlockError, NotFoundError, StoreError, TooLargeError
from pysonar.store.probe import prove

PATIENCE_SECONDS = 0.5
"""How long the other campaigns wait for an artifact of this one, in each round. The store goes on looking."""

LARGE_SPEC_BYTES, LARGE_SPECS = 64 * 1024, 16
"""From where on a spec is read beside the rounds, and how many such are kept."""

CELLS_OF_EFFORT = 4_000
"""Numbers of a validation set that are read in the time of one ciphertext (`Scheme.effort`)."""

ReadT = TypeVar("ReadT")
SENDERS_FAULT = (
    NotOpenPGPError,
    NotForThisKeyError,
    TamperedError,
    ExpandingMessageError,
    WrongSignerError,
)
"""What is wrong with a sealed message itself. Any other SealError is trouble of this machine's own."""


@dataclass(frozen=True)
class Assignment:
    """A checked campaign.

    Attributes:
        spec: what is asked for.
        family: the kind of model, its features drawn for this campaign.
        secret: our OpenPGP key that the spec names.
        scientist, auditor: whom the result is sealed to; None if there is no auditor.
        validation: the validation set, encoded, and how it is split.
    """

    spec: Spec
    family: ModelFamily
    secret: SecretKey
    scientist: Certificate
    validation: JudgedRows = field(repr=False)
    auditor: Certificate | None = None

    @property
    def effort(self) -> float:
        """What a version costs to encrypt, in ciphertexts of 2048 bits."""
        spec = self.spec
        return self.scheme.effort(self.family, spec.key_bits, spec.weight_bound)

    @property
    def scheme(self) -> AnyScheme:
        """What its models are encrypted with."""
        return scheme_named(self.spec.scheme)


def read_assignment(
    context: Context, record: CampaignRecord, now: int, accept: Callable[[Spec], None] = lambda _: None
) -> Assignment:
    """Fetch and check everything the campaign's spec names but the initial weights.

    Args:
        accept: asked as soon as the spec is there; what it raises ends the reading.

    Raises:
        DeclinedError: something is wrong with it for good, or was not there for too long.
        NotReadyError: something is not in the store yet.
        StoreError, SealError: trouble of this machine's own; try again.
    """
    fetch = _Fetch(context, record, now)
    cid = Cid.from_bytes32(record.terms.spec)
    data = fetch(cid, "spec", Decline.SPEC_MISSING, Decline.SPEC_MALFORMED)
    spec = _spec_read(context, record, cid, data)
    _require_possible(spec)
    check_size(spec, context.settings)
    accept(spec)
    secret = _secret(fetch, context, spec.capsule_certificate)
    scientist, auditor = _scientist(fetch, spec, record, now), _auditor(fetch, spec, record, now)
    validation = _validation_read(context, record, now, spec, secret)
    return Assignment(spec, spec.family_for(record.id), secret, scientist, validation, auditor)


def initial_payload(
    context: Context, record: CampaignRecord, assignment: Assignment, sealed: Cid, digest: bytes, now: int
) -> NDArray[np.float64]:
    """The sealed initial weights (d, k), checked. Raises as `read_assignment`."""
    spec = assignment.spec
    blob = _Fetch(context, record, now)(
        sealed, "sealed_input", Decline.WEIGHTS_MISSING, Decline.WEIGHTS_SEALED_WRONG
    )
    return _read_sealed(
        context,
        record,
        assignment.secret,
        blob,
        digest,
        lambda opened: opened.weights(shape=spec.weights_shape, weight_bound=spec.weight_bound),
        sealed_wrong=Decline.WEIGHTS_SEALED_WRONG,
        other_digest=Decline.WEIGHTS_DIGEST,
        foreign=Decline.WEIGHTS_FOREIGN,
        unfit=Decline.WEIGHTS_UNFIT,
    )


def _read_sealed(
    context: Context,
    record: CampaignRecord,
    secret: SecretKey,
    blob: bytes,
    digest: bytes,
    read: Callable[[SealedInput], ReadT],
    *,
    sealed_wrong: Decline,
    other_digest: Decline,
    foreign: Decline,
    unfit: Decline,
) -> ReadT:
    """What `read` makes of a sealed input. Each fault of it is a reason of its own to decline."""
    try:
        return read(
            SealedInput.open(
                blob,
                secret,
                chain_id=context.sonar.chain_id,
                contract=context.sonar.address,
                scientist=record.owner,
                digest=digest,
            )
        )
    except SENDERS_FAULT:
        raise DeclinedError(sealed_wrong) from None
    except WrongDigestError:
        raise DeclinedError(other_digest) from None
    except WrongBindingError:
        raise DeclinedError(foreign) from None
    except ArtifactError:
        raise DeclinedError(unfit) from None


def _require_possible(spec: Spec) -> None:
    """Whether such a model can be trained at all, and with the arithmetic that is here."""
    try:
        spec.check_size()
    except ArtifactError:
        raise DeclinedError(Decline.TOO_LARGE) from None
    try:
        scheme_named(spec.scheme).require_usable()
    except KernelError:
        raise DeclinedError(Decline.FAMILY_UNSUPPORTED) from None


def _secret(fetch: Callable[[Cid, str, Decline, Decline], bytes], context: Context, named: Cid) -> SecretKey:
    """Our key that opens what is sealed to the certificate; one that was registered with older terms, or by
    a home that was put back since, has other bytes than those that are known here.
    """
    known = context.secrets.get(named)
    if known is not None:
        return known
    foreign = Decline.CERTIFICATE_NOT_OURS
    registered = {
        logged.event.certificate
        for logged in context.follower.history(CapsuleRegistered)
        if logged.event.capsule == context.outbox.account
    }
    if named.digest not in registered:
        raise DeclinedError(foreign)
    try:
        certificate = parse_certificate(fetch(named, "certificate", foreign, foreign), cid=named)
    except ArtifactError:
        raise DeclinedError(foreign) from None
    for secret in context.secrets.values():
        if secret.certificate == certificate:
            return secret
    raise DeclinedError(foreign)


def _spec_read(context: Context, record: CampaignRecord, cid: Cid, data: bytes) -> Spec:
    """The spec; one of thousands of fields takes seconds, so it is read beside the rounds, and kept while its
    campaign is looked at again and again.
    """
    try:
        if len(data) <= LARGE_SPEC_BYTES:
            return Spec.parse(data, cid=cid)
        found = context.large_specs.get(cid)
        if found is None:
            key = b"spec of " + record.id
            found = context.workshop.do(key, cid, lambda: Spec.parse(data, cid=cid), effort=HEAVY_EFFORT)
            context.large_specs[cid] = found
            while len(context.large_specs) > LARGE_SPECS:
                del context.large_specs[next(iter(context.large_specs))]
    except ArtifactError:
        raise DeclinedError(Decline.SPEC_MALFORMED) from None
    return found


def _validation_read(
    context: Context, record: CampaignRecord, now: int, spec: Spec, secret: SecretKey
) -> JudgedRows:
    """The validation set, opened and encoded beside the rounds: a large one takes many seconds."""
    fetch = _Fetch(context, record, now, purpose=b"validation set of ", keep=True)
    blob = fetch(
        spec.validation.sealed,
        "sealed_input",
        Decline.VALIDATION_MISSING,
        Decline.VALIDATION_SEALED_WRONG,
    )
    columns, outputs = spec.weights_shape
    cells = spec.validation.rows * (max(columns, spec.schema.n_features) + outputs)
    try:
        read = context.workshop.do(
            fetch.key,
            spec.validation.digest,
            lambda: _validation(context, record, spec, secret, blob),
            effort=cells / CELLS_OF_EFFORT,
        )
    except InProgressError:
        raise
    except BaseException:
        context.prefetcher.forget(fetch.key)
        raise
    context.prefetcher.forget(fetch.key)
    return read


def _scientist(
    fetch: Callable[[Cid, str, Decline, Decline], bytes], spec: Spec, record: CampaignRecord, now: int
) -> Certificate:
    cid = spec.scientist_certificate
    data = fetch(cid, "certificate", Decline.SCIENTIST_MISSING, Decline.SCIENTIST_UNUSABLE)
    return _reader(data, cid, Decline.SCIENTIST_UNUSABLE, record, now)


def _auditor(
    fetch: Callable[[Cid, str, Decline, Decline], bytes], spec: Spec, record: CampaignRecord, now: int
) -> Certificate | None:
    """The auditor, if one is named: mines can read that somebody watches, so it must be possible."""
    cid = spec.auditor_certificate
    if cid is None:
        return None
    data = fetch(cid, "certificate", Decline.AUDITOR_MISSING, Decline.AUDITOR_UNUSABLE)
    auditor = _reader(data, cid, Decline.AUDITOR_UNUSABLE, record, now)
    if not auditor.is_valid_until(record.terms.review_until):
        raise DeclinedError(Decline.AUDITOR_UNUSABLE)
    return auditor


def _reader(data: bytes, cid: Cid, unusable: Decline, record: CampaignRecord, now: int) -> Certificate:
    """The certificate of somebody whom the result is sealed to."""
    try:
        certificate = parse_certificate(data, cid=cid)
        if certificate.made_at > max(now, record.terms.submit_until):
            raise DeclinedError(unusable)  # by the chain's clock: ours is not to blame
        seal(b"", [certificate])  # better now than when there is a result to deliver
    except (ArtifactError, CertificateError):
        raise DeclinedError(unusable) from None
    return certificate


def _validation(
    context: Context, record: CampaignRecord, spec: Spec, secret: SecretKey, blob: bytes
) -> JudgedRows:
    judged = _read_sealed(
        context,
        record,
        secret,
        blob,
        spec.validation.digest,
        lambda opened: judged_rows(spec, spec.family_for(record.id), opened),
        sealed_wrong=Decline.VALIDATION_SEALED_WRONG,
        other_digest=Decline.VALIDATION_DIGEST,
        foreign=Decline.VALIDATION_FOREIGN,
        unfit=Decline.VALIDATION_UNFIT,
    )
    if not judged.labels_differ:
        raise DeclinedError(Decline.VALIDATION_ONE_LABEL)
    return judged


@dataclass(frozen=True)
class _Fetch:
    """Gets the artifacts of one campaign; what is missing is waited for as long as for a submission."""

    context: Context
    record: CampaignRecord
    now: int
    purpose: bytes = b"asked for "
    keep: bool = False
    """Whether what was fetched is kept for another call; then the caller lets go of it."""

    @property
    def key(self) -> bytes:
        """In whose name it is fetched."""
        return self.purpose + self.record.id

    def __call__(self, cid: Cid, kind: str, missing: Decline, malformed: Decline) -> bytes:
        prefetcher, key = self.context.prefetcher, self.key
        with self.context.waiting.up_to(PATIENCE_SECONDS, self.record.id) as patience:
            found = prefetcher.fetch(key, Wanted(cid, MAX_BYTES[kind]), patience=patience)
        if found is None:
            raise InProgressError(f"still being fetched: {cid}")
        if isinstance(found, NotFoundError):
            if not self.context.has_had_its_time(self.record.id, self._created(), self.now):
                raise NotReadyError(f"{missing.value} yet: {cid}")
            prove(self.context.store, self.context.announced, max_bytes=MAX_BYTES["certificate"])
            prefetcher.forget(key)
            raise DeclinedError(missing)
        if not self.keep or isinstance(found, StoreError):
            prefetcher.forget(key)
        if isinstance(found, TooLargeError | MalformedBlockError):
            raise DeclinedError(malformed)
        if isinstance(found, StoreError):
            raise found
        return found

    def _created(self) -> int:
        """When the campaign was asked for, by the chain; now, if its event has just left the chain."""
        for stored in self.context.follower.history(CampaignCreated, campaign=self.record.id):
            block = rpc.block(self.context.sonar.web3, stored.block_number)
            if block is not None:
                return block.timestamp
        return self.now
