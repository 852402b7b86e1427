"""Integers to multiples of Q / 2^slot_bits modulo Q and back. Vectors of residues; no keys."""

import numpy as np

from openmined_syft.lattice.ring import Integers, Residues, Ring, multiply_mod

_DIGIT = 10  # y 2^10 fits 64 bits for y below 2^54
_GUARD = 10  # bits computed below the last one, so that the sum of three floors rounds rightly


def scaled(ring: Ring, values: Integers, slot_bits: int) -> Residues:
    """round(Q v / 2^slot_bits) for signed integers v (n,) below 2^(slot_bits - 1): residues (L, n).

    Q v = 2^slot_bits * that + rest, the rest in [-2^(slot_bits - 1), 2^(slot_bits - 1)); as Q v is 0 modulo
    each prime, the residue is -rest / 2^slot_bits.
    """
    up = np.uint64(64 - slot_bits)
    product = (values.view(np.uint64) * np.uint64(ring.modulus % (1 << 64))) << up
    rest = product.view(np.int64) >> np.int64(64 - slot_bits)
    result = np.empty((len(ring.primes), len(values)), np.uint64)
    for place, prime in enumerate(ring.primes):
        inverse = np.full(len(values), prime - pow(1 << slot_bits, -1, prime), np.uint64)
        result[place] = multiply_mod(np.mod(rest, prime).astype(np.uint64), inverse, prime)
    return result


def to_power_of_two(ring: Ring, residues: Residues, bits: int) -> tuple[Residues, Residues]:
    """round(2^bits x / Q) modulo 2^bits for x given by residues (L, n): the low 64 bits, and those above.

    x / Q is the sum of y_l / q_l modulo 1, with y_l = x / (Q / q_l) modulo q_l. Each is divided out to ten
    bits more than asked for; bits is 55 to 118.
    """
    low, high = (np.zeros(residues.shape[-1], np.uint64) for _ in range(2))
    for place, prime in enumerate(ring.primes):
        inverse = np.full(residues.shape[-1], pow(ring.modulus // prime, -1, prime), np.uint64)
        rest, digits = multiply_mod(residues[place], inverse, prime), bits + _GUARD
        part_low, part_high = (np.zeros_like(low) for _ in range(2))
        while digits:
            step = min(_DIGIT, digits)
            shifted = rest << np.uint64(step)
            digit = shifted // np.uint64(prime)
            rest = shifted - digit * np.uint64(prime)
            part_high = (part_high << np.uint64(step)) | (part_low >> np.uint64(64 - step))
            part_low = (part_low << np.uint64(step)) | digit
            digits -= step
        low, high = _sum(low, high, part_low, part_high)
    half = np.full_like(low, 1 << (_GUARD - 1))
    low, high = _sum(low, high, half, np.zeros_like(low))
    low, high = (low >> np.uint64(_GUARD)) | (high << np.uint64(64 - _GUARD)), high >> np.uint64(_GUARD)
    if bits <= 64:
        return low & np.uint64((1 << bits) - 1), np.zeros_like(high)
    return low, high & np.uint64((1 << (bits - 64)) - 1)


def _sum(low: Residues, high: Residues, other: Residues, above: Residues) -> tuple[Residues, Residues]:
    total = low + other
    return total, high + above + (total < other).astype(np.uint64)


def from_words(ring: Ring, low: Residues, high: Residues, primes: int) -> Residues:
    """Numbers of up to 118 bits as residues modulo the first primes: (primes, n)."""
    result = np.empty((primes, len(low)), np.uint64)
    for place, prime in enumerate(ring.primes[:primes]):
        weight = np.full(len(low), pow(2, 64, prime), np.uint64)
        above = multiply_mod(high % np.uint64(prime), weight, prime)
        result[place] = (low % np.uint64(prime) + above) % np.uint64(prime)
    return result


def centred(ring: Ring, residues: Residues) -> list[int]:
    """The integers nearest to 0 with these residues modulo the first two primes, (2, n)."""
    first, second = ring.primes[:2]
    inverse, modulus = pow(first, -1, second), first * second
    half = modulus // 2
    integers = []
    for a, b in zip(residues[0].tolist(), residues[1].tolist(), strict=True):
        x = a + first * ((b - a) * inverse % second)
        integers.append(x - modulus if x > half else x)
    return integers
