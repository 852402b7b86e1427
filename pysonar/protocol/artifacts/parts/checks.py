"""The checks fields are made of. Each returns the value in its proper type or raises an ArtifactError."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from pysonar.protocol.account_address import checksum, is_address
from pysonar.protocol.artifacts.parts.errors import ArtifactError
from pysonar.protocol.cid import Cid, CidError

PPM = 1_000_000
MAX_CHAIN_ID = 2**63 - 1


def integer(kind: str, field: str, value: Any, least: int, most: int) -> int:
    """A whole number of `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise ArtifactError(kind, field, value, f"a whole number of {least} to {most}")
    return value


def number(kind: str, field: str, value: Any, least: float, most: float) -> float:
    """A finite number of `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ArtifactError(kind, field, value, "a finite number")
    if not least <= value <= most:
        raise ArtifactError(kind, field, value, f"a number of {least:g} to {most:g}")
    return float(value) + 0.0  # of the two zeros, the positive one


def text(kind: str, field: str, value: Any, least: int, most: int) -> str:
    """Text of `least` to `most` characters, printable but for line ends and tabs."""
    if type(value) is not str or not least <= len(value) <= most:
        raise ArtifactError(kind, field, value, f"a text of {least} to {most} characters")
    if not value.replace("\n", "").replace("\t", "").isprintable() and value:
        raise ArtifactError(kind, field, value, "a text of printable characters")
    return value


def octets(kind: str, field: str, value: Any, length: int) -> bytes:
    """Exactly `length` bytes."""
    if not isinstance(value, bytes) or len(value) != length:
        raise ArtifactError(kind, field, value, f"{length} bytes")
    return value


def one_of(kind: str, field: str, value: Any, choices: Collection[str]) -> str:
    """One of a closed list of texts."""
    if not isinstance(value, str) or value not in choices:
        raise ArtifactError(kind, field, value, f"one of {', '.join(choices)}")
    return value


def cid(kind: str, field: str, value: Any) -> Cid:
    """A CID, given as one, as its text, or as its 32 bytes."""
    try:
        if isinstance(value, str):
            return Cid.parse(value)
        if isinstance(value, bytes):
            return Cid.from_bytes32(value)
    except CidError:
        pass
    if not isinstance(value, Cid):
        raise ArtifactError(kind, field, value, "a CID (Qm...)")
    return value


def address(kind: str, field: str, value: Any) -> str:
    """An account or contract, as text or 20 bytes; returned in its mixed-case form. Not the empty address."""
    raw = "0x" + value.hex() if isinstance(value, bytes) and len(value) == 20 else value
    if not isinstance(raw, str) or not is_address(raw) or int(raw, 16) == 0:
        raise ArtifactError(kind, field, value, "an address (0x and 40 hexadecimal digits)")
    return checksum(raw)


def address_bytes(value: str) -> bytes:
    """The 20 bytes of a checked address."""
    return bytes.fromhex(value[2:])
