"""What a visit learns from: a mine's records as they are, sums over them, or one noised release of sums.

Records and releases are different types all the way. A mine whose owner set a privacy budget hands out
releases only, and nothing makes a release of records but `UnnoisedSums.noised`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.features.text import SparseRows
from openmined_syft.privacy import NoisedSums

Inputs: TypeAlias = NDArray[np.float64] | SparseRows
"""X: (n, n_features), encoded; sparse where texts are among the inputs."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Records without any protection of single ones.

    Attributes:
        X: (n, n_features).
        y: (n,), or (n, k) numbers: labels as the family wants them.
    """

    X: Inputs
    y: NDArray[Any]

    def parts(self, at_once: int) -> Iterator["Rows"]:
        """All records, `at_once` at a time. Raises ShapeError: not as many labels as records."""
        if len(self.X) != len(self.y):
            raise ShapeError(f"{len(self.X)} rows of X but {len(self.y)} labels")
        for first in range(0, len(self.X), at_once):
            part = slice(first, first + at_once)
            yield Rows(self.X[part], self.y[part])

    @classmethod
    def together(cls, parts: Sequence["Rows"]) -> "Rows":
        """The records of all parts, of which there is one at least. Raises ShapeError."""
        return cls(stacked([part.X for part in parts]), np.concatenate([part.y for part in parts]))


def regrouped(batches: Iterable[Rows], at_once: int) -> Iterator[Rows]:
    """The records of all batches, `at_once` at a time but for the last ones: floats that are added up group
    by group then come to the same bits, however their source has cut them. Raises ShapeError.
    """
    held: list[Rows] = []
    count = 0
    for batch in batches:
        for part in batch.parts(at_once):
            while count + len(part.y) >= at_once:
                full = at_once - count
                yield Rows.together([*held, Rows(part.X[:full], part.y[:full])])
                part, held, count = Rows(part.X[full:], part.y[full:]), [], 0
            if len(part.y):
                held.append(part)
                count += len(part.y)
    if held:
        yield Rows.together(held)


def stacked(parts: Sequence[Inputs]) -> Inputs:
    """The rows of all parts, one after the other. Raises ShapeError."""
    sparse = [part for part in parts if isinstance(part, SparseRows)]
    if not sparse:
        return np.concatenate([np.asarray(part) for part in parts])
    if len(sparse) != len(parts):
        raise ShapeError("sparse rows and others cannot be stacked")
    return SparseRows.stacked(sparse)


@dataclass(frozen=True, eq=False)
class RowSums:
    """Sums over records, added up batch by batch; as unprotected as the records.

    Attributes:
        products: X'X, (d, d); pulls: X'T, (d, k), of the family's design and targets, its offset taken off.
        rows: how many records.
    """

    products: NDArray[np.float64]
    pulls: NDArray[np.float64]
    rows: int


Learnable: TypeAlias = Rows | RowSums | NoisedSums
