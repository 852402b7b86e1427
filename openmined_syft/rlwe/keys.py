"""Keys: a master secret of 32 bytes, from which every version of a model gets a secret polynomial of its own.

Nothing but a fingerprint is public: what mines need beside a model's polynomials, encryptions of zero, comes
with each version. A secret that leaks through verdicts on crafted gradients opens one version and no other.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import NoReturn

from openmined_syft.errors import KeyFormError
from openmined_syft.lattice.ring import DEGREE, Integers
from openmined_syft.lattice.sampling import labelled, ternary

SCHEME = "rlwe"
MASTER_BYTES = 32


@dataclass(frozen=True)
class RlwePublicKey:
    """The name of a key: 32 bytes."""

    fingerprint: bytes


class RlwePrivateKey:
    """A master secret. Never shown, never pickled.

    Attributes:
        master: 32 bytes, for sealing; whoever has it reads every version.
        fingerprint: names the key in all that is made with it, 32 bytes.

    Raises:
        KeyFormError: not 32 bytes.
    """

    __slots__ = ("fingerprint", "master")

    def __init__(self, master: bytes) -> None:
        if not isinstance(master, bytes) or len(master) != MASTER_BYTES:
            raise KeyFormError(f"a master secret of the scheme rlwe has {MASTER_BYTES} bytes")
        self.master = master
        self.fingerprint = hashlib.shake_256(labelled("fingerprint", master)).digest(32)

    @classmethod
    def generate(cls) -> "RlwePrivateKey":
        """A new key."""
        return cls(secrets.token_bytes(MASTER_BYTES))

    @property
    def public(self) -> RlwePublicKey:
        """What mines get."""
        return RlwePublicKey(self.fingerprint)

    def secret_of(self, version: int) -> Integers:
        """The secret of one version: 8,192 coefficients in -1, 0, 1."""
        return ternary(DEGREE, labelled("secret", self.master, version.to_bytes(8, "big")))

    def __repr__(self) -> str:
        return f"RlwePrivateKey({self.fingerprint.hex()[:16]})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RlwePrivateKey) and secrets.compare_digest(self.master, other.master)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled; store `master` sealed")
