"""Numbers of a fixed number of bits, one after another, as bytes: little-endian, without gaps."""

import math

import numpy as np

from openmined_syft.errors import FieldError
from openmined_syft.lattice.ring import Residues


def packed_bytes(count: int, bits: int) -> int:
    """Bytes of `count` numbers."""
    return -(-count * bits // 8)


def pack(values: Residues, bits: int) -> bytes:
    """Numbers below 2**bits, 1 <= bits <= 64, in one string; the last byte is filled with zeros."""
    flat = np.ascontiguousarray(values, np.uint64).ravel()
    numbers, used = _group(bits)
    groups = -(-flat.size // numbers)
    filled = np.zeros(groups * numbers, np.uint64)
    filled[: flat.size] = flat
    columns = np.ascontiguousarray(filled.reshape(groups, numbers).T)
    words = np.zeros((used, groups), np.uint64)
    for place, column in enumerate(columns):
        word, shift = divmod(place * bits, 64)
        words[word] |= column << np.uint64(shift)
        if shift + bits > 64:
            words[word + 1] |= column >> np.uint64(64 - shift)
    return words.T.astype("<u8", order="C").tobytes()[: packed_bytes(flat.size, bits)]


def unpack(data: bytes, count: int, bits: int, what: str) -> Residues:
    """The inverse of `pack`, shape (count,).

    Raises:
        FieldError: another length, or bits behind the last number.
    """
    if len(data) != packed_bytes(count, bits):
        raise FieldError(f"{what} has {len(data)} bytes; needs {packed_bytes(count, bits)}")
    if count * bits % 8 and data[-1] >> (count * bits % 8):
        raise FieldError(f"{what} has bits behind its last number; they must be zero")
    numbers, used = _group(bits)
    groups = -(-count // numbers)
    words = np.frombuffer(data.ljust(groups * used * 8, b"\0"), "<u8").reshape(groups, used)
    words = np.ascontiguousarray(words.T)
    columns = np.empty((numbers, groups), np.uint64)
    mask = np.uint64((1 << bits) - 1)
    for place, column in enumerate(columns):
        word, shift = divmod(place * bits, 64)
        np.right_shift(words[word], np.uint64(shift), out=column)
        if shift + bits > 64:
            column |= words[word + 1] << np.uint64(64 - shift)
        column &= mask
    return np.ascontiguousarray(columns.T).ravel()[:count]


def _group(bits: int) -> tuple[int, int]:
    """The fewest numbers that fill whole words, and how many words these are."""
    common = math.gcd(bits, 64)
    return 64 // common, bits // common
