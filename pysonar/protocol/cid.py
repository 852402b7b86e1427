"""Names of artifacts: IPFS content identifiers of version 0, and their 32-byte form on chain.

On chain an artifact is the sha2-256 digest of a dag-pb root; to people and to IPFS it is `Qm...`, the same
digest as a multihash in base58btc. Both forms are one value here. Other CIDs (version 1, other hashes) are
refused, not translated: with fixed import parameters every artifact has exactly one name. This module
neither stores nor fetches.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self

from openmined_syft.errors import OpenMinedError

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {sign: value for value, sign in enumerate(_ALPHABET)}
_MULTIHASH = bytes([0x12, 0x20])  # sha2-256, 32 bytes: what makes every CIDv0 start with "Qm" and be 46 long
_TEXT_LENGTH = 46
_NOTHING = bytes(32)


class CidError(OpenMinedError):
    """A text or a digest that names no artifact."""


@dataclass(frozen=True, order=True, slots=True)
class Cid:
    """The name of one artifact (or of one block).

    digest: 32 bytes, sha2-256 of the dag-pb root block; never 32 zero bytes, which on chain mean "none"
    (read such a slot with `or_none`).
    """

    digest: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.digest, bytes) or len(self.digest) != 32:
            raise CidError(f"a CID has a digest of 32 bytes, not {self.digest!r}")
        if self.digest == _NOTHING:
            raise CidError("32 zero bytes are not a CID: on chain they mean that nothing has been set")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `Qm...` (46 characters of base58btc). Raises CidError."""
        shown = text if len(text) <= 80 else text[:80] + "..."
        if len(text) != _TEXT_LENGTH or not text.startswith("Qm"):
            raise CidError(
                f"{shown!r} is not a CID of version 0: those are 46 characters long and start with 'Qm'"
            )
        number = 0
        for sign in text:
            value = _VALUES.get(sign)
            if value is None:
                raise CidError(f"{shown!r} is not a CID: {sign!r} is not a character of base58btc")
            number = number * 58 + value
        multihash = number.to_bytes(35, "big")
        if multihash[0] != 0 or multihash[1:3] != _MULTIHASH:
            raise CidError(f"{shown!r} is not a CID of version 0: it does not hold a sha2-256 digest")
        return cls(multihash[3:])

    @classmethod
    def from_bytes32(cls, digest: bytes) -> Self:
        """The CID of a bytes32 read from the contract. Raises CidError for 32 zero bytes."""
        return cls(bytes(digest))

    @classmethod
    def or_none(cls, digest: bytes) -> Self | None:
        """The CID of a bytes32 that may not have been set yet: None for 32 zero bytes."""
        return None if bytes(digest) == _NOTHING else cls(bytes(digest))

    @classmethod
    def of_block(cls, block: bytes) -> Self:
        """The CID of one dag-pb block. (Not of a file: `pysonar.store.cid_of` builds the blocks of a
        file.)"""
        return cls(hashlib.sha256(block).digest())

    @classmethod
    def is_one(cls, text: str) -> bool:
        """Whether the text is one."""
        try:
            cls.parse(text)
        except CidError:
            return False
        return True

    def __str__(self) -> str:
        number = int.from_bytes(_MULTIHASH + self.digest, "big")
        signs = []
        while number:
            number, value = divmod(number, 58)
            signs.append(_ALPHABET[value])
        return "".join(reversed(signs))

    def __repr__(self) -> str:
        return f"Cid({str(self)!r})"
