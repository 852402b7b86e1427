"""Numbers of a fixed number of bits, one after another, as bytes: little-endian, without gaps."""

import numpy as np

from openmined_syft.errors import FieldError
from openmined_syft.lattice.ring import Residues

_GROUP = 64  # so many numbers fill whole words


def packed_bytes(count: int, bits: int) -> int:
    """Bytes of `count` numbers."""
    return -(-count * bits // 8)


def pack(values: Residues, bits: int) -> bytes:
    """Numbers below 2**bits, 1 <= bits <= 64, in one string; the last byte is filled with zeros."""
    flat = np.ascontiguousarray(values, np.uint64).ravel()
    groups = -(-flat.size // _GROUP)
    columns = np.zeros((groups, _GROUP), np.uint64)
    columns.ravel()[: flat.size] = flat
    words = np.zeros((groups, bits), np.uint64)
    for place in range(_GROUP):
        word, shift = divmod(place * bits, 64)
        words[:, word] |= columns[:, place] << np.uint64(shift)
        if shift + bits > 64:
            words[:, word + 1] |= columns[:, place] >> np.uint64(64 - shift)
    return words.astype("<u8").tobytes()[: packed_bytes(flat.size, bits)]


def unpack(data: bytes, count: int, bits: int, what: str) -> Residues:
    """The inverse of `pack`, shape (count,).

    Raises:
        FieldError: another length, or bits behind the last number.
    """
    if len(data) != packed_bytes(count, bits):
        raise FieldError(f"{what} has {len(data)} bytes; needs {packed_bytes(count, bits)}")
    if count * bits % 8 and data[-1] >> (count * bits % 8):
        raise FieldError(f"{what} has bits behind its last number; they must be zero")
    groups = -(-count // _GROUP)
    words = np.frombuffer(data.ljust(groups * bits * 8, b"\0"), "<u8").reshape(groups, bits)
    columns = np.empty((groups, _GROUP), np.uint64)
    mask = np.uint64((1 << bits) - 1)
    for place in range(_GROUP):
        word, shift = divmod(place * bits, 64)
        value = words[:, word] >> np.uint64(shift)
        if shift + bits > 64:
            value = value | (words[:, word + 1] << np.uint64(64 - shift))
        columns[:, place] = value & mask
    return columns.ravel()[:count]
