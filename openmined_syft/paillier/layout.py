"""Where the numbers of a d x k weight matrix sit inside Paillier plaintexts, and at which fixed-point scale.

One layout belongs to one encrypted model and to every gradient made from it; all of it is public. It holds no
ciphertexts and does no cryptography.

A plaintext is cut into slots of `slot_bits` bits, each holding a signed integer in balanced form, so a slot's
value v has |v| <= 2**(slot_bits-1) - 1. With R rows and K columns per ciphertext, slot number `column * R +
row` is used:

* a *model* ciphertext holds one row of W, K columns, in the slots 0, R, 2R, ...;
* a *gradient* ciphertext holds R consecutive rows, K columns: all R * K slots.

So moving a row of the product to its place among the R rows is a shift by `row * slot_bits` bits, which costs
(R - 1) * slot_bits squarings for a whole output ciphertext. Had the rows been put one after another, each
with its K columns side by side, the same packing would cost K times as many squarings.

Weights carry `weight_bits` fraction bits, the integer matrix that multiplies them `map_bits`, a gradient the
sum of the two.
"""

import math
from dataclasses import dataclass

from openmined_syft.errors import LayoutError, ScaleError, ShapeError
from openmined_syft.fixed_point import LARGEST_ENTRIES, WEIGHT_BITS

MAP_BITS = 22
LARGEST_FRACTION = 40
LARGEST_SLOT = 256


