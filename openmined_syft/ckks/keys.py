"""CKKS keys, and encryption and decryption by their owner.

CKKS is approximate: a decrypted number is off by a little, and whoever holds both a ciphertext and its exact
decryption learns about the secret key (Li and Micciancio 2021). Decryptions stay with the key's owner.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from openmined_syft.ckks import slots
from openmined_syft.ckks.hiding import ZEROS, encrypted_zeros
from openmined_syft.ckks.seal import (
    Vector,
    context,
    encode,
    encoder,
    from_bytes,
    load_ciphertext,
)
from openmined_syft.ckks.sizes import LARGEST_BUNDLE, LARGEST_KEY, LARGEST_ZERO
from openmined_syft.ckks.slots import RING
from openmined_syft.errors import CiphertextError, KeyFormError
from openmined_syft.models.network import SquareNetwork
from openmined_syft.seal_bindings import seal, to_bytes
from openmined_syft.wire_fields import WireFields

SCHEME = "ckks"


@dataclass(frozen=True, eq=False)
class CkksPublicKey:
    """What a mine needs: to hide, to relinearise, and to rotate by the network's distances.

    Compared and hashed by `digest`.

    Attributes:
        fingerprint: names the key pair, 32 bytes. Only the owner can tell whether the rest belongs to it.
        zeros: encryptions of zero, each a first half and the seed of the second; see `hiding`.
        relinearisation, rotation: SEAL's own format.
    """

    fingerprint: bytes
    zeros: tuple[bytes, ...] = field(repr=False)
    relinearisation: bytes = field(repr=False)
    rotation: bytes = field(repr=False)

    @functools.cached_property
    def digest(self) -> bytes:
        """sha256 over the hashes of all parts, computed once: 32 bytes."""
        parts = (self.fingerprint, *self.zeros, self.relinearisation, self.rotation)
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CkksPublicKey) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_fields(self) -> dict[str, Any]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.fingerprint,
            "zeros": list(self.zeros),
            "relinearisation": [self.relinearisation],
            "rotation": [self.rotation],
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "CkksPublicKey":
        """Parse the wire form; the keys themselves are parsed when used.

        Raises:
            FieldError: a field is missing, unknown, of a wrong type or too long.
        """
        reader = WireFields("CKKS public key", fields)
        fingerprint = reader.fingerprint()
        zeros = reader.list_of_octets("zeros", ZEROS, LARGEST_ZERO)
        (relinearisation,) = reader.list_of_octets("relinearisation", 1, LARGEST_KEY)
        (rotation,) = reader.list_of_octets("rotation", 1, LARGEST_KEY * slots.MOST_ROTATIONS)
        reader.finish()
        return cls(fingerprint, tuple(zeros), relinearisation, rotation)


class CkksPrivateKey:
    """A secret key. Never shown, never pickled.

    Attributes:
        secret: SEAL's format, for sealing; whoever has it reads everything.
        fingerprint: names the key pair in all that is made with it, 32 bytes.
    """

    __slots__ = ("fingerprint", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.fingerprint = hashlib.sha256(b"openmined/ckks/1\0" + hashlib.sha256(secret).digest()).digest()

    @classmethod
    def generate(cls) -> "CkksPrivateKey":
        """A new key."""
        return cls(to_bytes(seal().KeyGenerator(context()).secret_key()))

    @classmethod
    def from_secret(cls, secret: bytes) -> "CkksPrivateKey":
        """The key whose `secret` was kept.

        Raises:
            KeyFormError: the bytes are not a secret key of these parameters.
        """
        key = cls(secret)
        key.unpacked()
        return key

    def unpacked(self) -> Any:
        """SEAL's object.

        Raises:
            KeyFormError: the bytes are not a secret key of these parameters.
        """
        try:
            return from_bytes("SecretKey", self.secret)
        except CiphertextError:
            raise KeyFormError("the bytes are not a secret CKKS key of these parameters") from None

    def public_bundle(self, network: SquareNetwork) -> CkksPublicKey:
        """Public keys for that network, with fresh randomness each time; takes seconds.

        Relinearisation and rotation keys are saved as seeds and halves, at half the size.
        """
        secret = self.unpacked()
        generator = seal().KeyGenerator(context(), secret)
        rotation = generator.create_galois_keys(slots.galois_elements(network))
        parts = (generator.create_relin_keys(), rotation)
        return CkksPublicKey(self.fingerprint, encrypted_zeros(secret), *map(to_bytes, parts))

    def __repr__(self) -> str:
        return f"CkksPrivateKey({self.fingerprint.hex()[:16]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled; store `secret` sealed")


def encrypt_for_owner(vectors: Iterable[tuple[Vector, int]], key: CkksPrivateKey) -> list[bytes]:
    """Vectors, each at its level, under the secret key: each a seed and a half, at half the size."""
    encryptor = seal().Encryptor(context(), key.unpacked())
    return [to_bytes(encryptor.encrypt_symmetric(encode(vector, level))) for vector, level in vectors]


def decrypt_vectors(
    ciphertexts: Sequence[tuple[bytes, int]], key: CkksPrivateKey
) -> list[NDArray[np.complex128]]:
    """The SLOTS numbers in each ciphertext, given with its level; for the key's owner only.

    Raises:
        CiphertextError: not a ciphertext of these parameters, or one at a wrong level or scale.
    """
    decryptor, plain, vectors = seal().Decryptor(context(), key.unpacked()), seal().Plaintext(), []
    for data, level in ciphertexts:
        decryptor.decrypt(load_ciphertext(data, level), plain)
        vectors.append(np.array(encoder().decode_complex(plain), np.complex128))
    return vectors


__all__ = [
    "LARGEST_BUNDLE",
    "RING",
    "SCHEME",
    "CkksPrivateKey",
    "CkksPublicKey",
    "decrypt_vectors",
    "encrypt_for_owner",
    "seal",
]
