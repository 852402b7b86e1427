"""Linear regression by squared loss, with bias: one or more numbers from each row."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.fixed_point import check_finite
from openmined_syft.models.family import LinearFamily, Matrix


@dataclass(frozen=True)
class Linear(LinearFamily):
    """f(W) = ||X W - Y||^2 / (2 n)."""

    name: ClassVar[str] = "linear"
    curvature: ClassVar[float] = 1.0
    target_offset: ClassVar[float] = 0.0

    def targets(self, y: ArrayLike) -> Matrix:
        """Numbers, shape (n,) or (n, k), as (n, k).

        Raises:
            ShapeError, NotFiniteError: not that many finite numbers.
        """
        try:
            numbers = np.asarray(y, np.float64)
        except (TypeError, ValueError):
            raise ShapeError("the targets of a linear model must be numbers") from None
        if numbers.ndim == 1 and self.n_outputs == 1:
            numbers = numbers[:, None]
        if numbers.ndim != 2 or numbers.shape[1] != self.n_outputs:
            raise ShapeError(f"targets have shape {numbers.shape}; needs (n, {self.n_outputs})")
        check_finite(numbers, "y")
        return numbers

    def predict(self, weights: ArrayLike, X: ArrayLike) -> NDArray[Any]:
        """X W: shape (n,) for one output, else (n, k)."""
        scores = self.scores(weights, X)
        return scores[:, 0] if self.n_outputs == 1 else scores
