"""Linear equations by one elimination, in one order."""

from collections.abc import Iterator

import numpy as np

from openmined_syft.arithmetic.product import Matrix

_COLUMNS_AT_ONCE = 64
_NUMBERS_AT_ONCE = 1 << 17  # of rows that take the steps of those columns together: about a core's cache


def solved(left: Matrix, right: Matrix) -> Matrix:
    """left^-1 right, (d, m), of a symmetric positive definite matrix (d, d): Gauss and Jordan, by columns in
    their order and without a search for pivots, which such a matrix does not need.

    Every number is what one step after the other over the whole matrix makes of it, to the bit. But a few
    rows at a time take the steps of some columns together, as the matrix does not fit into a cache; and a
    column on the right stays out of them until its first number that is not zero, as zero times a factor
    is taken from it: of a unit matrix that is half of all.
    """
    size = len(left)
    begins = (right != 0).argmax(axis=0)
    order = np.argsort(begins, kind="stable")
    ends = size + np.searchsorted(begins[order], np.arange(size), side="right")
    both = np.hstack([left, right[:, order]])
    for first in range(0, size, _COLUMNS_AT_ONCE):
        last = min(first + _COLUMNS_AT_ONCE, size)
        pivots = []
        for column in range(first, last):
            pivots.append(both[column].copy())
            _step(both[first:last], column, ends[column], pivots[-1], own=column - first)
        for rows in _others(first, last, size, max(1, _NUMBERS_AT_ONCE // both.shape[1])):
            for column, pivot in zip(range(first, last), pivots, strict=True):
                _step(both[rows], column, ends[column], pivot)
    result: Matrix = np.empty_like(right)
    result[:, order] = both[:, size:] / np.diag(both)[:, None] + 0.0
    return result


def _step(rows: Matrix, column: int, end: int, pivot: Matrix, own: int | None = None) -> None:
    """Takes the pivot's row from some rows, so that `column` would be zero in them; not from its `own`."""
    factors = rows[:, column] / pivot[column]
    if own is not None:
        factors[own] = 0.0
    rows[:, column + 1 : end] -= factors[:, None] * pivot[column + 1 : end]


def _others(first: int, last: int, size: int, most: int) -> Iterator[slice]:
    """The rows before `first` and from `last` on, so many at once."""
    for begin, end in ((0, first), (last, size)):
        for row in range(begin, end, most):
            yield slice(row, min(row + most, end))
