"""Model: one version of a campaign's weights, encrypted. Deterministic CBOR, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from openmined_syft.errors import FormError, SyftError
from openmined_syft.models import ModelFamily
from openmined_syft.schemes import PAILLIER, Model, PublicHalf, scheme_named, scheme_names
from pysonar.protocol.artifacts.parts.errors import ArtifactError, Said, naming
from pysonar.protocol.artifacts.parts.fields import read_cbor, write_cbor
from pysonar.protocol.artifacts.parts.limits import MAX_BYTES
from pysonar.protocol.cid import Cid

KIND = "model"
VERSION = 1


@dataclass(frozen=True)
class ModelArtifact:
    """An encrypted model, and the name of its scheme."""

    model: Model
    scheme: str = PAILLIER

    def to_bytes(self) -> bytes:
        """Deterministic CBOR: scheme, and the model's own fields."""
        values = {"scheme": self.scheme, "model": self.model.to_fields()}
        return write_cbor(KIND, VERSION, values, MAX_BYTES[KIND])

    @classmethod
    def parse(cls, data: bytes, *, scheme: str | None = None, cid: Cid | None = None) -> Self:
        """Read a model. Its ciphertexts are not looked at yet: `for_key` does that.

        Args:
            scheme: what it has to be of; None: any.

        Raises:
            ArtifactError: of another scheme, malformed, or fields that do not fit each other.
        """
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, MAX_BYTES[KIND])
            name = fields.one_of("scheme", scheme_names() if scheme is None else (scheme,))
            inner = fields.take("model")
            fields.finish()
            try:
                return cls(scheme_named(name).model_from_fields(inner), name)
            except SyftError as error:
                raise ArtifactError(KIND, "model", Said(str(error)), "an encrypted model") from None

    def require_asked_for(
        self,
        family: ModelFamily,
        public: PublicHalf,
        *,
        version: int,
        weight_bound: float,
        cid: Cid | None = None,
    ) -> None:
        """Whether the model is what spec, key and chain ask for. Mines train no other, and an auditor finds
        fault with every other: in a form that honest mines refuse, it is there for somebody else.

        Args:
            family: the spec's, for the campaign.
            version: its number on chain.
            weight_bound: the spec's.

        Raises:
            ArtifactError: made for another key, of another number, size or layout.
        """
        for field, found, expected in (
            ("key_fingerprint", self.model.key_fingerprint.hex(), public.fingerprint.hex()),
            ("version", self.model.version, version),
            ("shape", self.model.shape, family.weights_shape),
        ):
            if found != expected:
                raise ArtifactError(KIND, field, found, str(expected), cid)
        try:
            scheme_named(self.scheme).check_form(self.model, public, family, weight_bound)
        except FormError as error:
            raise ArtifactError(KIND, error.field, Said(str(error.value)), error.expected, cid) from None

    def for_key(self, public: PublicHalf, *, cid: Cid | None = None) -> Model:
        """The model, its ciphertexts checked against the campaign's key: what a mine may compute with.

        Raises:
            ArtifactError: made for another key, or a number that is not a ciphertext.
        """
        with naming(cid):
            try:
                self.model.validate(public)
            except SyftError as error:
                raise ArtifactError(
                    KIND, "model.ciphertexts", Said(str(error)), "ciphertexts of the key"
                ) from None
            return self.model
