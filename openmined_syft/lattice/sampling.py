"""Everything random: what both sides expand from seeds, and what only one side may know.

Expansion is part of the protocol: SHAKE-128 over a domain name, lengths and values; other implementations
compute the same polynomials. Secret draws come from the operating system.
"""

import hashlib
import os
from collections.abc import Callable

import numpy as np

from openmined_syft.lattice.ring import PRIME_BITS, Integers, Residues, Ring, multiply_mod

SEED_BYTES = 32
ERROR_BITS = 21  # centred binomial: variance 10.5, standard deviation 3.24, as SEAL's
ERROR_DEVIATION = (ERROR_BITS / 2) ** 0.5
MASK_BITS = 28
_DOMAIN = b"openmined/rlwe/1/"
_SPARE = 64  # words; one in 2**30 is refused
_WORD = (1 << PRIME_BITS) - 1


def labelled(kind: str, *parts: bytes) -> bytes:
    """What is hashed: the domain, and each part behind its length, so that no two inputs read the same."""
    pieces = [_DOMAIN, kind.encode(), b"\0"]
    for part in parts:
        pieces += [len(part).to_bytes(4, "big"), part]
    return b"".join(pieces)


def uniform(ring: Ring, material: bytes) -> Residues:
    """A uniform polynomial (L, n) from public material: for each prime the first n words below it.

    Words are 8 bytes of SHAKE-128, little-endian, cut to 54 bits.
    """
    result = np.empty((len(ring.primes), ring.degree), np.uint64)
    for place, prime in enumerate(ring.primes):
        stream = hashlib.shake_128(material + bytes([place]))
        count = ring.degree + _SPARE
        words = _below(stream.digest(8 * count), prime)
        while len(words) < ring.degree:
            count *= 2
            words = _below(stream.digest(8 * count), prime)
        result[place] = words[: ring.degree]
    return result


def _below(data: bytes, prime: int) -> Residues:
    words = np.frombuffer(data, "<u8") & np.uint64(_WORD)
    return words[words < prime]


def ternary(degree: int, material: bytes) -> Integers:
    """Uniform in -1, 0, 1, shape (degree,), from secret material: bytes of SHAKE-256 below 255, modulo 3."""
    stream, count = hashlib.shake_256(material), degree + degree // 32
    raw = np.zeros(0, np.uint8)
    while len(raw) < degree:
        raw = np.frombuffer(stream.digest(count), np.uint8)
        raw = raw[raw < 255]
        count *= 2
    return raw[:degree].astype(np.int64) % 3 - 1


def errors(*shape: int) -> Integers:
    """Fresh errors: the difference of two binomials of 21 bits each, a - b. Counted in one go, as the ones of
    b and the zeros of b are 21.
    """
    lower = (1 << ERROR_BITS) - 1
    both = _words(*shape) & np.uint64((lower << ERROR_BITS) | lower)
    return _ones(both ^ np.uint64(lower << ERROR_BITS)) - ERROR_BITS


def masks(*shape: int, draw: Callable[[int], bytes] = os.urandom) -> Integers:
    """Fresh multipliers: uniform in [-2**27, 2**27); `draw` gives so many fresh bytes."""
    count = int(np.prod(shape))
    words = np.frombuffer(draw(4 * count), "<i4").astype(np.int64)
    return (words >> (32 - MASK_BITS)).reshape(shape)


def flood(ring: Ring, bits: int, count: int, *, draw: Callable[[int], bytes] = os.urandom) -> Residues:
    """`count` fresh numbers, uniform in [-2**bits, 2**bits), as residues (L, count). `bits` is 64 to 126."""
    low, high = _words(count, draw=draw), _words(count, draw=draw) >> np.uint64(127 - bits)
    result = np.empty((len(ring.primes), count), np.uint64)
    for place, prime in enumerate(ring.primes):
        weight = np.full(count, pow(2, 64, prime), np.uint64)
        from_high = multiply_mod(high % np.uint64(prime), weight, prime)
        total = low % np.uint64(prime) + from_high + np.uint64(prime - pow(2, bits, prime))
        result[place] = total % np.uint64(prime)
    return result


def _words(*shape: int, draw: Callable[[int], bytes] = os.urandom) -> Residues:
    return np.frombuffer(draw(8 * int(np.prod(shape))), "<u8").reshape(shape)


def _ones(words: Residues) -> Integers:
    """How many bits are set in each word."""
    a, b, c = (np.uint64(m) for m in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F))
    words = words - ((words >> np.uint64(1)) & a)
    words = (words & b) + ((words >> np.uint64(2)) & b)
    words = (words + (words >> np.uint64(4))) & c
    return ((words * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)
