"""The quadratic problem a training rule solves or improves on. Plain floats, one mine's rows.

    f(W) = curvature / (2 n) ||X W||^2 - <X W, T> / n + l2 / 2 ||P W||^2

Squared loss is this with curvature 1 and T = Y. Logistic loss with its gradient's sigmoid replaced by the
first Taylor terms, s(z) = 1/2 + z/4, is this with curvature 1/4 and T = Y - 1/2. P leaves out the bias.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


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

    def hessian(self, l2: float) -> Matrix:
        """curvature X'X / n + (penalty + l2) P, shape (d, d)."""
        gram: Matrix = self.X.T @ self.X * (self.curvature / len(self.X))
        penalised = np.arange(len(gram) - 1)
        gram[penalised, penalised] += self.penalty + l2
        return gram

    def pull(self) -> Matrix:
        """X'T / n, shape (d, k): minus the gradient at W = 0."""
        result: Matrix = self.X.T @ self.T / len(self.X)
        return result
