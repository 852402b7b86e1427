"""The logarithmic loss in whole numbers: the same scores cost the same on every machine, which libraries'
exp and log do not promise.

Probabilities are the softmax of a model's scores. With k classes and d their distances to the largest score
of a row, in bits, the row costs d_right + log2(sum over the classes of 2^-d). All are multiples of 2^-22, cut
down.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from openmined_syft.fixed_point import WEIGHT_BITS

Whole = NDArray[np.int64]

_ONE = 1 << 30
_HALF = WEIGHT_BITS // 2
_PLACES = 1 << _HALF
_MOST = 1 << (14 + WEIGHT_BITS)
"""A row costs no more than a difference of 2^14, which a ppm of a thousand rows is far below."""
_LOG2_E = 24_204_406  # floor(log2(e) 2^24)
_LOG2_E_BITS = 24
_ROOTS = (
    759250125, 902905651, 984625594, 1028218693, 1050733751, 1062175491, 1067942999, 1070838486,
    1072289173, 1073015252, 1073378477, 1073560135, 1073650976, 1073696399, 1073719111, 1073730468,
    1073736146, 1073738985, 1073740404, 1073741114, 1073741469, 1073741647,
)  # fmt: skip
"""round(2^30 2^(-2^-i)) for i = 1, ..., 22."""


def log_loss_ratio(y_true: NDArray[np.float64], scores: NDArray[np.float64]) -> tuple[int, int]:
    """What the rows cost together, and what they cost a model that gives every class the same score.

    Args:
        y_true: class indices, shape (n,).
        scores: shape (n, k), finite; one column is of class 1, with 0 for class 0.
    """
    columns = scores if scores.shape[1] > 1 else np.hstack([np.zeros_like(scores), scores])
    whole = np.clip(np.rint(np.ldexp(columns, WEIGHT_BITS)), -(2.0**60), 2.0**60).astype(np.int64)
    behind = np.minimum(whole.max(axis=1, keepdims=True) - whole, _MOST)
    bits = (behind * _LOG2_E) >> _LOG2_E_BITS
    right = bits[np.arange(len(bits)), y_true.astype(np.int64)]
    costs = right + _log2(_power(bits).sum(axis=1))
    even = int(_log2(np.array([columns.shape[1] * _ONE]))[0])
    return int(costs.sum()), len(bits) * even


def _power(bits: Whole) -> Whole:
    """2^-bits as multiples of 2^-30; `bits` are multiples of 2^-22, not negative."""
    shift, high, low = bits >> WEIGHT_BITS, (bits >> _HALF) & (_PLACES - 1), bits & (_PLACES - 1)
    first, second = _tables()
    return np.asarray(((first[high] * second[low]) >> 30) >> np.minimum(shift, 62), np.int64)


@cache
def _tables() -> tuple[Whole, Whole]:
    """2^-x for the upper and the lower eleven bits of a fraction: products of roots, cut down to 2^-30."""
    halves = []
    for roots in (_ROOTS[:_HALF], _ROOTS[_HALF:]):
        values = np.full(_PLACES, _ONE, np.int64)
        for place, root in enumerate(reversed(roots)):
            used = (np.arange(_PLACES) >> place) & 1 == 1
            values = np.where(used, (values * root) >> 30, values)
        halves.append(values)
    return halves[0], halves[1]


def _log2(values: Whole) -> Whole:
    """log2 of multiples of 2^-30 from 1 to 2^30, as multiples of 2^-22: one bit for each squaring."""
    shift = np.array([int(value).bit_length() - 31 for value in values.tolist()], np.int64)
    mantissa, result = values >> shift, shift
    for _ in range(WEIGHT_BITS):
        mantissa = (mantissa * mantissa) >> 30
        over = (mantissa >= 2 * _ONE).astype(np.int64)
        mantissa, result = mantissa >> over, 2 * result + over
    return np.asarray(result, np.int64)
