"""Public key: what a campaign's model is encrypted under. Deterministic CBOR, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from openmined_syft.errors import SyftError
from openmined_syft.keys import SCHEME, PublicKey
from pysonar.artifacts.errors import ArtifactError, MalformedError, Said, naming
from pysonar.artifacts.fields import read_cbor, write_cbor
from pysonar.artifacts.limits import MAX_BYTES
from pysonar.cid import Cid

KIND = "public_key"
VERSION = 1


@dataclass(frozen=True)
class PublicKeyArtifact:
    """A Paillier public key."""

    key: PublicKey

    def to_bytes(self) -> bytes:
        """Deterministic CBOR: scheme, modulus (big-endian) and fingerprint."""
        n = int(self.key.n)
        values = {
            "scheme": SCHEME,
            "n": n.to_bytes((n.bit_length() + 7) // 8, "big"),
            "fingerprint": self.key.fingerprint,
        }
        return write_cbor(KIND, VERSION, values, MAX_BYTES[KIND])

    @classmethod
    def parse(cls, data: bytes, *, cid: Cid | None = None, allow_small_for_tests: bool = False) -> Self:
        """Read a public key and recompute its fingerprint.

        Raises:
            ArtifactError: malformed, too small or impossible as a modulus, or a fingerprint of another key.
        """
        with naming(cid):
            fields = read_cbor(KIND, VERSION, data, MAX_BYTES[KIND])
            fields.one_of("scheme", (SCHEME,))
            octets = fields.blob("n", MAX_BYTES[KIND])
            fingerprint = fields.octets("fingerprint", 32)
            fields.finish()
            if octets[0] == 0:
                raise MalformedError(KIND, "n", Said("padded with zero bytes"), "its shortest form")
            try:
                key = PublicKey.from_n(int.from_bytes(octets, "big"), allow_small=allow_small_for_tests)
            except SyftError as error:
                raise ArtifactError(KIND, "n", Said(str(error)), "a Paillier modulus") from None
            if key.fingerprint != fingerprint:
                raise ArtifactError(KIND, "fingerprint", fingerprint, key.fingerprint.hex())
            return cls(key)
