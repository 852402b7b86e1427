"""Records clipped to a public length and rounded toward zero onto an integer grid.

    u = trunc(2^12 / a * [min(1, r / ||x||) x, 1]),  a = sqrt(r^2 + 1)
    v = trunc(2^12 / b * min(1, b / ||y||) y)

Rounding toward zero cannot lengthen a vector, so ||u|| <= 2^12 and ||v|| <= 2^12 hold exactly, for every
record, and are checked in integers. What a record becomes depends on that record alone: lengths are added up
with `math.fsum`, which rounds once, so neither the machine nor the rows beside it can change a bit. Sums of
products of grid numbers are exact in float64 below 2^29 rows, in any order (Casacuberta et al. 2022 show what
happens to a sensitivity when they are not).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import PrivacyError, ShapeError
from openmined_syft.fixed_point import as_matrix

Matrix = NDArray[np.float64]

GRID_BITS = 12
UNIT = 1 << GRID_BITS
"""What a record at its clip measures on the grid."""
MOST_ROWS = (1 << (53 - 2 * GRID_BITS)) - 1
"""Beyond that float64 no longer adds up products of grid numbers exactly."""
_LONGEST, _SHORTEST = 1e9, 1e-9


@dataclass(frozen=True)
class Clip:
    """The public lengths that records are clipped to; they must not be chosen by looking at the records.

    Attributes:
        inputs: r, the largest Euclidean norm of the inputs of a record, without the bias.
        targets: b, the same of its targets.

    Raises:
        PrivacyError: one is not a number from 1e-9 to 1e9.
    """

    inputs: float
    targets: float

    def __post_init__(self) -> None:
        for name in ("inputs", "targets"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not _fits(value):
                raise PrivacyError(
                    f"the clip of {name} is {value!r}; needs a number from {_SHORTEST:g} to {_LONGEST:g}, "
                    "chosen without looking at the records"
                )
            object.__setattr__(self, name, float(value))

    @property
    def with_bias(self) -> float:
        """a = sqrt(r^2 + 1), the largest norm of the inputs and the bias."""
        return math.sqrt(self.inputs * self.inputs + 1.0)

    @property
    def bias_unit(self) -> int:
        """The bias of every record on the grid; at least 1 unless the clip is beyond 4,095."""
        return int(UNIT / self.with_bias)


@dataclass(frozen=True, eq=False)
class GridRows:
    """Clipped records on the grid; still as private as the records themselves.

    Attributes:
        inputs: (n, d), whole numbers held as float64; the last column is the bias.
        targets: (n, k), the same.
        clip: what they were clipped to.
    """

    inputs: Matrix
    targets: Matrix
    clip: Clip

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ShapeError(f"{len(self.inputs)} rows of inputs but {len(self.targets)} of targets")
        if len(self.inputs) > MOST_ROWS:
            raise PrivacyError(
                f"{len(self.inputs)} rows; sums are exact up to {MOST_ROWS}: split the data set"
            )
        for name, rows in (("inputs", self.inputs), ("targets", self.targets)):
            whole = rows.astype(np.int64)
            if not np.array_equal(whole, rows) or (whole**2).sum(axis=1).max(initial=0) > UNIT**2:
                raise PrivacyError(f"{name} are not on the grid inside their clip; use on_grid")


def on_grid(design: ArrayLike, targets: ArrayLike, clip: Clip) -> GridRows:
    """Records on the grid.

    Args:
        design: (n, d), finite; the last column is the bias, all ones.
        targets: (n, k), finite.

    Raises:
        ShapeError, NotFiniteError: something else.
        PrivacyError: the clip is so long that the bias vanishes on the grid.
    """
    X, Y = as_matrix(design, "design"), as_matrix(targets, "targets")
    if not X.shape[1] or not (X[:, -1] == 1.0).all():
        raise ShapeError("the last column of a design matrix is the bias; needs ones")
    if clip.bias_unit < 1:
        raise PrivacyError(f"the clip of inputs is {clip.inputs:g}; the bias needs one of at most {UNIT - 1}")
    inputs = np.empty_like(X)
    inputs[:, :-1] = _scaled(X[:, :-1], clip.inputs, UNIT / clip.with_bias)
    inputs[:, -1] = clip.bias_unit
    return GridRows(inputs, _scaled(Y, clip.targets, UNIT / clip.targets), clip)


def _scaled(rows: Matrix, longest: float, scale: float) -> Matrix:
    """Each row clipped to the norm `longest`, times `scale`, rounded toward zero."""
    with np.errstate(over="ignore", under="ignore"):
        squares = rows * rows
        norms = np.sqrt([_total(row) for row in squares.tolist()])
    factors = np.ones(len(rows))
    long = norms > longest
    factors[long] = longest / norms[long]  # a length beyond float64 makes the row zero
    result: Matrix = np.trunc(rows * factors[:, None] * scale) + 0.0  # + 0.0: no negative zeros
    return result


def _total(squares: list[float]) -> float:
    try:
        return math.fsum(squares)
    except OverflowError:  # finite numbers whose sum is not
        return math.inf


def _fits(value: float) -> bool:
    return math.isfinite(value) and _SHORTEST <= value <= _LONGEST
