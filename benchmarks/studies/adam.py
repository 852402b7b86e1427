"""Adam (Kingma and Ba 2015): slopes into differences of weights, for training without a contract.

Not what a campaign does: see `curvature`. Plain numbers; the state is a value, a step gives a new one.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import NotFiniteError, ParameterError, ShapeError
from openmined_syft.fixed_point import as_matrix

Matrix = NDArray[np.float64]

_SMALLEST_DIVISOR = 1e-6


@dataclass(frozen=True, eq=False)
class Adam:
    """The optimiser after `steps` gradients.

    Attributes:
        rate: length of a step for each weight, about; above 0, at most 1.
        first, second: how much of the running means of gradients and of their squares stays, 0 to below 1.
        steps: gradients seen.
        mean, square: the two running means, shape of the weights; None before the first gradient.

    Raises:
        ParameterError: a number is out of range.
    """

    rate: float = 0.03
    first: float = 0.9
    second: float = 0.99
    steps: int = 0
    mean: Matrix | None = None
    square: Matrix | None = None

    def __post_init__(self) -> None:
        if not (0 < self.rate <= 1 and 0 <= self.first < 1 and 0 <= self.second < 1):
            raise ParameterError(
                f"Adam with rate {self.rate}, {self.first} and {self.second}; needs numbers from 0 to 1"
            )

    def stepped(self, gradient: ArrayLike) -> tuple[Matrix, "Adam"]:
        """What to add to the weights, and the optimiser after this gradient.

        Raises:
            ShapeError, NotFiniteError: no finite matrix of the shape of the gradients before.
        """
        slope = as_matrix(gradient, "gradient")
        mean = np.zeros_like(slope) if self.mean is None else self.mean
        square = np.zeros_like(slope) if self.square is None else self.square
        if slope.shape != mean.shape:
            raise ShapeError(f"a gradient of shape {slope.shape} after ones of {mean.shape}")
        steps = self.steps + 1
        mean = self.first * mean + (1 - self.first) * slope
        square = self.second * square + (1 - self.second) * slope**2
        if not np.isfinite(square).all():
            raise NotFiniteError("the squares of the gradient are too large for a float")
        shown = mean / (1 - self.first**steps)
        spread = np.sqrt(square / (1 - self.second**steps))
        difference: Matrix = -self.rate * shown / (spread + _SMALLEST_DIVISOR)
        for matrix in (mean, square):
            matrix.setflags(write=False)
        return difference, replace(self, steps=steps, mean=mean, square=square)
