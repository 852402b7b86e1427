"""SEAL through the bindings of TenSEAL (extra `nn`), and its objects as bytes.

SEAL saves to files only; anonymous memory files keep keys off the disk.
"""

import functools
import importlib
import os
import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from openmined_syft.errors import KernelError

Octets: TypeAlias = "bytes | NDArray[np.uint64]"


@functools.cache
def seal() -> Any:
    """The SEAL bindings.

    Raises:
        KernelError: TenSEAL is not installed.
    """
    try:
        return importlib.import_module("tenseal.sealapi")
    except ImportError:
        raise KernelError("neural networks need TenSEAL: install the extra 'nn'") from None


def to_bytes(thing: Any) -> bytes:
    """What SEAL saves, without a file on any disk."""
    handle = os.memfd_create("seal")
    try:
        thing.save(f"/proc/self/fd/{handle}")
        size = os.lseek(handle, 0, os.SEEK_END)
        return os.pread(handle, size, 0)
    finally:
        os.close(handle)


def fill(thing: Any, context: Any, *parts: Octets) -> None:
    """Let SEAL read an object from bytes, given in one part or several, and check it against the context's
    parameters.

    Raises:
        ValueError: SEAL does not accept them.
    """
    handle = os.memfd_create("seal")
    try:
        for part in parts:
            view = memoryview(part if isinstance(part, bytes) else part.data).cast("B")
            while view:
                view = view[os.write(handle, view) :]
        thing.load(context, f"/proc/self/fd/{handle}")
    except (RuntimeError, ValueError, IndexError, MemoryError, OverflowError):
        raise ValueError("SEAL does not accept these bytes") from None
    finally:
        os.close(handle)


HEADER_BYTES = 16  # magic number, versions, compression and, in the second half, the size of all
_ZSTD = 2
_NAMED = 33  # parameters and form; then three numbers of 8 bytes: polynomials, degree, primes
_SIZES = 24


@dataclass(frozen=True)
class SavedNumbers:
    """One of SEAL's ciphertexts, taken apart.

    Attributes:
        before, between: SEAL's own bytes before and behind the three sizes.
        numbers: (polynomials, primes, degree).
    """

    before: bytes
    between: bytes
    numbers: NDArray[np.uint64]


def header(size: int) -> bytes:
    """What SEAL writes before `size` bytes that are not compressed."""
    return _first_bytes() + struct.pack("<BHQ", 0, 0, HEADER_BYTES + size)


def with_header(numbers: NDArray[np.uint64]) -> bytes:
    """Numbers as SEAL saves an array of them."""
    return header(8 + numbers.nbytes) + struct.pack("<Q", numbers.size) + numbers.astype("<u8").tobytes()


def unpacked(data: bytes, most: int | None = None) -> bytes:
    """What is behind SEAL's header, decompressed; at most `most` bytes of it."""
    if data[5] != _ZSTD:
        return data[HEADER_BYTES:][:most]
    with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(data)[HEADER_BYTES:]), "zstd") as stream:
        whole: bytes = stream.read(most)
    return whole


def saved_numbers(ciphertext: Any) -> SavedNumbers:
    """The numbers of a ciphertext, which the bindings give no access to: through its saved bytes."""
    size, degree, primes = (
        ciphertext.size(),
        ciphertext.poly_modulus_degree(),
        ciphertext.coeff_modulus_size(),
    )
    body = 8 * size * degree * primes
    data = _unpacked_to(to_bytes(ciphertext), _around() + body)
    start = len(data) - body
    numbers = np.frombuffer(data, "<u8", offset=start).reshape(size, primes, degree)
    head = bytes(data[:start])
    return SavedNumbers(head[:_NAMED], head[_NAMED + _SIZES : start - HEADER_BYTES - 8], numbers)


def as_ciphertext(context: Any, saved: SavedNumbers) -> Any:
    """The inverse of `saved_numbers`. Raises ValueError: numbers that are not residues."""
    size, primes, degree = saved.numbers.shape
    numbers = np.ascontiguousarray(saved.numbers, "<u8")
    head = saved.before + struct.pack("<QQQ", size, degree, primes) + saved.between
    inner = header(8 + numbers.nbytes) + struct.pack("<Q", numbers.size)
    ciphertext = seal().Ciphertext()
    # In parts: a copy of megabytes for each concatenation took as long as SEAL's own reading.
    fill(ciphertext, context, header(len(head) + len(inner) + numbers.nbytes), head, inner, numbers)
    return ciphertext


def _unpacked_to(data: bytes, size: int) -> memoryview:
    """What is behind SEAL's header, known to have `size` bytes: in one go, half again as fast as a stream."""
    packed = memoryview(data)[HEADER_BYTES:]
    return packed if data[5] != _ZSTD else memoryview(pa.decompress(packed, size, "zstd"))


@functools.cache
def _around() -> int:
    """Bytes that SEAL saves of a ciphertext beside its numbers: of one that has none."""
    return len(unpacked(to_bytes(seal().Ciphertext())))


@functools.cache
def _first_bytes() -> bytes:
    """Magic number, header's size and SEAL's version, as this SEAL writes them."""
    return to_bytes(seal().Plaintext("1"))[:5]
