"""One Taylor-1 logistic regression for each class against all others, with bias; the highest score wins."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.models.family import LinearFamily, Matrix, class_indices


@dataclass(frozen=True)
class OneVsRest(LinearFamily):
    """`n_outputs` classes, 2 or more. All columns share one matrix A, so classes are trained side by side in
    slots.
    """

    name: ClassVar[str] = "one_vs_rest"
    curvature: ClassVar[float] = 0.25
    target_offset: ClassVar[float] = 0.5
    fewest_outputs: ClassVar[int] = 2

    def targets(self, y: ArrayLike) -> Matrix:
        """Class indices, shape (n,), as one-hot rows (n, k).

        Raises:
            ShapeError, LabelError: anything else.
        """
        return np.eye(self.n_outputs)[class_indices(y, self.n_outputs)]

    def predict(self, weights: ArrayLike, X: ArrayLike) -> NDArray[Any]:
        """Class indices, shape (n,); of equal scores the lowest index wins."""
        return np.asarray(self.scores(weights, X).argmax(axis=1), np.int64)
