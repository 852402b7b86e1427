"""Rows most of whose numbers are zero, kept without the zeros until they are multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from openmined_syft.errors import ShapeError

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class SparseRows:
    """A matrix of float64 in compressed rows.

    It can be asked for its length and for parts of its rows; where numpy needs all numbers (`np.asarray`), it
    fills in the zeros. Whoever does that asks for a part first.

    Attributes:
        starts: (n + 1,): row i has the entries from starts[i] to starts[i + 1].
        columns, values: of each entry; columns rise within a row.
        width: columns of the matrix.

    Raises:
        ShapeError: the three do not fit each other, or an entry lies outside the matrix.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float64]
    width: int

    def __post_init__(self) -> None:
        entries = len(self.values)
        rising = len(self.starts) > 0 and self.starts[0] == 0 and (np.diff(self.starts) >= 0).all()
        if not rising or self.starts[-1] != entries or len(self.columns) != entries:
            raise ShapeError(f"sparse rows with {entries} entries do not fit their beginnings")
        if entries and not 0 <= self.columns.min() <= self.columns.max() < self.width:
            raise ShapeError(f"a sparse row has an entry outside its {self.width} columns")

    @property
    def shape(self) -> tuple[int, int]:
        """(n, width)."""
        return len(self), self.width

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self.starts.nbytes + self.columns.nbytes + self.values.nbytes

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> SparseRows:
        """Some of the rows: a slice of step 1 shares the entries, an array of places copies them."""
        if isinstance(rows, slice):
            first, last, step = rows.indices(len(self))
            if step == 1:
                starts = self.starts[first : max(first, last) + 1]
                part = slice(starts[0], starts[-1])
                return SparseRows(starts - starts[0], self.columns[part], self.values[part], self.width)
            rows = np.arange(first, last, step)
        lengths = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        taken = np.arange(starts[-1]) + np.repeat(self.starts[:-1][rows] - starts[:-1], lengths)
        return SparseRows(starts, self.columns[taken], self.values[taken], self.width)

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray[np.float64]:
        dense = np.zeros(self.shape)
        dense[np.repeat(np.arange(len(self)), np.diff(self.starts)), self.columns] = self.values
        return dense if dtype is None else dense.astype(dtype)

    def times(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The product with a matrix of shape (width, k): (n, k), zeros left out."""
        product = np.zeros((len(self), matrix.shape[1]))
        for first in range(0, len(self), _ROWS_AT_ONCE):
            part = self[first : first + _ROWS_AT_ONCE]
            filled = np.flatnonzero(np.diff(part.starts))
            if len(filled):
                terms = part.values[:, None] * matrix[part.columns]
                product[first + filled] = np.add.reduceat(terms, part.starts[filled])
        return product

    @classmethod
    def stacked(cls, parts: Sequence[SparseRows]) -> SparseRows:
        """The rows of all parts, one after the other. Raises ShapeError."""
        widths = {part.width for part in parts}
        if len(widths) != 1:
            raise ShapeError(f"rows of {sorted(widths)} columns cannot be stacked")
        offsets = np.cumsum([0, *(len(part.values) for part in parts[:-1])])
        starts = [part.starts[1:] + offset for part, offset in zip(parts, offsets, strict=True)]
        return cls(
            np.concatenate([np.zeros(1, np.int64), *starts]),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.values for part in parts]),
            widths.pop(),
        )

    @classmethod
    def beside(cls, parts: Sequence[SparseRows | NDArray[np.float64]]) -> SparseRows:
        """Matrices of as many rows side by side; of dense ones every number is kept. Raises ShapeError."""
        if len({len(part) for part in parts}) != 1:
            raise ShapeError(f"{[len(part) for part in parts]} rows cannot be put side by side")
        rows, columns, values, width = [], [], [], 0
        for part in parts:
            if isinstance(part, SparseRows):
                rows.append(np.repeat(np.arange(len(part)), np.diff(part.starts)))
                columns.append(part.columns + np.int32(width))
                values.append(part.values)
                width += part.width
            else:
                rows.append(np.repeat(np.arange(len(part)), part.shape[1]))
                columns.append(np.tile(np.arange(part.shape[1], dtype=np.int32), len(part)) + np.int32(width))
                values.append(part.ravel())
                width += part.shape[1]
        row, column = np.concatenate(rows), np.concatenate(columns).astype(np.int32)
        order = np.lexsort((column, row))
        counts = np.bincount(row, minlength=len(parts[0]))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(starts, column[order], np.concatenate(values)[order], width)
