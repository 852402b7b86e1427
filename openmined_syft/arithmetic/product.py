"""Products of matrices whose bits do not depend on the order of the sums in them.

Each factor is cut into two slices of whole numbers so short that every sum of their products stays below
2^53, where float64 is exact in any order (Ozaki, Ogita, Oishi and Rump 2012). With n terms in a sum:

    t = (52 - ceil(log2 n)) div 2
    2^e_i > the largest of row i of the left factor >= 2^(e_i - 1), the same for columns j of the right one
    left  = 2^(e_i - t) (L1 + 2^-t L2),   L1, L2 rounded to whole numbers, ties to even
    product = ((L1 R1 + (L1 R2 + L2 R1) 2^-t) 2^(e_i - t)) 2^(e_j - t)

so that an entry is right to 2^-2t of what its row and column could give: 13 digits up to 256 terms.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.fixed_point import check_finite

Matrix = NDArray[np.float64]

ROWS_AT_ONCE = 4096
"""Of a sum over records, at most: longer sums would leave short slices."""
_NOTHING = 2.0**-400
"""A row or column of smaller numbers counts as zeros, so that no power of two leaves float64."""


class _Slices(NamedTuple):
    first: Matrix
    second: Matrix
    unit: Matrix
    """2^(e - t) of each row or column, in the shape that multiplies the matrix."""


def slice_bits(terms: int) -> int:
    """t for sums of this many terms."""
    return (52 - (terms - 1).bit_length()) // 2


def product(left: Matrix, right: Matrix) -> Matrix:
    """left @ right, (m, n) by (n, p), as the module says.

    Raises:
        ShapeError: the factors do not fit each other, or have no terms.
        NotFiniteError: an entry of a factor is NaN or infinite.
    """
    if left.shape[1] != right.shape[0] or not left.shape[1]:
        raise ShapeError(f"matrices of shapes {left.shape} and {right.shape} cannot be multiplied")
    bits = slice_bits(left.shape[1])
    rows, columns = _sliced(left, bits, 1), _sliced(right, bits, 0)
    whole = rows.first @ columns.first
    rest = rows.first @ columns.second + rows.second @ columns.first
    return _joined(whole, rest, bits, rows.unit, columns.unit)


def gram(rows: Matrix) -> Matrix:
    """rows' rows, (d, d): the sum of the products over each `ROWS_AT_ONCE` rows, or fewer where rows are
    long, in their order. Raises as `product`.
    """
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for part in _parts(rows.shape):
        bits = slice_bits(len(rows[part]))
        sliced = _sliced(rows[part], bits, 0)
        cross = sliced.first.T @ sliced.second
        total += _joined(sliced.first.T @ sliced.first, cross + cross.T, bits, sliced.unit.T, sliced.unit)
    return total


def pulled(rows: Matrix, targets: Matrix) -> Matrix:
    """rows' targets, (d, k), summed like `gram`. Raises as `product`."""
    total = np.zeros((rows.shape[1], targets.shape[1]))
    for part in _parts(rows.shape):
        total += product(rows[part].T, targets[part])
    return total


def rows_at_once(columns: int) -> int:
    """How many rows of this many numbers one part of `gram` has."""
    return min(ROWS_AT_ONCE, max(256, (1 << 20) // columns))


def _parts(shape: tuple[int, ...]) -> Iterator[slice]:
    count, columns = shape
    step = rows_at_once(columns)
    for first in range(0, count, step):
        yield slice(first, first + step)


def _sliced(matrix: Matrix, bits: int, axis: int) -> _Slices:
    check_finite(matrix, "a factor")
    largest = np.abs(matrix).max(axis=axis, keepdims=True)
    exponents = np.frexp(largest)[1]
    scaled = matrix * np.where(largest < _NOTHING, 0.0, np.ldexp(1.0, np.maximum(bits - exponents, -1022)))
    first = np.rint(scaled)
    scaled -= first
    scaled *= 2.0**bits
    return _Slices(first, np.rint(scaled, out=scaled), np.ldexp(1.0, exponents - bits))


def _joined(whole: Matrix, rest: Matrix, bits: int, rows: Matrix, columns: Matrix) -> Matrix:
    rest *= 2.0**-bits
    whole += rest
    whole *= rows
    whole *= columns
    whole += 0.0  # no negative zeros
    return whole
