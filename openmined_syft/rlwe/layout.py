"""Where the numbers of a d x k weight matrix sit in polynomials of 8,192 coefficients. All of it is public.

With b inputs, r rows and K columns, K b r <= 8192, for the integer matrix M and weights W:

* model polynomial (B, J) holds b inputs of K columns:    sum_k sum_u W[J b + u, B K + k] X^(k b r + u)
* the mine's polynomial (I, J) a block of its matrix:      sum_v sum_u M[I r + v, J b + u] X^(v b + b - 1 - u)
* answer (B, I) is the sum of their products over J:       (M W)[I r + v, B K + k] at X^(k b r + v b + b - 1)

Nothing else falls on those coefficients: u - u' runs from 1 - b to b - 1, so only u = u' reaches b - 1, and
X^8192 = -1 brings back nothing below K b r. The other coefficients of an answer are never sent.

Weights have 22 fraction bits, the matrix 22, an answer 44. An integer m travels as round(Q m / 2^slot_bits)
and comes back modulo 2^(slot_bits + 12): twelve bits below its last one for noise and rounding.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from openmined_syft.errors import LayoutError, ScaleError, ShapeError, SizeError
from openmined_syft.lattice.ring import DEGREE, PRIME_BITS, PRIME_COUNT, Integers

WEIGHT_BITS = 22
MAP_BITS = 22
GRADIENT_BITS = WEIGHT_BITS + MAP_BITS
LARGEST_SLOT = 64
ROOM_BITS = 12
FLOOD_BELOW = 5  # the flood stays this many bits below what would change an integer

ZEROS = 12
POLYNOMIAL_BYTES = DEGREE * PRIME_COUNT * PRIME_BITS // 8

LARGEST_ROWS = 4097
MOST_POLYNOMIALS = 512  # of a model: 85 MB on the wire, 200 MB in a mine's memory
MOST_PRODUCTS = 1 << 16  # of a visit: half a minute of one core on the fastest kernel

# What a layout costs, in nanoseconds of one core of 2024 and of a line of 80 Mbit/s.
_TRANSFORMS, _PRODUCT, _FINISH, _BYTE = 200_000, 75_000, 1_500_000, 100


@dataclass(frozen=True)
class RlweLayout:
    """The packing of a d x k matrix.

    Attributes:
        shape: (d, k): inputs with the bias, outputs.
        slot_bits: an answer is an integer below 2**(slot_bits - 1) in absolute value.
        block: b, inputs in a model polynomial.
        rows: r, rows in an answer.
        columns: K, columns in a polynomial.

    Raises:
        ShapeError, ScaleError, LayoutError: a number is out of range, or they do not fit the ring together.
    """

    shape: tuple[int, int]
    slot_bits: int
    block: int
    rows: int
    columns: int

    def __post_init__(self) -> None:
        d, k = self.shape
        if not (1 <= d <= LARGEST_ROWS and 1 <= k <= DEGREE):
            raise ShapeError(f"weights of shape {self.shape}: needs 1 to {LARGEST_ROWS} x 1 to {DEGREE}")
        if not GRADIENT_BITS + 2 <= self.slot_bits <= LARGEST_SLOT:
            raise ScaleError(
                f"slot_bits is {self.slot_bits}; it must be {GRADIENT_BITS + 2} to {LARGEST_SLOT}"
            )
        if not (1 <= self.block <= d and 1 <= self.rows <= d and 1 <= self.columns <= k):
            raise LayoutError(
                f"{self.block} inputs, {self.rows} rows, {self.columns} columns per polynomial for weights "
                f"of shape {self.shape}; each must be at least 1 and at most the shape's"
            )
        if self.block * self.rows * self.columns > DEGREE:
            raise LayoutError(
                f"{self.block} x {self.rows} x {self.columns} numbers do not fit a polynomial of {DEGREE}"
            )
        if self.polynomials > MOST_POLYNOMIALS or self.products > MOST_PRODUCTS:
            raise LayoutError(
                f"{self.polynomials} polynomials and {self.products} products; at most {MOST_POLYNOMIALS} "
                f"and {MOST_PRODUCTS} are worked with"
            )

    @classmethod
    def choose(cls, shape: tuple[int, int], weight_bound: float) -> "RlweLayout":
        """The layout with the least sum of a mine's work and of what travels; the same everywhere.

        Slots are as wide as Paillier's: |sum_j (A - I)_ij w_j + c_i| <= weight_bound * (sqrt(d) + 1).

        Raises:
            ShapeError, ScaleError: no weights, or a bound that is none.
            SizeError: too large for the scheme; says what the largest is.
        """
        d, k = shape
        if d < 1 or k < 1:
            raise ShapeError(f"weights of shape {shape}: needs at least one row and one column")
        layout = cls._found(shape, slot_bits_for(d, weight_bound))
        if layout is None:
            raise SizeError("rlwe", shape, (cls.largest_rows(k, weight_bound), k))
        return layout

    @classmethod
    def largest_rows(cls, columns: int, weight_bound: float) -> int:
        """The most inputs (bias counted) that models of this many outputs may have; 0 if there is none."""

        def fits(rows: int) -> bool:
            return cls._found((rows, columns), slot_bits_for(rows, weight_bound)) is not None

        low, high = 0, LARGEST_ROWS
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(middle) else (low, middle - 1)
        return low

    @classmethod
    def _found(cls, shape: tuple[int, int], slot_bits: int) -> "RlweLayout | None":
        if slot_bits > LARGEST_SLOT or shape[0] > LARGEST_ROWS or shape[1] > DEGREE:
            return None
        return _cheapest(shape, slot_bits)

    @property
    def column_blocks(self) -> int:
        """Polynomials side by side for all columns."""
        return -(-self.shape[1] // self.columns)

    @property
    def input_blocks(self) -> int:
        """Polynomials of a model that hold all inputs of one column block."""
        return -(-self.shape[0] // self.block)

    @property
    def row_blocks(self) -> int:
        """Answers that hold all rows of one column block."""
        return -(-self.shape[0] // self.rows)

    @property
    def polynomials(self) -> int:
        """Of a model, ordered by column block, then inputs."""
        return self.column_blocks * self.input_blocks

    @property
    def answers(self) -> int:
        """Of a gradient, ordered by column block, then rows."""
        return self.column_blocks * self.row_blocks

    @property
    def products(self) -> int:
        """Of polynomials, in a visit; those with masks not counted."""
        return self.polynomials * self.row_blocks

    @property
    def answer_bits(self) -> int:
        """Bits of a coefficient of an answer."""
        return self.slot_bits + ROOM_BITS

    @property
    def flood_bits(self) -> int:
        """The flood is uniform in [-2**flood_bits, 2**flood_bits), where an integer's unit is 2**5 times
        that.
        """
        return PRIME_BITS * PRIME_COUNT - self.slot_bits - FLOOD_BELOW

    @property
    def slot_limit(self) -> int:
        """Largest absolute value of an integer in an answer."""
        return (1 << (self.slot_bits - 1)) - 1

    @property
    def model_bytes(self) -> int:
        """c0 of a model's polynomials and of its zeros."""
        return (self.polynomials + ZEROS) * POLYNOMIAL_BYTES

    def columns_of(self, block: int) -> range:
        """The columns of W in column block `block`."""
        return range(block * self.columns, min((block + 1) * self.columns, self.shape[1]))

    def inputs_of(self, block: int) -> range:
        """The rows of W in model polynomial `block` of a column block."""
        return range(block * self.block, min((block + 1) * self.block, self.shape[0]))

    def rows_of(self, block: int) -> range:
        """The rows of the product in answer `block` of a column block."""
        return range(block * self.rows, min((block + 1) * self.rows, self.shape[0]))

    def weight_places(self, columns: int, inputs: int) -> Integers:
        """Coefficients of a model polynomial, shape (inputs, columns)."""
        return np.arange(inputs)[:, None] + np.arange(columns)[None, :] * (self.block * self.rows)

    def answer_places(self, columns: int, rows: int) -> Integers:
        """Useful coefficients of an answer, shape (rows, columns)."""
        first = np.arange(rows)[:, None] * self.block + self.block - 1
        return first + np.arange(columns)[None, :] * (self.block * self.rows)


