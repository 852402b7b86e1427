"""Some row blocks of a visit, as a worker gets them, and what it makes of them.

All that is random in an answer, masks and flood, comes from a seed that the mine has drawn for these blocks:
so the answers are the same bits whoever works them out, and can be compared. The seed is as good as what it
expands to: whoever knows it and the answers can take masks and flood off.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from openmined_syft.lattice.kernels import Kernel, load_kernel
from openmined_syft.lattice.ring import DEGREE, Integers, Residues, ring
from openmined_syft.lattice.sampling import SEED_BYTES, flood, labelled, masks
from openmined_syft.rlwe.layout import ZEROS, RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.scaling import scaled, to_power_of_two

Draw = Callable[[int], bytes]
"""So many fresh bytes."""
Half = tuple[Residues, Residues]
"""Low and high words of numbers."""
Words = tuple[bytes, bytes, bytes, bytes]
"""Of a column block: low and high words of its useful c0, and of its c1, block by block, little-endian."""


@dataclass(frozen=True, eq=False)
class RowBlocks:
    """A worker's share of a visit.

    Attributes:
        model: encrypted, as everybody may read it.
        blocks: which row blocks of the layout.
        matrix: those rows of A - I, in units of 2**-22: as private as the mine's records' sums.
        offsets: those rows of c, in units of 2**-44.
        seed: 32 bytes.
    """

    model: RlweModel
    blocks: range
    matrix: Integers = field(repr=False)
    offsets: Integers = field(repr=False)
    seed: bytes = field(repr=False)

    def words(self) -> list[Words]:
        """The answers, by column block. Raises CiphertextError, and what the kernel raises."""
        layout, first, answers = (
            self.model.layout,
            self.blocks.start * self.model.layout.rows,
            Answers(self.model),
        )
        parts: list[list[tuple[Half, Half]]] = [[] for _ in range(layout.column_blocks)]
        draw = seeded(self.seed)
        for rows in map(layout.rows_of, self.blocks):
            part = slice(rows.start - first, rows.stop - first)
            for side, halves in enumerate(answers.of(self.matrix[part], self.offsets[part], draw)):
                parts[side].append(halves)
        return [_joined(part) for part in parts]

    def fits(self, words: list[Words]) -> bool:
        """Whether these could be the answers."""
        layout = self.model.layout
        sizes = [_sizes(layout, self.blocks, side) for side in range(layout.column_blocks)]
        return (
            isinstance(words, list)
            and len(words) == len(sizes)
            and all(
                isinstance(part, bytes) and len(part) == size
                for side, expected in zip(words, sizes, strict=True)
                for part, size in zip(side, expected, strict=True)
            )
        )


class Answers:
    """Answers to one model, whose polynomials are made ready once. Raises CiphertextError."""

    def __init__(self, model: RlweModel, kernel: Kernel | None = None) -> None:
        self._kernel, self._layout = kernel or load_kernel(), model.layout
        self._sides = [self._kernel.ready(model.pairs(side)) for side in range(model.layout.column_blocks)]
        self._zeros = self._kernel.ready(model.zeros())

    def of(self, matrix: Integers, offsets: Integers, draw: Draw = os.urandom) -> list[tuple[Half, Half]]:
        """Useful c0 and c1 of a row block, by column block: of up to r rows (., d) and offsets (., k)."""
        plain = polynomials(matrix, self._layout)
        hidden = masks(len(self._sides), ZEROS, DEGREE, draw=draw)
        answers = self._kernel.answers(self._sides, plain, self._zeros, hidden)
        columns = map(self._layout.columns_of, range(len(self._sides)))
        return [
            _finished(answer, offsets[:, part.start : part.stop], self._layout, draw)
            for answer, part in zip(answers, columns, strict=True)
        ]


def worked(blocks: RowBlocks) -> list[Words]:
    """What a worker does."""
    return blocks.words()


def halves(words: Words) -> tuple[Half, Half]:
    """Useful c0 and c1 of what a worker gave back."""
    c0, c1, c2, c3 = (np.frombuffer(part, "<u8").astype(np.uint64) for part in words)
    return (c0, c1), (c2, c3)


def seeded(seed: bytes) -> Draw:
    """Bytes that a seed gives: each draw is SHAKE-256 of it and of the number of draws before."""
    count = 0

    def draw(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(labelled("row blocks", seed, count.to_bytes(8, "big"))).digest(size)

    return draw


def fresh_seed() -> bytes:
    """For one worker's share."""
    return os.urandom(SEED_BYTES)


def polynomials(matrix: Integers, layout: RlweLayout) -> Integers:
    """Rows of the matrix (up to r, d) as plain polynomials, (input blocks, r b)."""
    count = layout.input_blocks
    padded = np.zeros((layout.rows, count * layout.block), np.int64)
    padded[: len(matrix), : matrix.shape[1]] = matrix
    blocks = padded.reshape(layout.rows, count, layout.block)[:, :, ::-1].transpose(1, 0, 2)
    return np.ascontiguousarray(blocks).reshape(count, layout.rows * layout.block)


def _finished(answer: Residues, offsets: Integers, layout: RlweLayout, draw: Draw) -> tuple[Half, Half]:
    """An answer (2, L, N) with offset, flood and a last mask, modulo 2^answer_bits: useful c0, and c1."""
    where = ring()
    places = layout.answer_places(offsets.shape[1], offsets.shape[0]).ravel()
    c0 = where.add(
        answer[0][:, places], scaled(where, np.ascontiguousarray(offsets).ravel(), layout.slot_bits)
    )
    c0 = where.add(c0, flood(where, layout.flood_bits, len(places), draw=draw))
    c1 = where.add(answer[1], where.residues(masks(DEGREE, draw=draw)))
    bits = layout.answer_bits
    return to_power_of_two(where, c0, bits), to_power_of_two(where, c1, bits)


def _joined(parts: list[tuple[Half, Half]]) -> Words:
    useful_low, useful_high, low, high = (
        np.concatenate([part[half][word] for part in parts]).astype("<u8").tobytes()
        for half in range(2)
        for word in range(2)
    )
    return useful_low, useful_high, low, high


def _sizes(layout: RlweLayout, blocks: range, side: int) -> tuple[int, int, int, int]:
    rows = sum(len(layout.rows_of(block)) for block in blocks)
    useful, full = 8 * rows * len(layout.columns_of(side)), 8 * DEGREE * len(blocks)
    return useful, useful, full, full
