"""A mine's visit: the affine map of its data applied to weights it cannot read.

    encrypted gradient = Enc((A - I) W + c) under fresh noise

The data enter as the plaintext matrix A and offset c only; the number of ciphertext operations depends on the
shape of the weights and the size of the key, not on rows or steps. Nothing here reads data or stores results.
"""

import numpy as np
from numpy.typing import NDArray

from openmined_syft.affine import AffineMap
from openmined_syft.blocks import Blocks
from openmined_syft.errors import BoundError, ShapeError
from openmined_syft.fixed_point import fixed_map
from openmined_syft.paillier.cipher_array import UnnoisedArray
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.kernels import Kernel, SpreadKernel, load_kernel
from openmined_syft.paillier.keys import PublicKey
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.noise_pool import NoisePool
from openmined_syft.paillier.packing import pack
from openmined_syft.paillier.short_noise import ShortNoise


def train(
    model: EncryptedModel,
    public: PublicKey,
    visit: AffineMap,
    *,
    kernel: Kernel | None = None,
    short_noise: ShortNoise | None = None,
    pool: NoisePool | None = None,
    blocks: Blocks | None = None,
) -> EncryptedGradient:
    """The encrypted difference between the model after `visit` and before.

    All bounds are checked before the first product: sum_j |A - I|_ij * weight_limit + |c|_ik must fit a slot.
    A visit that could overflow is refused; it never wraps into a neighbour.

    Args:
        model: weights of shape (d, k).
        public: the campaign's key.
        visit: a map on weights of the same shape.
        short_noise: None, the default, for full-strength noise; else an opt-in whose assumption `short_noise`
            tells.
        pool: full-strength noise made ahead; what it lacks is made now.
        blocks: who works on powers and products; they see the matrix, and the noise that is made now.

    Raises:
        KeyMismatchError, CiphertextError: the model is not (validly) encrypted under `public`, or the pool is
            for another key.
        ShapeError: the visit is for another shape.
        BoundError: the visit could overflow a slot.
    """
    model.validate(public)
    if visit.shape != model.shape:
        raise ShapeError(f"the visit is for weights of shape {visit.shape}; the model has {model.shape}")
    kernel, layout = kernel or load_kernel(), model.layout
    if blocks is not None:
        kernel = SpreadKernel(kernel, blocks)
    matrix = fixed_map(visit.A, layout.map_bits)
    offsets = to_offsets(visit.c, layout)
    bound_bits = check_bounds(matrix, offsets, model.weight_limit, layout)
    outputs: list[int] = []
    for block in range(layout.column_blocks):
        rows = model.ciphertexts[block * layout.shape[0] : (block + 1) * layout.shape[0]]
        outputs += kernel.matvec(rows, matrix, public.n_squared, layout.rows_per_ciphertext, layout.slot_bits)
    product = UnnoisedArray(public, outputs).plus(pack_rows(offsets, layout), kernel)
    array = product.noised(kernel, pool) if short_noise is None else product.noised_short(short_noise, kernel)
    return EncryptedGradient(array, layout, model.version, bound_bits)


def to_offsets(c: NDArray[np.float64], layout: Layout) -> list[list[int]]:
    """c at the gradient's scale, exact integers: a slot may be wider than 64 bits."""
    limit = np.ldexp(1.0, layout.slot_bits - layout.gradient_bits)
    if c.size and np.abs(c).max() >= limit:
        place = tuple(int(i) for i in np.argwhere(np.abs(c) >= limit)[0])
        raise BoundError(f"c{list(place)} is {c[place]}; absolute values must be below {limit / 2}")
    return [[round(v) for v in row] for row in np.ldexp(c, layout.gradient_bits).tolist()]


def check_bounds(
    matrix: NDArray[np.int64], offsets: list[list[int]], weight_limit: int, layout: Layout
) -> int:
    """How many bits the largest slot can need, in exact integers.

    Raises:
        BoundError: more than a slot has; names the row and column.
    """
    largest, unit = 0, 1 << layout.gradient_bits
    for i, (row, offset) in enumerate(zip(matrix, offsets, strict=True)):
        reach = sum(map(abs, row.tolist())) * weight_limit
        for j, c in enumerate(offset):
            if reach + abs(c) > layout.slot_limit:
                raise BoundError(
                    f"the visit could move weight [{i}, {j}] by {(reach + abs(c)) / unit:.6g}; "
                    f"a slot has room for {layout.slot_limit / unit:.6g}"
                )
        largest = max(largest, reach + max(map(abs, offset)))
    return largest.bit_length()


def pack_rows(values: list[list[int]], layout: Layout) -> list[int]:
    """A (d, k) matrix of integers in the gradient's plaintexts, in the order of its ciphertexts."""
    plaintexts = []
    for columns in map(layout.columns_of, range(layout.column_blocks)):
        for rows in map(layout.rows_of, range(layout.row_groups)):
            padding = [0] * (layout.rows_per_ciphertext - len(rows))
            slots = [v for column in columns for v in [values[row][column] for row in rows] + padding]
            plaintexts.append(pack(slots, layout.slot_bits))
    return plaintexts
