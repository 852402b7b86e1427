"""Gradient steps where there are fewer rows than inputs: by the few directions in which the rows differ.

With Z the rows and, below them, the unit row of the bias, the matrix of second derivatives is lam I + Z' D Z:
D has curvature / n for each row, and -lam for the bias, which is not penalised. A step, and steps one after
another, are then W -> a W + Z' M Z W + Z' C, and only a, M (n + 1, n + 1) and C (n + 1, k) change:

    (a, M, C), then (b, N, E)  =  (a b,  a N + b M + N G M,  b C + N G C + E),   G = Z Z'

without a product of two d x d matrices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openmined_syft.affine import AffineMap
from openmined_syft.arithmetic import SQUARINGS, product, scaled_down
from openmined_syft.rules.problem import Matrix, Problem

Vector = NDArray[np.float64]


class _Steps(NamedTuple):
    keep: float
    inner: Matrix
    offset: Matrix

    def then(self, after: "_Steps", gram: Matrix) -> "_Steps":
        pushed = product(after.inner, gram)
        inner = (self.keep * after.inner + after.keep * self.inner) + product(pushed, self.inner)
        offset = (after.keep * self.offset + product(pushed, self.offset)) + after.offset
        return _Steps(self.keep * after.keep, inner, offset)


def thin_steps(problem: Problem, l2: float, rate: float | None, steps: int, damping: float) -> AffineMap:
    """The map of `steps` steps, as `GradientDescent.visit` has it: equal but for rounding.

    Args:
        rate: None for one over the largest eigenvalue.

    Raises:
        NotFiniteError: the steps diverge beyond float64.
    """
    rows, inputs = problem.X.shape
    lam, share = problem.penalty + l2, problem.curvature / rows
    spanning = np.vstack([problem.X, np.zeros((1, inputs))])
    spanning[-1, -1] = 1.0
    gram = product(spanning, spanning.T)
    weights = np.full(rows + 1, share)
    weights[-1] = -lam
    if rate is None:
        rate = 1.0 / max(lam, _largest_eigenvalue(gram, weights, lam))
    offset = np.zeros((rows + 1, problem.T.shape[1]))
    offset[:-1] = problem.T * (rate / rows)
    with np.errstate(over="ignore", invalid="ignore"):
        power = _Steps(1.0 - rate * lam, np.diag(-(rate * weights)), offset)
        done = _Steps(1.0, np.zeros_like(power.inner), np.zeros_like(offset))
        while steps:
            if steps & 1:
                done = done.then(power, gram)
            steps >>= 1
            if steps:
                power = power.then(power, gram)
        A = product(spanning.T, product(done.inner, spanning))
        diagonal = np.arange(inputs)
        A[diagonal, diagonal] += done.keep
        return AffineMap(A, product(spanning.T, done.offset)).damped(damping)


def _largest_eigenvalue(gram: Matrix, weights: Vector, lam: float) -> float:
    """Of lam I + Z' D Z in the span of Z: that matrix takes Z' w to Z' K w, K = lam I + D G. As of
    `arithmetic.largest_eigenvalue`, K^1024 has the vector: its column whose entry of G K^1024 is largest.
    """
    step = weights[:, None] * gram
    places = np.arange(len(step))
    step[places, places] += lam
    power = step
    for _ in range(SQUARINGS):
        power = scaled_down(product(power, power))
    vector = power[:, [int(np.diag(product(gram, power)).argmax())]]
    seen = product(gram, vector).T
    return float(product(seen, product(step, vector))[0, 0]) / float(product(seen, vector)[0, 0])
