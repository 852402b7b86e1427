"""A mine's visit: the affine map of its data applied to weights it cannot read.

    encrypted gradient = Enc((A - I) W + c), hidden by masks and by a flood

An answer is sum_J P_J C_J + sum_l rho_l Z_l + (offset + flood, rho_0): P_J is made of the matrix, C_J the
model's polynomials, Z_l twelve encryptions of zero, rho fresh multipliers of 28 bits. The masks make c1 look
uniform to Capsule whatever it wrote into c0; the flood on c0 is 2^50 times above everything else that is not
the answer itself. The matrix is rounded block of rows by block of rows, so that no copy of it is made.
"""

import math

import numpy as np
from numpy.typing import NDArray

from openmined_syft.affine import AffineMap
from openmined_syft.blocks import Blocks, blocks_of
from openmined_syft.errors import BoundError, ShapeError
from openmined_syft.fixed_point import fixed_map
from openmined_syft.lattice.kernels import Kernel
from openmined_syft.lattice.ring import DEGREE, Integers
from openmined_syft.lattice.sampling import ERROR_DEVIATION, MASK_BITS
from openmined_syft.rlwe.gradient import RlweGradient
from openmined_syft.rlwe.keys import RlwePublicKey
from openmined_syft.rlwe.layout import GRADIENT_BITS, MAP_BITS, ZEROS, RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.row_blocks import Answers, Half, RowBlocks, fresh_seed, halves, worked
from openmined_syft.rlwe.wire import pack_wide

FLOODED_BITS = 50
_LARGEST_SUM = 2.0**62
_TAIL = 14.0  # deviations: beyond them is less than 2^-140


def train(
    model: RlweModel,
    public: RlwePublicKey,
    visit: AffineMap,
    *,
    kernel: Kernel | None = None,
    blocks: Blocks | None = None,
) -> RlweGradient:
    """The encrypted difference between the model after `visit` and before.

    A visit that could overflow a slot, or whose noise the flood would not cover, is refused; nothing leaves.
    With `blocks` the answers are worked out there, by the kernel that is the default of each worker; that is
    asked for nothing before all bounds are checked.

    Raises:
        KeyMismatchError, CiphertextError: the model is not (validly) encrypted under `public`.
        ShapeError: the visit is for another shape.
        BoundError: the visit could overflow, or is too large for the flood.
    """
    model.check_key(public)
    if visit.shape != model.shape:
        raise ShapeError(f"the visit is for weights of shape {visit.shape}; the model has {model.shape}")
    layout, offsets = model.layout, _offsets(visit.c, model.layout)
    useful: list[list[Half]] = [[] for _ in range(layout.column_blocks)]
    full: list[list[Half]] = [[] for _ in useful]
    if blocks is None or layout.row_blocks < 2:
        answers, largest = Answers(model, kernel), 0
        for rows in map(layout.rows_of, range(layout.row_blocks)):
            matrix, own = fixed_map(visit.A, MAP_BITS, rows), offsets[rows.start : rows.stop]
            largest = max(largest, check_bounds(matrix, own, model.weight_limit, layout, rows))
            check_flood(matrix, layout)
            _sort(answers.of(matrix, own), useful, full)
    else:
        largest = check_visit(visit, layout, model.weight_limit)
        for words in blocks.map(worked, _shares(model, visit, offsets, blocks.parts), RowBlocks.fits):
            _sort([halves(side) for side in words], useful, full)
    parts = [_packed(groups, layout.answer_bits) for groups in (useful, full)]
    return RlweGradient(model.key_fingerprint, model.version, layout, largest.bit_length(), *parts)


def check_visit(visit: AffineMap, layout: RlweLayout, weight_limit: int) -> int:
    """Check all that `train` checks of a visit before it multiplies; the largest integer it can come to.

    Raises:
        BoundError: as `train`.
    """
    offsets, largest = _offsets(visit.c, layout), 0
    for rows in map(layout.rows_of, range(layout.row_blocks)):
        matrix = fixed_map(visit.A, MAP_BITS, rows)
        reach = check_bounds(matrix, offsets[rows.start : rows.stop], weight_limit, layout, rows)
        check_flood(matrix, layout)
        largest = max(largest, reach)
    return largest


