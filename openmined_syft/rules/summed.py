"""A quadratic problem known by its sums X'X and X'T alone: records may come in batches, and need not stay."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.arithmetic import largest_eigenvalue
from openmined_syft.errors import ParameterError

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SummedProblem:
    """The problem of `openmined_syft.rules.problem`, of sums over all records.

    Attributes:
        products: X'X, (d, d), the bias counted.
        pulls: X'T, (d, k).
        rows: n.
        curvature, penalty: as of `Problem`.
    """

    products: Matrix
    pulls: Matrix
    rows: int
    curvature: float
    penalty: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the shape of the weights."""
        rows, columns = self.pulls.shape
        return rows, columns

    def hessian(self, l2: float) -> Matrix:
        """curvature X'X / n + (penalty + l2) P, (d, d)."""
        gram: Matrix = self.products * (self.curvature / self.rows)
        penalised = np.arange(len(gram) - 1)
        gram[penalised, penalised] += self.penalty + l2
        return gram

    def pull(self) -> Matrix:
        """X'T / n, (d, k)."""
        result: Matrix = self.pulls / self.rows
        return result

    def step_size(self, hessian: Matrix, wanted: float | None) -> float:
        """`wanted`, or 1/L."""
        return 1.0 / largest_eigenvalue(hessian) if wanted is None else wanted

    def batches(self, size: int, seed: int, epoch: int) -> Iterator["SummedProblem"]:  # noqa: ARG002
        """The whole, if one batch holds it; sums have no parts.

        Raises:
            ParameterError: a batch is smaller than all records.
        """
        if size < self.rows:
            raise ParameterError(f"batches of {size} need the records themselves, not sums over {self.rows}")
        yield self
