"""Gradient: what a mine submits, sealed to Capsule. Deterministic CBOR inside an OpenPGP message.

The miner's address is inside the seal, and Capsule compares it with the head of the queue: a copied
submission is worthless to whoever copies it. It is not signed: the chain binds the miner to the digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from openmined_syft.errors import SyftError
from openmined_syft.schemes import PAILLIER, Gradient, Model, scheme_named, scheme_names
from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.bindings import require_campaign, require_same
from pysonar.protocol.artifacts.parts.errors import ArtifactError, Said, naming
from pysonar.protocol.artifacts.parts.fields import Fields, read_cbor, require_one_form, write_cbor
from pysonar.protocol.artifacts.parts.limits import KIB, MAX_BYTES
from pysonar.protocol.artifacts.parts.sealed import open_limited
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey, seal

KIND = "gradient"
VERSION = 1
_MOST = MAX_BYTES[KIND] - 16 * KIB
_ENVELOPE = 32 * KIB  # everything but the ciphertexts, the seal included


@dataclass(frozen=True)
class PrivacyStatement:
    """What the mine says protects its records: differential privacy with (epsilon, delta). A claim, not a
    proof.
    """

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        epsilon = checks.number(KIND, "privacy.epsilon", self.epsilon, 1e-6, 1e6)
        object.__setattr__(self, "epsilon", epsilon)
        object.__setattr__(self, "delta", checks.number(KIND, "privacy.delta", self.delta, 0.0, 1.0))

    def as_mapping(self) -> dict[str, float]:
        """The form inside a gradient, and inside the record of a result."""
        return {"epsilon": self.epsilon, "delta": self.delta}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """The inverse of `as_mapping`. Raises ArtifactError."""
        statement = cls(fields.number("epsilon", 0, 1e9), fields.number("delta", 0, 1))
        fields.finish()
        return statement


@dataclass(frozen=True)
class GradientEnvelope:
    """What is inside the seal.

    Attributes:
        chain_id, contract, campaign: the campaign it is meant for (campaign: 32 bytes).
        base_version: version of the model it starts from; the gradient's own says the same.
        base: CID of that model.
        miner: the account that submits it.
        gradient: what the mine's visit made, encrypted.
        privacy: the mine's statement, or None for no protection.
        scheme: what it is encrypted with.

    Raises:
        ArtifactError: one of them is out of range, or the versions differ.
    """

    chain_id: int
    contract: str
    campaign: bytes
    base_version: int
    base: Cid
    miner: str
    gradient: Gradient
    privacy: PrivacyStatement | None = None
    scheme: str = PAILLIER

    def __post_init__(self) -> None:
        checks.one_of(KIND, "scheme", self.scheme, scheme_names())
        checks.integer(KIND, "chain_id", self.chain_id, 1, checks.MAX_CHAIN_ID)
        object.__setattr__(self, "contract", checks.address(KIND, "contract", self.contract))
        checks.octets(KIND, "campaign", self.campaign, 32)
        checks.integer(KIND, "base_version", self.base_version, 0, 2**32 - 1)
        checks.cid(KIND, "base", self.base)
        object.__setattr__(self, "miner", checks.address(KIND, "miner", self.miner))
        if self.base_version != self.gradient.base_version:
            raise ArtifactError(
                KIND, "base_version", self.base_version, f"{self.gradient.base_version}, as the gradient says"
            )

    def to_bytes(self) -> bytes:
        """Deterministic CBOR; what is sealed."""
        values: Mapping[str, Any] = {
            "scheme": self.scheme,
            "chain_id": self.chain_id,
            "contract": checks.address_bytes(self.contract),
            "campaign": self.campaign,
            "base_version": self.base_version,
            "base": self.base.digest,
            "miner": checks.address_bytes(self.miner),
            "gradient": self.gradient.to_fields(),
            "privacy": None if self.privacy is None else self.privacy.as_mapping(),
        }
        return write_cbor(KIND, VERSION, values, _MOST)

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None) -> Self:
        """Read what was inside a seal; its ciphertexts are not looked at yet. Raises ArtifactError."""
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, _MOST)
            stated = fields.optional_inner("privacy")
            scheme = fields.one_of("scheme", scheme_names())
            try:
                gradient = scheme_named(scheme).gradient_from_fields(fields.take("gradient"))
            except SyftError as error:
                raise ArtifactError(KIND, "gradient", Said(str(error)), "an encrypted gradient") from None
            envelope = cls(
                chain_id=fields.take("chain_id"),
                contract=fields.address("contract"),
                campaign=fields.octets("campaign", 32),
                base_version=fields.take("base_version"),
                base=fields.cid("base"),
                miner=fields.address("miner"),
                gradient=gradient,
                privacy=None if stated is None else PrivacyStatement.read(stated),
                scheme=scheme,
            )
            fields.finish()
            require_one_form(KIND, envelope.to_bytes(), data)
            return envelope

    def seal(self, capsule: Certificate) -> bytes:
        """The artifact as it is stored and submitted."""
        return seal(self.to_bytes(), [capsule])

    @classmethod
    def open(
        cls,
        blob: bytes,
        key: SecretKey,
        *,
        chain_id: int,
        contract: str,
        campaign: bytes,
        miner: str,
        scheme: str,
        cid: Cid | None = None,
    ) -> Self:
        """Open a submission and check that it was made for this place in this queue.

        The base must still be looked up by the caller: `base_version` and `base` are what the miner says.

        Args:
            miner: the account at the head of the queue.
            scheme: the campaign's.
            cid: its name, for error texts.

        Raises:
            SealError: it does not open (see `pysonar.protocol.openpgp`).
            WrongBindingError: made for another chain, contract, campaign, scheme or miner.
            ArtifactError: malformed.
        """
        with naming(cid):
            envelope = cls.parse(open_limited(KIND, blob, key))
            require_campaign(KIND, envelope, chain_id=chain_id, contract=contract, campaign=campaign)
            require_same(KIND, "scheme", envelope.scheme, scheme)
            require_same(KIND, "miner", envelope.miner, checks.address(KIND, "miner", miner))
            return envelope


def most_gradient_bytes(model: Model, scheme: str) -> int:
    """How large a sealed gradient for this model can be: what to fetch a submission with."""
    return min(MAX_BYTES[KIND], scheme_named(scheme).most_gradient_bytes(model) + _ENVELOPE)
