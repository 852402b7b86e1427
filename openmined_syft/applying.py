"""What Capsule does with a decrypted gradient: check its size and try steps along it. Plain floats only."""

from collections.abc import Callable

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


def best_candidate(
    weights: ArrayLike,
    difference: ArrayLike,
    steps: list[float],
    score: Callable[[Weights], int],
    *,
    weight_bound: float,
    weight_bits: int = WEIGHT_BITS,
) -> tuple[float, int, Weights] | None:
    """The step with the highest score; of equal scores the smaller step wins.

    Args:
        steps: the spec's step set.
        score: measures weights, in parts per million.

    Returns:
        (step, score, weights), or None if every step would leave the weight bound.
    """
    best: tuple[float, int, Weights] | None = None
    for step in sorted(steps):
        try:
            tried = candidate(weights, difference, step, weight_bound=weight_bound, weight_bits=weight_bits)
        except BoundError:
            break
        value = score(tried)
        if best is None or value > best[1]:
            best = (step, value, tried)
    return best
