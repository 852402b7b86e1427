"""The affine map w' = A w + c that a mine's whole training visit amounts to, in plain floats.

Squared loss and Taylor-1 logistic loss have a gradient that is affine in the weights, so any number of
gradient or proximal steps over any number of rows composes to one matrix A and one offset c. This class is
that map, the plaintext twin of the encrypted visit; it knows nothing of ciphertexts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.arithmetic import product
from openmined_syft.errors import ParameterError, ShapeError
from openmined_syft.fixed_point import as_matrix


@dataclass(frozen=True, eq=False)
class AffineMap:
    """W -> A W + c.

    Attributes:
        A: shape (d, d), finite.
        c: shape (d, k), finite.

    Raises:
        ShapeError, NotFiniteError: on anything else.
    """

    A: NDArray[np.float64]
    c: NDArray[np.float64]

    def __post_init__(self) -> None:
        c = as_matrix(self.c, "c")
        object.__setattr__(self, "c", c)
        object.__setattr__(self, "A", as_matrix(self.A, "A", (len(c), len(c))))

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the shape of the weights."""
        rows, columns = self.c.shape
        return rows, columns

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """A W + c for W of shape (d, k)."""
        result: NDArray[np.float64] = self.A @ as_matrix(weights, "weights", self.shape) + self.c
        return result

    def then(self, after: "AffineMap") -> "AffineMap":
        """The map that does this one first and `after` second."""
        if after.shape != self.shape:
            raise ShapeError(
                f"maps on weights of shapes {self.shape} and {after.shape} cannot follow each other"
            )
        return AffineMap(product(after.A, self.A), product(after.A, self.c) + after.c)

    def repeated(self, times: int) -> "AffineMap":
        """The map done `times` times, by repeated squaring: about 2 log2(times) products of d x d matrices.

        Raises:
            ParameterError: `times` is negative.
        """
        if times < 0:
            raise ParameterError(f"a map cannot be repeated {times} times")
        result = AffineMap(np.eye(len(self.A)), np.zeros(self.shape))
        power = self
        while times:
            if times & 1:
                result = result.then(power)
            times >>= 1
            if times:
                power = power.then(power)
        return result

    def damped(self, factor: float) -> "AffineMap":
        """The map that goes only `factor` of the way: (1 - factor) W + factor (A W + c)."""
        eye = np.eye(len(self.A))
        return AffineMap(eye + factor * (self.A - eye), factor * self.c)