def check_bounds(matrix: Integers, offsets: Integers, limit: int, layout: RlweLayout, rows: range) -> int:
    """The largest absolute value that an integer of these rows can have.

    Raises:
        BoundError: more than a slot holds; names the row.
    """
    unit = math.ldexp(1.0, GRADIENT_BITS)
    rough = np.abs(matrix).astype(np.float64).sum(axis=1)
    largest = 0
    for place, row in enumerate(rows):
        # In 64 bits where the sum fits them; what is larger has no room in any slot or under any flood.
        fits = rough[place] < _LARGEST_SUM
        total = int(np.abs(matrix[place]).sum()) if fits else 2 * layout.slot_limit
        reach = total * limit + int(np.abs(offsets[place]).max())
        if reach > layout.slot_limit:
            raise BoundError(
                f"the visit could move weight [{row}] by {reach / unit:.6g}; a slot has room for "
                f"{layout.slot_limit / unit:.6g}"
            )
        largest = max(largest, reach)
    return largest


def noise_bound(matrix: Integers) -> float:
    """What the errors of an honest key come to in an answer of these rows, but for one case in 2^140.

    Each useful coefficient has the errors of the model's polynomials times all entries of the block, and the
    masks times the errors of the zeros and the secret.
    """
    entries = float(np.linalg.norm(matrix.astype(np.float64)))
    model = math.sqrt(ERROR_DEVIATION**2 + 1 / 12) * entries
    mask = math.ldexp(1.0, MASK_BITS) / math.sqrt(12)
    zeros = mask * ERROR_DEVIATION * math.sqrt(ZEROS * DEGREE)
    secret = mask * math.sqrt(DEGREE * 2 / 3)
    return _TAIL * math.sqrt(model**2 + zeros**2 + secret**2)


def check_flood(matrix: Integers, layout: RlweLayout) -> None:
    """Refuse rows whose noise the flood would not drown by 2^50.

    Raises:
        BoundError: naming both.
    """
    noise = math.log2(noise_bound(matrix))
    if noise + FLOODED_BITS > layout.flood_bits:
        raise BoundError(
            f"the visit's noise has {noise:.1f} bits; with a flood of {layout.flood_bits} at most "
            f"{layout.flood_bits - FLOODED_BITS} can be hidden"
        )


def _offsets(c: NDArray[np.float64], layout: RlweLayout) -> Integers:
    """c at the gradient's scale. Raises BoundError."""
    limit = math.ldexp(1.0, layout.slot_bits - 1 - GRADIENT_BITS)
    if c.size and np.abs(c).max() >= limit:
        place = tuple(int(i) for i in np.argwhere(np.abs(c) >= limit)[0])
        raise BoundError(f"c{list(place)} is {c[place]}; absolute values must be below {limit}")
    integers: Integers = np.rint(np.ldexp(c, GRADIENT_BITS)).astype(np.int64)
    return integers


def _shares(model: RlweModel, visit: AffineMap, offsets: Integers, parts: int) -> list[RowBlocks]:
    """The visit for so many workers, each with a seed of its own."""
    shares = []
    for blocks in blocks_of(model.layout.row_blocks, parts):
        first, last = model.layout.rows_of(blocks[0]), model.layout.rows_of(blocks[-1])
        rows = range(first.start, last.stop)
        matrix, own = fixed_map(visit.A, MAP_BITS, rows), offsets[rows.start : rows.stop]
        shares.append(RowBlocks(model, blocks, matrix, own, fresh_seed()))
    return shares


def _sort(answers: list[tuple[Half, Half]], useful: list[list[Half]], full: list[list[Half]]) -> None:
    for (c0, c1), some, all_of in zip(answers, useful, full, strict=True):
        some.append(c0)
        all_of.append(c1)


def _packed(groups: list[list[Half]], bits: int) -> bytes:
    low, high = (np.concatenate([pair[half] for group in groups for pair in group]) for half in range(2))
    return pack_wide(low, high, bits)
