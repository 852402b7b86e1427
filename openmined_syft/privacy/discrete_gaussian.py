"""Exact samples of the discrete Gaussian, from whole numbers and the operating system's randomness only.

    P(X = x) proportional to exp(-x^2 / (2 sigma^2)),  x = ..., -1, 0, 1, ...

Algorithms 1 to 3 of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020). No
floating-point number takes part, so no low bits can show what was noised (Mironov 2012). The time of a draw
depends on what is drawn (Jin et al. 2021): whoever calls this must not do so on a clock that others can read.
"""

import math
import os
from typing import Protocol

from openmined_syft.errors import PrivacyError

_BLOCK = 1 << 14


class Randomness(Protocol):
    """Where uniform numbers come from."""

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound), bound >= 1."""
        ...


class SystemRandomness:
    """The operating system's, read in blocks: a call for each number would take most of the time."""

    def __init__(self) -> None:
        self._block = b""
        self._at = 0

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound), by rejection."""
        bits = (bound - 1).bit_length()
        octets = (bits + 7) >> 3
        if not octets:
            return 0
        surplus = 8 * octets - bits
        while True:
            if self._at + octets > len(self._block):
                self._block, self._at = os.urandom(max(_BLOCK, octets)), 0
            value = int.from_bytes(self._block[self._at : self._at + octets], "big") >> surplus
            self._at += octets
            if value < bound:
                return value


def sample_discrete_gaussian(variance: int, randomness: Randomness) -> int:
    """One sample; `variance` is sigma^2, a whole number of 1 or more.

    Raises:
        PrivacyError: any other variance.
    """
    if isinstance(variance, bool) or not isinstance(variance, int) or variance < 1:
        raise PrivacyError(
            f"the variance of discrete Gaussian noise is {variance!r}; needs an integer from 1 on"
        )
    scale = math.isqrt(variance) + 1
    bottom = 2 * variance * scale * scale
    while True:
        value = _discrete_laplace(scale, randomness)
        if _bernoulli_exp((abs(value) * scale - variance) ** 2, bottom, randomness):
            return value


def _discrete_laplace(scale: int, randomness: Randomness) -> int:
    """P(X = x) proportional to exp(-|x| / scale)."""
    while True:
        rest = randomness.below(scale)
        if not _bernoulli_exp(rest, scale, randomness):
            continue
        whole = 0
        while _bernoulli_exp(1, 1, randomness):
            whole += 1
        size, negative = rest + scale * whole, randomness.below(2)
        if not negative:
            return size
        if size:  # zero is drawn with one sign only
            return -size


def _bernoulli_exp(top: int, bottom: int, randomness: Randomness) -> bool:
    """True with probability exp(-top / bottom), exactly."""
    while top > bottom:
        if not _bernoulli_exp(1, 1, randomness):
            return False
        top -= bottom
    count = 1
    while randomness.below(bottom * count) < top:
        count += 1
    return count & 1 == 1
