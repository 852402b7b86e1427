"""Plan of a multi-exponentiation: which table entry is multiplied in before which squaring. No residues here.

Straus' method with signed odd windows (width-w non-adjacent form, see Handbook of Applied Cryptography, 14.88
and Moeller, "Algorithms for multi-exponentiation", SAC 2001): every integer is written as a sum of digits d_i
* 2**i, d_i zero or odd with |d_i| < 2**(w-1), at most one in w consecutive digits non-zero. One table per
  base serves all rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import BoundError, ShapeError

LARGEST_ENTRY = (1 << 62) - 1
WIDEST_WINDOW = 10
MOST_ENTRIES = 1 << 18  # of all tables together: 143 MB of 4,096-bit numbers


def check_matrix(matrix: NDArray[np.int64], bases: int, rows_per_output: int, row_shift: int) -> None:
    """Refuse what no kernel can multiply.

    Raises:
        ShapeError, BoundError: see `Kernel.matvec`.
    """
    if matrix.ndim != 2 or matrix.shape[1] != bases or matrix.dtype != np.int64:
        raise ShapeError(
            f"matrix of shape {matrix.shape} and type {matrix.dtype}; needs int64, (rows, {bases})"
        )
    if rows_per_output < 1 or row_shift < 0:
        raise ShapeError(f"{rows_per_output} rows per output, shifted by {row_shift}; needs at least 1 and 0")
    if matrix.size and (matrix.max() > LARGEST_ENTRY or matrix.min() < -LARGEST_ENTRY):
        raise BoundError("a matrix entry is 2**62 or more in absolute value")


def signed_digits(matrix: NDArray[np.int64], width: int) -> NDArray[np.int16]:
    """Width-`width` non-adjacent form of every entry: shape (positions, rows, columns), digit i weighs
    2**i.
    """
    rest = matrix.copy()
    planes = []
    half, full = 1 << (width - 1), 1 << width
    while rest.any():
        digit = rest & (full - 1)
        digit = np.where(digit >= half, digit - full, digit)
        digit[(rest & 1) == 0] = 0
        rest = (rest - digit) >> 1
        planes.append(digit.astype(np.int16))
    return np.stack(planes) if planes else np.zeros((0, *matrix.shape), np.int16)


def best_width(rows: int, columns: int, bits: int) -> int:
    """The window with the fewest products for a full matrix: tables of 2**(w-1) entries against bits / (w+1)
    digits.
    """

    def products(width: int) -> float:
        return columns * (1 << (width - 1)) + rows * columns * bits / (width + 1)

    roomy = [width for width in range(3, WIDEST_WINDOW + 1) if columns << (width - 1) <= MOST_ENTRIES]
    return min([2, *roomy], key=products)


@dataclass(frozen=True)
class Step:
    """Square `squarings` times, then multiply by the table entries `entries`."""

    squarings: int
    entries: Sequence[int]


@dataclass(frozen=True)
class Output:
    """What makes one output.

    Attributes:
        steps: in this order.
        tail: squarings after the last.
    """

    steps: Sequence[Step]
    tail: int


@dataclass(frozen=True)
class Schedule:
    """The steps of every output, made when asked for: all at once would take gigabytes for 4,097 inputs.

    Table entry of digit d of base j: j * 2**(width-1) + (d + 2**(width-1) - 1) // 2.

    Attributes:
        matrix, rows_per_output, row_shift: as in `Kernel.matvec`.
        width: of the windows.
        used: for each base, whether any entry of its column is non-zero.
    """

    matrix: NDArray[np.int64]
    rows_per_output: int
    row_shift: int
    width: int
    used: NDArray[np.bool_]

    def outputs(self) -> Iterator[Output]:
        """One after another."""
        half = 1 << (self.width - 1)
        column_base = np.arange(self.matrix.shape[1], dtype=np.int64) * half
        for first in range(0, len(self.matrix), self.rows_per_output):
            block = signed_digits(self.matrix[first : first + self.rows_per_output], self.width)
            position, row, column = np.nonzero(block)
            index = column_base[column] + (block[position, row, column].astype(np.int64) + half - 1) // 2
            place = position + row * self.row_shift
            order = np.argsort(-place, kind="stable")
            entries, place = index[order].tolist(), place[order]
            starts = np.flatnonzero(np.diff(place, prepend=-1)).tolist()
            places = place[starts].tolist()
            above = places[:1] + places[:-1]
            stops = [*starts, len(entries)][1:]
            pieces = zip(above, places, starts, stops, strict=True)
            steps = [Step(high - low, entries[start:stop]) for high, low, start, stop in pieces]
            yield Output(steps, places[-1] if places else 0)

    @property
    def products(self) -> int:
        """Modular products that are not squarings, tables and inverses included."""
        table = int(self.used.sum()) * ((1 << (self.width - 1)) + 4)
        return table + sum(len(step.entries) for output in self.outputs() for step in output.steps)

    @property
    def squarings(self) -> int:
        """Modular squarings."""
        return sum(output.tail + sum(step.squarings for step in output.steps) for output in self.outputs())


def schedule(
    matrix: NDArray[np.int64], rows_per_output: int, row_shift: int, width: int | None = None
) -> Schedule:
    """The plan for `matrix`; `width` None takes the cheapest window."""
    rows, columns = matrix.shape
    bits = max(int(matrix.max()), -int(matrix.min())).bit_length() if matrix.size else 0
    width = best_width(rows, columns, bits) if width is None else width
    return Schedule(matrix, rows_per_output, row_shift, width, matrix.any(axis=0))
