"""Two-class logistic regression with the sigmoid's first Taylor terms, s(z) = 1/2 + z/4, with bias."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.models.family import LinearFamily, Matrix, class_indices


@dataclass(frozen=True)
class Logistic(LinearFamily):
    """Gradient X'(1/2 + X w / 4 - y) / n: affine in w, equal to the logistic gradient to first order around z
    = 0.
    """

    name: ClassVar[str] = "logistic"
    curvature: ClassVar[float] = 0.25
    target_offset: ClassVar[float] = 0.5
    most_outputs: ClassVar[int] = 1

    def targets(self, y: ArrayLike) -> Matrix:
        """Class indices 0 and 1, shape (n,), as (n, 1).

        Raises:
            ShapeError, LabelError: anything else.
        """
        return class_indices(y, 2).astype(np.float64)[:, None]

    def predict(self, weights: ArrayLike, X: ArrayLike) -> NDArray[Any]:
        """Class indices, shape (n,); a score of exactly 0 is class 0."""
        return (self.scores(weights, X)[:, 0] > 0).astype(np.int64)
