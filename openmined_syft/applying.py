"""What Capsule does with a decrypted gradient: hold its length down, take a step along it. Plain floats."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ParameterError
from openmined_syft.fixed_point import WEIGHT_BITS, as_matrix

Weights = NDArray[np.float64]


def quantised(weights: ArrayLike, weight_bits: int = WEIGHT_BITS) -> Weights:
    """The weights as they come back from encryption: rounded to multiples of 2**-weight_bits, ties to
    even.
    """
    matrix = as_matrix(weights, "weights")
    result: Weights = np.ldexp(np.rint(np.ldexp(matrix, weight_bits)), -weight_bits)
    return result


def clipped(difference: ArrayLike, limit: float) -> Weights:
    """The difference, or if it is longer than `limit` the one of that length in the same direction.

    Norm clipping, as federated learning does it: one mine cannot throw the model far off. It is not refused,
    because a mine cannot see how long the gradient is that it has encrypted, and a small limit in a spec
    would burn honest stakes.

    Args:
        difference: shape (d, k).
        limit: positive Euclidean norm.

    Raises:
        ShapeError, NotFiniteError: it is not a matrix of finite numbers.
        ParameterError: the limit is not positive and finite.
    """
    matrix = as_matrix(difference, "difference")
    if not (np.isfinite(limit) and limit > 0):
        raise ParameterError(f"the limit of the norm is {limit}; it must be positive and finite")
    largest = float(np.abs(matrix).max(initial=0.0))
    if largest == 0.0:
        return matrix
    direction = matrix / largest  # so that the squares of very large entries stay finite
    length = float(np.linalg.norm(direction))
    if largest <= limit / length:
        return matrix
    result: Weights = direction * (limit / length)
    return result


def candidate(
    weights: ArrayLike,
    difference: ArrayLike,
    step: float,
    *,
    weight_bits: int = WEIGHT_BITS,
) -> Weights:
    """weights + step * difference, rounded to the model's scale, so that what is measured is what is
    encrypted.

    Args:
        weights, difference: shape (d, k) each.
        step: a positive factor from the spec's step set.

    Raises:
        ShapeError, NotFiniteError: the two do not fit, or hold no finite numbers.
        ParameterError: the step is not positive and finite.
    """
    base = as_matrix(weights, "weights")
    move = as_matrix(difference, "difference", (base.shape[0], base.shape[1]))
    if not (np.isfinite(step) and step > 0):
        raise ParameterError(f"step is {step}; it must be positive and finite")
    return quantised(base + float(step) * move, weight_bits)