@dataclass(frozen=True)
class Layout:
    """The packing of a d x k matrix.

    Attributes:
        shape: (d, k): inputs with the bias, outputs.
        key_bits: length of the Paillier modulus n.
        weight_bits: fraction bits of the weights.
        map_bits: fraction bits of the matrix A - I.
        slot_bits: width of a slot.
        rows_per_ciphertext: R, rows in a gradient ciphertext.
        columns_per_ciphertext: K, columns in any ciphertext.

    Raises:
        ShapeError, ScaleError, LayoutError: a number is out of range, or R * K slots do not fit the key.
    """

    shape: tuple[int, int]
    key_bits: int
    slot_bits: int
    rows_per_ciphertext: int
    columns_per_ciphertext: int
    weight_bits: int = WEIGHT_BITS
    map_bits: int = MAP_BITS

    def __post_init__(self) -> None:
        rows, columns = self.shape
        if rows < 1 or columns < 1 or rows * columns > LARGEST_ENTRIES:
            raise ShapeError(f"weights of shape {self.shape}: needs 1 to {LARGEST_ENTRIES} entries")
        for name in ("weight_bits", "map_bits"):
            if not 1 <= getattr(self, name) <= LARGEST_FRACTION:
                raise ScaleError(f"{name} is {getattr(self, name)}; it must be 1 to {LARGEST_FRACTION}")
        if not self.gradient_bits + 2 <= self.slot_bits <= LARGEST_SLOT:
            raise LayoutError(
                f"slot_bits is {self.slot_bits}; it must be {self.gradient_bits + 2} to {LARGEST_SLOT}"
            )
        if not (1 <= self.rows_per_ciphertext <= rows and 1 <= self.columns_per_ciphertext <= columns):
            raise LayoutError(
                f"{self.rows_per_ciphertext} rows x {self.columns_per_ciphertext} columns per ciphertext "
                f"for weights of shape {self.shape}; each must be at least 1 and at most the shape's"
            )
        if self.rows_per_ciphertext * self.columns_per_ciphertext > self.slots:
            raise LayoutError(
                f"{self.rows_per_ciphertext} x {self.columns_per_ciphertext} slots of {self.slot_bits} bits "
                f"do not fit a key of {self.key_bits} bits, which has {self.slots}"
            )

    @classmethod
    def choose(
        cls,
        shape: tuple[int, int],
        key_bits: int,
        weight_bound: float,
        *,
        weight_bits: int = WEIGHT_BITS,
        map_bits: int = MAP_BITS,
    ) -> "Layout":
        """The layout that makes a mine's visit cheapest, counted in modular products.

        The slot is wide enough for |sum_j (A - I)_ij w_j + c_i| <= weight_bound * (sqrt(d) + 1): a gradient
        step of size at most 1/L, a proximal step and any chain of them have ||A - I||_2 <= 1, hence rows with
        a sum of absolute values of at most sqrt(d), and move no weight by more than the room the bound
        leaves. A visit that needs more is refused before the product, it never wraps.

        Args:
            shape: (d, k).
            key_bits: length of n.
            weight_bound: largest absolute value of a weight.
        """
        rows, columns = shape
        if rows < 1 or columns < 1:
            raise ShapeError(f"weights of shape {shape}: needs at least one row and one column")
        if not (math.isfinite(weight_bound) and weight_bound > 0):
            raise ScaleError(f"weight_bound is {weight_bound}; it must be a positive finite number")
        reach = weight_bound * (math.sqrt(rows) + 1)
        slot_bits = weight_bits + map_bits + 1 + max(1, math.ceil(math.log2(reach)))
        slots = (key_bits - 1) // slot_bits
        if slots < 1:
            raise LayoutError(f"a slot of {slot_bits} bits does not fit a key of {key_bits} bits")
        candidates = []
        for wide in sorted({-(-columns // blocks) for blocks in range(-(-columns // slots), columns + 1)}):
            groups = -(-rows // min(rows, slots // wide))
            tall = -(-rows // groups)
            candidates.append(cls(shape, key_bits, slot_bits, tall, wide, weight_bits, map_bits))
        return min(candidates, key=cls.visit_products)

    @property
    def slots(self) -> int:
        """Slots in one plaintext: a balanced sum over them stays below n / 2."""
        return (self.key_bits - 1) // self.slot_bits

    @property
    def gradient_bits(self) -> int:
        """Fraction bits of a gradient."""
        return self.weight_bits + self.map_bits

    @property
    def slot_limit(self) -> int:
        """Largest absolute value a slot can hold."""
        return (1 << (self.slot_bits - 1)) - 1

    @property
    def column_blocks(self) -> int:
        """Ciphertexts side by side that hold all columns of one row."""
        return -(-self.shape[1] // self.columns_per_ciphertext)

    @property
    def row_groups(self) -> int:
        """Gradient ciphertexts one below the other that hold all rows of one column block."""
        return -(-self.shape[0] // self.rows_per_ciphertext)

    @property
    def model_ciphertexts(self) -> int:
        """Number of ciphertexts of a model, ordered by column block, then row."""
        return self.shape[0] * self.column_blocks

    @property
    def gradient_ciphertexts(self) -> int:
        """Number of ciphertexts of a gradient, ordered by column block, then row group."""
        return self.row_groups * self.column_blocks

    def columns_of(self, block: int) -> range:
        """The columns of W in column block `block`."""
        start = block * self.columns_per_ciphertext
        return range(start, min(start + self.columns_per_ciphertext, self.shape[1]))

    def rows_of(self, group: int) -> range:
        """The rows of W in row group `group`."""
        start = group * self.rows_per_ciphertext
        return range(start, min(start + self.rows_per_ciphertext, self.shape[0]))

    def matvec_products(self) -> int:
        """Modular products of the matrix-vector products of one visit, estimated for a full matrix.

        Signed windows of width 6: a table of 32 powers for each input, one product for every 7 bits of an
        entry, and the squarings that move rows to their slots.
        """
        rows = self.shape[0]
        digits = rows * rows * (self.map_bits + 1) // 7
        shifts = (self.rows_per_ciphertext - 1) * self.slot_bits + self.map_bits + 1
        return self.column_blocks * (rows * 35 + digits + self.row_groups * shifts)

    def visit_products(self) -> int:
        """Modular products of one visit with its noise: a power r^n costs 1.2 products for each bit of n."""
        return self.matvec_products() + self.gradient_ciphertexts * self.key_bits * 6 // 5

    def check_same(self, other: "Layout") -> None:
        """Refuse `other` unless it is this layout.

        Raises:
            ShapeError, ScaleError, LayoutError: naming what differs.
        """
        if self.shape != other.shape:
            raise ShapeError(f"shape is {other.shape}; the model's is {self.shape}")
        ours, theirs = (self.weight_bits, self.map_bits), (other.weight_bits, other.map_bits)
        if ours != theirs:
            raise ScaleError(f"fraction bits (weights, map) are {theirs}; the model's are {ours}")
        if self != other:
            raise LayoutError(f"packing is {other}; the model's is {self}")
