"""A submission judged anew, from what Capsule has handed over and what the chain names, by the arithmetic
of docs/protocol.md.

Each is judged from the version that the chain had then, so one wrong verdict is one difference and not one
for each that came after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import clipped
from openmined_syft.errors import KernelError, SyftError
from openmined_syft.judging.judged_rows import JudgedRows, is_paid
from openmined_syft.judging.step_search import Best
from openmined_syft.models import ModelFamily
from openmined_syft.schemes import AnyScheme, Model, PrivateHalf, PublicHalf, scheme_named
from pysonar.chain.contract.events import CampaignOpened, Improved, LoggedEvent
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.chain.submissions import Submission
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    ArtifactError,
    AuditPackage,
    GradientEnvelope,
    ModelArtifact,
    PrivacyStatement,
    Result,
    SealedInput,
    Spec,
    most_gradient_bytes,
)
from pysonar.protocol.artifacts.parts.errors import Said
from pysonar.protocol.artifacts.validation_rows import judged_rows
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, ExpandingMessageError, open_with_session_key, unshowable
from pysonar.store import MalformedBlockError, Reader, TooLargeError

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Anew:
    """A verdict as it should have been; `best` is None where nothing was measured."""

    verdict: Verdict
    base_version: int | None = None
    best: Best | None = None
    privacy: PrivacyStatement | None = None


@dataclass(frozen=True)
class TakenVersion:
    """One version of the model, encrypted and in clear, and the accuracy that the chain has for it."""

    model: Model
    weights: Weights
    accuracy: int


@dataclass(frozen=True)
class Bench:
    """All that judging anew needs.

    Attributes:
        chain_id, contract: the Sonar of the campaign.
        history: the campaign's events, in chain order.
        read: where the public artifacts are.
        capsule: the certificate that the spec names, which gradients are sealed to.
    """

    record: CampaignRecord
    spec: Spec
    result: Result
    package: AuditPackage
    history: Sequence[LoggedEvent]
    read: Reader
    chain_id: int
    contract: str
    capsule: Certificate

    def sealed_input(self, data: bytes, digest: bytes) -> SealedInput:
        """What was inside a sealed input of the spec: the digest's bytes, made by the campaign's owner for
        this Sonar. Raises ArtifactError.
        """
        owner = self.record.owner
        return SealedInput.bound(
            data, chain_id=self.chain_id, contract=self.contract, scientist=owner, digest=digest
        )


class Judge:
    """The campaign at the version that was current when a submission was judged."""

    def __init__(self, bench: Bench, key: PrivateHalf, sealed: SealedInput, opened: CampaignOpened) -> None:
        self.bench = bench
        self.family: ModelFamily = bench.spec.family_for(bench.record.id)
        self._scheme: AnyScheme = scheme_named(bench.spec.scheme)
        self._key = key
        self._rows: JudgedRows = judged_rows(bench.spec, self.family, sealed)
        self._digests = {0: opened.model}
        bits = self._scheme.size_of(key)
        if bits != bench.spec.key_bits:
            raise ArtifactError("audit_package", "key", Said(f"{bits} bits"), f"{bench.spec.key_bits} bits")
        self._public: PublicHalf = self._scheme.public_half(key, self.family)
        self.current = self.version(0, opened.model, opened.start)

    @classmethod
    def of(cls, bench: Bench) -> Judge:
        """From what was handed over, held against spec and chain.

        Raises:
            OpenMinedError: something is not what the spec or the chain names.
        """
        spec, package = bench.spec, bench.package
        validation = spec.validation
        if package.scheme != spec.scheme:
            raise ArtifactError("audit_package", "scheme", package.scheme, spec.scheme)
        (opened,) = [one.event for one in bench.history if isinstance(one.event, CampaignOpened)]
        return cls(bench, package.key(), bench.sealed_input(package.validation, validation.digest), opened)

    def version(self, number: int, digest: bytes, accuracy: int) -> TakenVersion:
        """A version of the model from the store, opened.

        Raises:
            OpenMinedError: it is not there, or not what mines train: under the campaign's key, of that number
                and in the one layout.
        """
        cid = Cid.from_bytes32(digest)
        data = self.bench.read.get(cid, max_bytes=MAX_BYTES["model"])
        artifact = ModelArtifact.parse(data, scheme=self.bench.spec.scheme, cid=cid)
        bound = self.bench.spec.weight_bound
        artifact.require_asked_for(self.family, self._public, version=number, weight_bound=bound, cid=cid)
        model = artifact.for_key(self._public, cid=cid)
        return TakenVersion(model, model.decrypt(self._key), accuracy)

    def go_on(self, gain: Improved, taken: TakenVersion) -> None:
        """From the version that the chain has taken."""
        self._digests[gain.version], self.current = gain.model, taken

    @property
    def labels_differ(self) -> bool:
        """Whether the rows that decide what is paid have more than one label."""
        return self._rows.labels_differ

    def is_trainable(self, weights: Weights) -> bool:
        """Whether mines could go on from there."""
        return self._rows.is_trainable(weights)

    def score(self, weights: Weights) -> int:
        """The spec's metric, in ppm."""
        return self._rows.score(weights)

    def seen_from_outside(self, one: Submission) -> str | None:
        """Why Capsule can show no session key of a submission, as everybody can see; None if only the holder
        of its secret can tell.

        Raises:
            NotFoundError: it is not in the store.
        """
        try:
            return unshowable(self._sealed(one), self.bench.capsule)
        except (TooLargeError, MalformedBlockError) as error:  # both follow from the digest alone
            return str(error)

    def _sealed(self, one: Submission) -> bytes:
        most = most_gradient_bytes(self.current.model, self.bench.spec.scheme)
        return self.bench.read.get(Cid.from_bytes32(one.update), max_bytes=most)

    def anew(self, one: Submission, session_key: bytes) -> Anew:
        """What should have been said of a submission.

        Raises:
            NotFoundError, TooLargeError, MalformedBlockError: its sealed gradient is not in the store, or
                nothing that Capsule can have opened.
            TamperedError, NotOpenPGPError: the session key does not open it.
            KernelError: this machine cannot tell.
        """
        spec, scheme = self.bench.spec, self._scheme
        try:
            opened = open_with_session_key(self._sealed(one), session_key)
        except ExpandingMessageError:
            return Anew(Verdict.MALFORMED)
        try:
            envelope = GradientEnvelope.parse(opened)
            if not self._fits(envelope, one):
                return Anew(Verdict.MALFORMED)
            envelope.gradient.check_base(self.current.model)
            scheme.validate(envelope.gradient, self._key)
        except KernelError:
            raise
        except (SyftError, ArtifactError):
            return Anew(Verdict.MALFORMED)
        if spec.validation.is_used_up(one.index):
            return Anew(Verdict.NO_GAIN, envelope.base_version, None, envelope.privacy)
        try:
            gradient = clipped(envelope.gradient.decrypt(self._key), spec.difference_norm)
        except KernelError:
            raise
        except SyftError:
            return Anew(Verdict.NO_GAIN, envelope.base_version, None, envelope.privacy)
        best = self._search(gradient)
        terms = self.bench.record.terms
        gained = best is not None and is_paid(
            best, accuracy=self.current.accuracy, target=terms.target, min_gain=terms.min_gain
        )
        verdict = Verdict.IMPROVED if gained else Verdict.NO_GAIN
        return Anew(verdict, envelope.base_version, best, envelope.privacy)

    def _fits(self, envelope: GradientEnvelope, one: Submission) -> bool:
        """Whether it was made for this place in this queue, from a known version, and as private as asked."""
        bench, floor, stated = self.bench, self.bench.spec.privacy_floor, envelope.privacy
        place = (
            bench.chain_id,
            bench.contract.lower(),
            bench.record.id,
            bench.spec.scheme,
            one.miner.lower(),
        )
        made_for = (
            envelope.chain_id,
            envelope.contract.lower(),
            envelope.campaign,
            envelope.scheme,
            envelope.miner.lower(),
        )
        private = floor is None or (
            stated is not None and stated.epsilon <= floor.epsilon and stated.delta <= floor.delta
        )
        known = self._digests.get(envelope.base_version) == envelope.base.digest
        return made_for == place and private and known

    def _search(self, gradient: Weights) -> Best | None:
        spec = self.bench.spec
        return self._rows.search(
            self.current.weights,
            gradient,
            spec.steps,
            weight_bound=spec.weight_bound,
            weight_bits=self.current.model.weight_bits,
        )
