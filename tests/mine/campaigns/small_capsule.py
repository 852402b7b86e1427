"""A Capsule that tests make open campaigns and judge, without a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np

from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.schemes.interface import PrivateHalf, PublicHalf
from pysonar.chain.contract.events import CampaignCreated
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    GradientEnvelope,
    ModelArtifact,
    PublicKeyArtifact,
    Spec,
)
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.protocol.schema import class_label, output_schema
from pysonar.store import Store
from tests.builders.opaque import as_model
from tests.builders.specs import SpecChanges, spec_of
from tests.builders.terms import OtherTerms, TermsChanges, terms_of
from tests.conftest import Anvil
from tests.roles import Transact, as_a

Records = list[tuple[float, float, float, str]]
"""Records of three numbers and a colour."""


class SmallCapsule:
    """Opens campaigns and judges the head of their queues as Capsule would, without a process."""

    CLASSES = ("red", "green", "blue")
    SCHEME = "paillier"

    def __init__(
        self,
        node: Anvil,
        sonar: Sonar,
        signers: Mapping[str, KeyfileSigner],
        key: PrivateKey,
        secret: SecretKey,
        transact: Transact,
        store: Store,
    ) -> None:
        self.node, self.sonar, self.signers, self.transact, self.store = node, sonar, signers, transact, store
        self.key, self.secret = key, secret
        self.certificate_cid = store.put_pinned(self.secret.certificate.to_bytes(), "capsule")
        transact(node, signers["capsule"], sonar.calls.register_capsule(self.certificate_cid.digest))
        self.weights: dict[bytes, np.ndarray] = {}

    def spec(self, **changes: Unpack[SpecChanges]) -> Spec:
        """A spec that asks for three numbers and a colour."""
        named = SpecChanges(
            output_schema=output_schema("colour", class_label(list(self.CLASSES))),
            start_ppm=0,
            start_tolerance_ppm=1_000_000,
            capsule_certificate=self.certificate_cid,
        )
        return spec_of(**(named | changes))

    def create(self, spec: bytes | Spec, *, salt: bytes = bytes(32), **changes: Unpack[OtherTerms]) -> bytes:
        """A requested campaign with this spec (or these bytes for one)."""
        data = spec if isinstance(spec, bytes) else spec.to_bytes()
        named = TermsChanges(spec=self.store.put_pinned(data, "scientist").digest, target=950_000)
        terms = terms_of(self.signers["capsule"].address, self.node.now(), **(named | changes))
        call = self.sonar.calls.create_campaign(terms, salt)
        events = self.transact(self.node, self.signers["scientist"], call)
        (campaign,) = [entry.event.id for entry in events if isinstance(entry.event, CampaignCreated)]
        return bytes(campaign)

    @property
    def start(self) -> np.ndarray:
        """The weights that a campaign begins with."""
        return self.spec().family_for(b"").initial_weights()

    def public_key(self, public: PublicHalf | None = None) -> bytes:
        """The bytes of a public half; of its own, unless told otherwise."""
        return PublicKeyArtifact(public or self.key.public).to_bytes()

    def model(
        self,
        weights: np.ndarray | None = None,
        *,
        version: int = 0,
        key: PrivateHalf | None = None,
        bound: float = 8.0,
    ) -> bytes:
        """The bytes of an encrypted model; of the start, unless told otherwise."""
        weights = self.start if weights is None else weights
        encrypted = EncryptedModel.encrypt(
            weights, as_a(PrivateKey, key or self.key), version=version, weight_bound=bound
        )
        return ModelArtifact(as_model(encrypted)).to_bytes()

    def _open(self, campaign: bytes, public_key: bytes, model: bytes) -> None:
        key, first = (self.store.put_pinned(data, "capsule").digest for data in (public_key, model))
        call = self.sonar.calls.open_campaign(campaign, key, first, 0)
        self.transact(self.node, self.signers["capsule"], call)

    def opened_with(
        self,
        spec: bytes | Spec | None = None,
        *,
        public_key: bytes | None = None,
        model: bytes | None = None,
        salt: bytes = bytes(32),
        **terms: Unpack[OtherTerms],
    ) -> bytes:
        """A campaign opened with these, whatever they are; with honest ones where nothing is said."""
        campaign = self.create(self.spec() if spec is None else spec, salt=salt, **terms)
        self._open(campaign, public_key or self.public_key(), model or self.model())
        return campaign

    def open(
        self, spec: Spec | None = None, *, salt: bytes = bytes(32), **terms: Unpack[OtherTerms]
    ) -> bytes:
        """A campaign with an honest key and the weights that its family starts with."""
        spec = spec or self.spec()
        campaign = self.create(spec, salt=salt, **terms)
        self.weights[campaign] = spec.family_for(campaign).initial_weights()
        self._open(campaign, self.public_key(), self.model(self.weights[campaign]))
        return campaign

    def envelope(self, campaign: bytes, miner: str, update: bytes) -> GradientEnvelope:
        """What the submission says, opened as Capsule would."""
        blob = self.store.get(Cid.from_bytes32(update), max_bytes=MAX_BYTES["gradient"])
        return GradientEnvelope.open(
            blob,
            self.secret,
            miner=miner,
            scheme=self.SCHEME,
            chain_id=self.sonar.chain_id,
            contract=self.sonar.address,
            campaign=campaign,
        )

    def report(self, campaign: bytes, miner: str, update: bytes, verdict: Verdict, accuracy: int = 0) -> None:
        """Report on the head of the queue; for an improvement, apply the gradient and publish the version."""
        model = bytes(32)
        if verdict is Verdict.IMPROVED:
            gradient = self.envelope(campaign, miner, update).gradient
            self.weights[campaign] = self.weights[campaign] + gradient.decrypt(self.key)
            version = self.sonar.campaign(campaign).version + 1
            model = self.store.put_pinned(
                self.model(self.weights[campaign], version=version), "capsule"
            ).digest
        one = Report(miner, update, verdict, accuracy, model)
        self.transact(self.node, self.signers["capsule"], self.sonar.calls.report(campaign, [one]))

    def settle(self, campaign: bytes) -> None:
        """Let the time run out and settle."""
        self.node.advance_to(self.sonar.campaign(campaign).terms.review_until)
        self.transact(self.node, self.signers["stranger"], self.sonar.calls.settle(campaign))
