"""Model: one version of a campaign's weights, encrypted. Deterministic CBOR, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from openmined_syft.encrypted import EncryptedModel
from openmined_syft.errors import SyftError
from openmined_syft.keys import SCHEME, PublicKey
from pysonar.artifacts.errors import ArtifactError, Said, naming
from pysonar.artifacts.fields import read_cbor, write_cbor
from pysonar.artifacts.limits import MAX_BYTES
from pysonar.cid import Cid

KIND = "model"
VERSION = 1


@dataclass(frozen=True)
class ModelArtifact:
    """An encrypted model."""

    model: EncryptedModel

    def to_bytes(self) -> bytes:
        """Deterministic CBOR: scheme, and the fields of `EncryptedModel.to_fields`."""
        return write_cbor(KIND, VERSION, {"scheme": SCHEME, "model": self.model.to_fields()}, MAX_BYTES[KIND])

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None) -> Self:
        """Read a model. Its ciphertexts are not looked at yet: `for_key` does that.

        Raises:
            ArtifactError: malformed, or fields that do not fit each other.
        """
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, MAX_BYTES[KIND])
            fields.one_of("scheme", (SCHEME,))
            inner = fields.take("model")
            fields.finish()
            try:
                return cls(EncryptedModel.from_fields(inner))
            except SyftError as error:
                raise ArtifactError(KIND, "model", Said(str(error)), "an encrypted model") from None

    def for_key(self, public: PublicKey, *, cid: Cid | None = None) -> EncryptedModel:
        """The model, its ciphertexts checked against the campaign's key: what a mine may compute with.

        Raises:
            ArtifactError: made for another key, or a number that is no ciphertext.
        """
        with naming(cid):
            try:
                self.model.validate(public)
            except SyftError as error:
                raise ArtifactError(
                    KIND, "model.ciphertexts", Said(str(error)), "ciphertexts of the key"
                ) from None
            return self.model
