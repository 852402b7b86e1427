"""Floats to integers at a public scale and back, exactly and with bounds; no keys, no packing.

One scale belongs to one model and does not depend on the values: a scale chosen for each number would show
its magnitude to everybody.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import BoundError, NotFiniteError, ShapeError

LARGEST_FIXED = 1 << 62
_ROWS_AT_ONCE = 256
LARGEST_ENTRIES = 1 << 24  # of a weight matrix
WEIGHT_BITS = 22  # fraction bits of every scheme's weights


def as_matrix(values: ArrayLike, name: str, shape: tuple[int, int] | None = None) -> NDArray[np.float64]:
    """`values` as a finite float64 matrix.

    Raises:
        ShapeError: not two-dimensional numbers, or not of `shape`.
        NotFiniteError: an entry is NaN or infinite; the first is named.
    """
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ShapeError(f"{name} is not a matrix of numbers") from None
    if matrix.ndim != 2 or (shape is not None and matrix.shape != shape):
        raise ShapeError(f"{name} has shape {matrix.shape}; needs {shape or 'two dimensions'}")
    check_finite(matrix, name)
    return matrix


def check_finite(matrix: NDArray[np.float64], name: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        NotFiniteError: names the first such entry.
    """
    finite = np.isfinite(matrix)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise NotFiniteError(f"{name}{list(place)} is {matrix[place]}; every entry must be finite")


def to_fixed(matrix: NDArray[np.float64], fraction_bits: int, name: str) -> NDArray[np.int64]:
    """round(matrix * 2**fraction_bits), ties to even.

    Raises:
        BoundError: an entry would be 2**62 or more.
    """
    scaled = np.rint(np.ldexp(matrix, fraction_bits))
    if scaled.size and np.abs(scaled).max() >= LARGEST_FIXED:
        place = tuple(int(i) for i in np.unravel_index(int(np.abs(scaled).argmax()), scaled.shape))
        limit = math.ldexp(1.0, 62 - fraction_bits)
        raise BoundError(f"{name}{list(place)} is {matrix[place]}; absolute values must be below {limit}")
    fixed: NDArray[np.int64] = scaled.astype(np.int64)
    return fixed


def fixed_limit(bound: float, fraction_bits: int) -> int:
    """The largest integer `to_fixed` gives for absolute values up to `bound`.

    Raises:
        BoundError: the bound is not positive and finite, or too large for the scale.
    """
    if not (math.isfinite(bound) and bound > 0) or math.ldexp(bound, fraction_bits) >= LARGEST_FIXED:
        limit = math.ldexp(1.0, 62 - fraction_bits)
        raise BoundError(f"a bound of {bound} on absolute values; it must be positive and below {limit}")
    return round(math.ldexp(bound, fraction_bits))


def fixed_map(A: NDArray[np.float64], fraction_bits: int, rows: range | None = None) -> NDArray[np.int64]:
    """Rows of round((A - I) * 2**fraction_bits), by default all; without a second copy of A in floats.

    Raises:
        BoundError: an entry would be 2**62 or more.
    """
    rows = range(len(A)) if rows is None else rows
    fixed = np.empty((len(rows), A.shape[1]), np.int64)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        block = A[part.start : part.stop].copy()
        block[np.arange(len(part)), np.arange(part.start, part.stop)] -= 1.0
        fixed[first : first + len(part)] = to_fixed(block, fraction_bits, "A - I")
    return fixed
