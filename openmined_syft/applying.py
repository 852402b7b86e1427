"""What Capsule does with a decrypted gradient: check its size and take a step along it. Plain floats only."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import BoundError, ParameterError
from openmined_syft.fixed_point import as_matrix
from openmined_syft.layout import WEIGHT_BITS

Weights = NDArray[np.float64]


def quantised(weights: ArrayLike, weight_bits: int = WEIGHT_BITS) -> Weights:
    """The weights as they come back from encryption: rounded to multiples of 2**-weight_bits, ties to
    even.
    """
    matrix = as_matrix(weights, "weights")
    result: Weights = np.ldexp(np.rint(np.ldexp(matrix, weight_bits)), -weight_bits)
    return result


def difference_norm(difference: ArrayLike) -> float:
    """Euclidean norm of all entries of a (d, k) difference."""
    return float(np.linalg.norm(as_matrix(difference, "difference")))


def check_norm(difference: ArrayLike, limit: float) -> None:
    """Refuse a difference that is longer than the spec allows.

    Raises:
        BoundError: its Euclidean norm is above `limit`.
    """
    norm = difference_norm(difference)
    if not norm <= limit:
        raise BoundError(f"the difference has norm {norm:.6g}; the spec allows {limit:.6g}")


def candidate(
    weights: ArrayLike,
    difference: ArrayLike,
    step: float,
    *,
    weight_bound: float,
    weight_bits: int = WEIGHT_BITS,
) -> Weights:
    """weights + step * difference, rounded to the model's scale, so that what is measured is what is
    encrypted.

    Args:
        weights, difference: shape (d, k) each.
        step: a positive factor from the spec's step set.
        weight_bound: largest absolute value a weight may have.

    Raises:
        ShapeError, NotFiniteError: the two do not fit, or hold no finite numbers.
        ParameterError: the step is not positive and finite.
        BoundError: a weight would be above the bound; it is refused, not clipped.
    """
    base = as_matrix(weights, "weights")
    move = as_matrix(difference, "difference", (base.shape[0], base.shape[1]))
    if not (np.isfinite(step) and step > 0):
        raise ParameterError(f"step is {step}; it must be positive and finite")
    result = quantised(base + float(step) * move, weight_bits)
    if result.size and np.abs(result).max() > weight_bound:
        place = tuple(int(i) for i in np.argwhere(np.abs(result) > weight_bound)[0])
        raise BoundError(
            f"weight {list(place)} would be {result[place]:.6g}; the bound is {weight_bound:.6g}"
        )
    return result
