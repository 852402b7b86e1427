"""Cosine and logarithm by one series each, in float64 and in one order."""

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

TURN = 6.283185307179586
_LN2 = 0.6931471805599453
_EVEN = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(12))
_ODD = tuple(1.0 / (2 * k + 1) for k in range(13))


def cosine(turns: Numbers) -> Numbers:
    """cos(2 pi x) of numbers of turns: within some 10^-15.

    Whole turns are taken off, |x| above a quarter is mirrored to a half less |x| with the other sign, and the
    series has 12 terms in (2 pi x)^2, the last one first (Horner).
    """
    part = np.abs(turns - np.rint(turns))
    mirrored = part > 0.25
    angle: Numbers = np.where(mirrored, 0.5 - part, part) * TURN
    value = _horner(np.square(angle), _EVEN)
    result: Numbers = np.where(mirrored, -value, value)
    return result


def logarithm(numbers: Numbers) -> Numbers:
    """ln x of positive numbers: m 2^e with m from 1/2 to 1 (doubled, and e one less, where m^2 < 1/2), then
    e ln 2 + 2 s (1 + s^2 / 3 + s^4 / 5 + ... + s^24 / 25), s = (m - 1) / (m + 1), the last term first.
    """
    mantissa, exponent = np.frexp(numbers)
    small = mantissa * mantissa < 0.5
    mantissa = np.where(small, 2.0 * mantissa, mantissa)
    power = np.where(small, exponent - 1, exponent).astype(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    result: Numbers = power * _LN2 + 2.0 * s * _horner(np.square(s), _ODD)
    return result


def _horner(x: Numbers, terms: tuple[float, ...]) -> Numbers:
    value = np.full_like(x, terms[-1])
    for term in terms[-2::-1]:
        value = value * x + term
    return value
