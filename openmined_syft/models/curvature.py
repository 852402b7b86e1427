"""From the slope of a network's loss to steps that a contract pays for: Gauss-Newton with damping, in plain
floats.

A campaign's model only moves when a step raises the measured accuracy, so it climbs greedily, and a mine
gives one slope a visit. Along the slope itself, or Adam's version of it, such a climb comes to rest early.
Bent by the curvature of the squared error on Capsule's own rows it gets there; how often and how soon, on
digits with three mines, is shown by `python -m benchmarks.studies.climbs`.

The curvature is the Gauss-Newton matrix G = J'J / n, J the derivative of the scores; it needs rows but no
labels. (G + damping I) d = -slope is solved by conjugate gradients (Hestenes and Stiefel 1952) without
forming G.

The slope is rounded first. What decryption adds to it, some millionths of the largest entry, depends on the
secret key (Li and Micciancio 2021) and shall not get into weights that others will see.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.fixed_point import as_matrix
from openmined_syft.models.network import SquareNetwork

DAMPINGS = (0.01, 0.1, 1.0)
MOST_ROWS = 1024  # more do not bend it better, and a step shall take no longer than a second
MOST_ROUNDS = 60
NOTHING = 1e-200  # so small that its grid would be no float any more
SLOPE_BITS = 14  # a decrypted slope is right to about 20
ENOUGH = 1e-12  # of the squared residual

Matrix = NDArray[np.float64]


def curved_steps(
    network: SquareNetwork, weights: ArrayLike, slope: ArrayLike, X: ArrayLike
) -> Mapping[float, Matrix]:
    """What to add to the weights, (P + Q, H), for each damping in increasing order.

    Args:
        weights, slope: (P + Q, H), at the same version or nearly.
        X: rows the curvature is taken on, (n, n_features).

    Raises:
        ShapeError, NotFiniteError: they do not fit.
    """
    first, second = network.split(weights)
    down = -_rounded(as_matrix(slope, "slope", network.weights_shape)) * network.used
    rows = network.design(X)
    if not len(rows):
        raise ShapeError("the curvature needs at least one row")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(np.int64)]
    hidden = rows @ first
    activity, bend = hidden**2, 2 * hidden

    def curved(step: Matrix) -> Matrix:
        """G step."""
        one, two = step[: network.inputs_padded], step[network.inputs_padded :].T
        scores = (bend * (rows @ one)) @ second + activity @ two
        back_one = rows.T @ (bend * (scores @ second.T))
        back_two = scores.T @ activity
        result: Matrix = np.vstack([back_one, back_two]) / len(rows) * network.used
        return result

    def solved(damping: float) -> Matrix:
        step, left = np.zeros_like(down), down.copy()
        along, size = left.copy(), float((left**2).sum())
        goal = ENOUGH * size
        for _ in range(MOST_ROUNDS):
            if size <= goal:
                break
            image = curved(along) + damping * along
            length = size / float((along * image).sum())
            step += length * along
            left -= length * image
            before, size = size, float((left**2).sum())
            along = left + size / before * along
        return step

    return {damping: solved(damping) for damping in DAMPINGS}


def _rounded(slope: Matrix) -> Matrix:
    """To SLOPE_BITS bits below the largest entry, on a grid of a power of two."""
    largest = float(np.abs(slope).max())
    if largest < NOTHING:
        return np.zeros_like(slope)
    grid = np.ldexp(1.0, int(np.frexp(largest)[1]) - SLOPE_BITS)
    result: Matrix = np.rint(slope / grid) * grid
    return result
