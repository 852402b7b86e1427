"""Gradient steps where there are fewer rows than inputs: by the few directions in which the rows differ.

The matrix of second derivatives is lam I + S with S of rank n + 1 at most: X'X curvature / n, and -lam for
the bias, which is not penalised. In the span U of the rows and the bias it has n + 1 eigenvalues; beside it
everything is lam. So any function f of it is f(lam) I + U (f(lam + s) - f(lam)) U', without a product of two
d x d matrices.
"""

import numpy as np
from numpy.typing import NDArray

from openmined_syft.affine import AffineMap
from openmined_syft.rules.problem import Matrix, Problem

Vector = NDArray[np.float64]


def thin_steps(problem: Problem, l2: float, rate: float | None, steps: int, damping: float) -> AffineMap:
    """The map of `steps` steps, as `GradientDescent.visit` has it: equal but for rounding.

    Args:
        rate: None for one over the largest eigenvalue.

    Raises:
        NotFiniteError: the steps diverge beyond float64.
    """
    rows, inputs = problem.X.shape
    lam = problem.penalty + l2
    spanning = np.zeros((rows + 1, inputs))
    np.multiply(problem.X, np.sqrt(problem.curvature / rows), out=spanning[:-1])
    spanning[-1, -1] = np.sqrt(lam)
    sign = np.ones(rows + 1)
    sign[-1] = -1.0
    basis, triangle = np.linalg.qr(spanning.T)
    values, vectors = np.linalg.eigh((triangle * sign) @ triangle.T)
    directions = basis @ vectors
    curvatures = np.append(lam + values, lam)  # the last one stands for all beside the span
    step = 1.0 / float(curvatures.max()) if rate is None else rate
    with np.errstate(over="ignore", invalid="ignore"):
        shrinks, sums = (1.0 - step * curvatures) ** steps, _sums(curvatures, step, steps)
        A: Matrix = (directions * (damping * (shrinks[:-1] - shrinks[-1]))) @ directions.T
        diagonal = np.arange(inputs)
        A[diagonal, diagonal] += 1.0 - damping + damping * shrinks[-1]
        pull = problem.pull()
        along = (sums[:-1] - sums[-1])[:, None] * (directions.T @ pull)
        c: Matrix = damping * (sums[-1] * pull + directions @ along)
        return AffineMap(A, c)


def _sums(curvatures: Vector, step: float, steps: int) -> Vector:
    """step * sum over t < steps of (1 - step * curvature)^t, without cancellation where that is small."""
    small = np.abs(step * curvatures) < 0.5
    safe = np.where(small & (curvatures != 0), curvatures, 1.0)
    precise = -np.expm1(steps * np.log1p(-np.where(small, step * safe, 0.0))) / safe
    plain = (1.0 - (1.0 - step * curvatures) ** steps) / np.where(small, 1.0, curvatures)
    result: Vector = np.where(curvatures == 0, step * steps, np.where(small, precise, plain))
    return result
