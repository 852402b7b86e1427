"""Model: one version of a campaign's weights, encrypted. Deterministic CBOR, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from openmined_syft.errors import SyftError
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