def slot_bits_for(rows: int, weight_bound: float) -> int:
    """How wide an answer has to be. Raises ScaleError."""
    if not (math.isfinite(weight_bound) and weight_bound > 0):
        raise ScaleError(f"weight_bound is {weight_bound}; it must be a positive finite number")
    reach = weight_bound * (math.sqrt(rows) + 1)
    return GRADIENT_BITS + 1 + max(1, math.ceil(math.log2(reach)))


@functools.lru_cache(maxsize=1024)
def _cheapest(shape: tuple[int, int], slot_bits: int) -> RlweLayout | None:
    d, k = shape
    found: tuple[int, int, int, int] | None = None
    for columns in _parts(k):
        area = DEGREE // columns
        for block in _parts(d):
            if block > area:
                continue
            rows = min(d, area // block)
            rows = -(-d // -(-d // rows))
            sides, inputs, outputs = -(-k // columns), -(-d // block), -(-d // rows)
            if sides * inputs > MOST_POLYNOMIALS or sides * inputs * outputs > MOST_PRODUCTS:
                continue
            work = inputs * outputs * (_TRANSFORMS + sides * _PRODUCT)
            work += sides * outputs * (ZEROS * (_TRANSFORMS + _PRODUCT) + _FINISH)
            answers = (d * k + sides * outputs * DEGREE) * (slot_bits + ROOM_BITS) // 8
            cost = work + _BYTE * (sides * inputs * POLYNOMIAL_BYTES + answers)
            if found is None or (cost, -columns, -block, -rows) < found:
                found = (cost, -columns, -block, -rows)
    return None if found is None else RlweLayout(shape, slot_bits, -found[2], -found[3], -found[1])


def _parts(whole: int) -> list[int]:
    """Sizes that cut `whole` into equal parts, one for each number of parts that makes a difference."""
    return sorted({-(-whole // parts) for parts in range(1, whole + 1)})
