"""Numbers that everybody can draw again: SHAKE-256 of a name, eight bytes a number, little-endian."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def words(name: str, count: int) -> NDArray[np.uint64]:
    """Uniform 64-bit words."""
    stream = hashlib.shake_256(f"openmined/vectors/{name}".encode()).digest(8 * count)
    return np.frombuffer(stream, "<u8")


def integers(name: str, count: int, largest: int) -> NDArray[np.int64]:
    """Integers from -largest to largest."""
    return (words(name, count) % np.uint64(2 * largest + 1)).astype(np.int64) - largest


def unit(name: str, count: int) -> list[float]:
    """Multiples of 2^-53 in [0, 1)."""
    return ((words(name, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53).tolist()
