"""What a release costs, in zero-concentrated differential privacy (Bun and Steinke 2016), as exact fractions.

A mechanism is rho-zCDP if the Renyi divergence of order alpha between its outputs on two neighbouring data
sets is at most rho alpha, for every alpha > 1. Costs of releases add up, in any order. Neighbours here: one
data set is the other with one record more.

Only when a cost is shown, or a limit is read, does it become (epsilon, delta), by Canonne, Kamath and Steinke
(2020), corollary 13:

    epsilon = min over alpha > 1 of  rho alpha + log(1 / (alpha delta)) / (alpha - 1) + log(1 - 1 / alpha)

Every alpha gives a true statement, so an inexact minimum can only say too much.
"""

import functools
import math
from fractions import Fraction

from openmined_syft.errors import PrivacyError

RHO_BITS = 40
"""Prices are multiples of 2^-40, so that they have short exact names."""
SMALLEST_RHO = Fraction(1, 1 << RHO_BITS)
LARGEST_RHO = Fraction(1 << 20)
LARGEST_EPSILON = 1e5
_STEPS = 200
_SLACK = 1 + 1e-9  # far more than float64 is off by


def require_epsilon(epsilon: object, what: str = "epsilon") -> float:
    """A positive finite number.

    Raises:
        PrivacyError: anything else: 0 would allow nothing, infinity everything.
    """
    good = isinstance(epsilon, int | float) and not isinstance(epsilon, bool)
    if not good or not math.isfinite(epsilon) or not 0 < epsilon <= LARGEST_EPSILON:  # type: ignore[arg-type, operator]
        raise PrivacyError(f"{what} is {epsilon!r}; needs a number above 0, up to {LARGEST_EPSILON:g}")
    return float(epsilon)  # type: ignore[arg-type]


def require_delta(delta: object, rows: int | None = None) -> float:
    """A chance that is worth the name: above 0, and at most 1/rows.

    Raises:
        PrivacyError: anything else. With a delta above 1/n even the publication of a random record would do.
    """
    good = isinstance(delta, int | float) and not isinstance(delta, bool)
    if not good or not 1e-300 < delta < 1:  # type: ignore[operator]
        raise PrivacyError(f"delta is {delta!r}; needs a number between 0 and 1, such as 1e-6")
    if rows is not None and delta * rows > 1:  # type: ignore[operator]
        raise PrivacyError(
            f"delta is {delta!r} for {rows} records; needs at most {1 / rows:.1e}, one in that number"
        )
    return float(delta)  # type: ignore[arg-type]


def epsilon_at(rho: Fraction, delta: float) -> float:
    """The smallest epsilon of rho-zCDP at `delta`, rounded up; 0 for rho = 0.

    Raises:
        PrivacyError: rho is negative, or delta is not a probability.
    """
    require_delta(delta)
    if rho < 0:
        raise PrivacyError(f"rho is {rho}; a cost is never negative")
    if rho == 0:
        return 0.0
    cost = math.nextafter(float(rho), math.inf)
    low, high = 1 + 1e-12, max(2.0, math.log(1 / delta) / cost * 2 + 2)
    # The slope in alpha is rho + log(alpha delta) / (alpha - 1)^2: negative before the minimum.
    for _ in range(_STEPS):
        middle = math.sqrt((low - 1) * (high - 1)) + 1
        if cost + math.log(middle * delta) / (middle - 1) ** 2 < 0:
            low = middle
        else:
            high = middle
    best = min(_epsilon_by(alpha, cost, delta) for alpha in (low, high))
    return max(0.0, best) * _SLACK


def rho_for(epsilon: float, delta: float) -> Fraction:
    """The largest multiple of 2^-40 that is at most (epsilon, delta): what a budget or price comes to.

    Raises:
        PrivacyError: epsilon or delta is out of range, or so small that nothing is left.
    """
    return _rho_for(require_epsilon(epsilon), require_delta(delta))


@functools.lru_cache(maxsize=64)
def _rho_for(epsilon: float, delta: float) -> Fraction:
    low, high = 0, int(LARGEST_RHO) << RHO_BITS
    while low < high:
        middle = (low + high + 1) // 2
        if epsilon_at(Fraction(middle, 1 << RHO_BITS), delta) <= epsilon:
            low = middle
        else:
            high = middle - 1
    if not low:
        raise PrivacyError(f"epsilon {epsilon:g} at delta {delta:g} allows nothing; needs a larger epsilon")
    return Fraction(low, 1 << RHO_BITS)


def _epsilon_by(alpha: float, rho: float, delta: float) -> float:
    return rho * alpha - math.log(alpha * delta) / (alpha - 1) + math.log1p(-1 / alpha)
