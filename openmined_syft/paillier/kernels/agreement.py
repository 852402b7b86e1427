"""Whether powers that somebody else computed are right, for the price of one more: a machine that is broken,
or lies, shall cost time and decide nothing.

The test of Bellare, Garay and Rabin 1998 ("Fast batch verification for modular exponentiation and digital
signatures", section 3.3): with random s_i the product of r_i^s_i must be the power of the product of b_i^s_i.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import gmpy2

from openmined_syft.paillier.kernels.interface import Kernel

BITS = 40
"""Of the random factors: wrong powers pass once in 2^40 times."""


def agree(kernel: Kernel, bases: Sequence[int], powers: Sequence[int], exponent: int, modulus: int) -> bool:
    """Whether `powers` are those of `bases`, each below the modulus.

    A power that is wrong by a factor of small order, such as -1, passes half of the time. That factor changes
    no noise (for an odd n each such number is an n-th power itself), and `decrypt_integers` sees it by the
    residue modulo the prime.
    """
    m = gmpy2.mpz(modulus)
    if len(bases) != len(powers) or not all(0 < power < m for power in powers):
        return False
    asked = answered = gmpy2.mpz(1)
    for base, power in zip(bases, powers, strict=True):
        factor = secrets.randbits(BITS)
        asked = asked * gmpy2.powmod(base, factor, m) % m
        answered = answered * gmpy2.powmod(power, factor, m) % m
    (expected,) = kernel.powers([asked], exponent, modulus)
    return bool(expected == answered)
