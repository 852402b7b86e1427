"""The quadratic problem a training rule solves or improves on. Plain floats, one mine's records.

    f(W) = curvature / (2 n) ||X W||^2 - <X W, T> / n + l2 / 2 ||P W||^2

Squared loss is this with curvature 1 and T = Y. Logistic loss with its gradient's sigmoid replaced by the
first Taylor terms, s(z) = 1/2 + z/4, is this with curvature 1/4 and T = Y - 1/2. P leaves out the bias.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from openmined_syft.arithmetic import gram, largest_eigenvalue, pulled

Matrix = NDArray[np.float64]


class Quadratic(Protocol):
    """What a rule may ask of a problem, however much of it is known: records, or a noised release of their
    sums (`openmined_syft.privacy.ReleasedProblem`).
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the shape of the weights."""
        ...

    @property
    def rows(self) -> int:
        """How many records there are, or about how many; 1 or more."""
        ...

    def hessian(self, l2: float) -> Matrix:
        """curvature X'X / n + (penalty + l2) P, shape (d, d)."""
        ...

    def pull(self) -> Matrix:
        """X'T / n, shape (d, k): minus the gradient at W = 0."""
        ...

    def step_size(self, hessian: Matrix, wanted: float | None) -> float:
        """How far to go along the gradient; `wanted` is the spec's, None for 1/L."""
        ...

    def batches(self, size: int, seed: int, epoch: int) -> Iterable[Self]:
        """One epoch's steps, `size` records at a time, in an order of its own."""
        ...


@dataclass(frozen=True, eq=False)
class Problem:
    """One mine's rows.

    Attributes:
        X: shape (n, d), n >= 1, the last column is the bias (all ones).
        T: shape (n, k), the pull of the targets.
        curvature: second derivative of the loss in X W.
        penalty: the model family's own l2, added to the rule's.
    """

    X: Matrix
    T: Matrix
    curvature: float
    penalty: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the shape of the weights."""
        return self.X.shape[1], self.T.shape[1]

    @property
    def rows(self) -> int:
        """n."""
        return len(self.X)

    def hessian(self, l2: float) -> Matrix:
        """curvature X'X / n + (penalty + l2) P, shape (d, d)."""
        result: Matrix = gram(self.X) * (self.curvature / len(self.X))
        penalised = np.arange(len(result) - 1)
        result[penalised, penalised] += self.penalty + l2
        return result

    def pull(self) -> Matrix:
        """X'T / n, shape (d, k): minus the gradient at W = 0."""
        result: Matrix = pulled(self.X, self.T) / len(self.X)
        return result

    def step_size(self, hessian: Matrix, wanted: float | None) -> float:
        """`wanted`, or 1/L of this very matrix."""
        return 1.0 / largest_eigenvalue(hessian) if wanted is None else wanted

    def batches(self, size: int, seed: int, epoch: int) -> Iterator["Problem"]:
        """All rows, `size` at a time; the last has what is left."""
        order = _order(len(self.X), seed, epoch)
        for first in range(0, len(order), size):
            part = order[first : first + size]
            yield Problem(self.X[part], self.T[part], self.curvature, self.penalty)


def _order(rows: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """A permutation of the rows: sorted by SHAKE-256 numbers, so that every version of numpy gives the
    same.
    """
    stream = hashlib.shake_256(f"openmined/mini_batch/1/{seed}/{epoch}".encode()).digest(8 * rows)
    return np.argsort(np.frombuffer(stream, "<u8"), kind="stable")
