"""Public key: what a campaign's model is encrypted under. Deterministic CBOR, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from openmined_syft.errors import FormError, SyftError
from openmined_syft.schemes import PAILLIER, PublicHalf, scheme_named, scheme_names
from pysonar.protocol.artifacts.parts.errors import ArtifactError, Said, naming
from pysonar.protocol.artifacts.parts.fields import read_cbor, write_cbor
from pysonar.protocol.artifacts.parts.limits import MAX_BYTES
from pysonar.protocol.cid import Cid

KIND = "public_key"
VERSION = 2  # 1 had no proof that the key hides what it should


@dataclass(frozen=True)
class PublicKeyArtifact:
    """The public half of a campaign's key, and the name of its scheme."""

    key: PublicHalf
    scheme: str = PAILLIER

    def to_bytes(self) -> bytes:
        """Deterministic CBOR: scheme, and the fields of `Scheme.public_fields`."""
        values = {"scheme": self.scheme, **scheme_named(self.scheme).public_fields(self.key)}
        return write_cbor(KIND, VERSION, values, MAX_BYTES[KIND])

    @classmethod
    def parse(
        cls,
        data: bytes,
        *,
        scheme: str | None = None,
        cid: Cid | None = None,
        allow_small_for_tests: bool = False,
    ) -> Self:
        """Read a public key, as far as it can be checked without using it.

        Args:
            scheme: what it has to be of; None: any.

        Raises:
            ArtifactError: of another scheme, malformed, too small or impossible, or a wrong fingerprint.
        """
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, MAX_BYTES[KIND])
            name = fields.one_of("scheme", scheme_names() if scheme is None else (scheme,))
            try:
                key = scheme_named(name).public_from_fields(
                    fields.rest(), allow_small_for_tests=allow_small_for_tests
                )
            except FormError as error:
                raise ArtifactError(KIND, error.field, Said(str(error.value)), error.expected) from None
            except SyftError as error:
                raise ArtifactError(KIND, "key", Said(str(error)), f"a public key of scheme {name}") from None
            return cls(key, name)
