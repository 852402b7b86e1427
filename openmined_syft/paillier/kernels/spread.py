"""A kernel that hands blocks of its work to other workers: see `openmined_syft.blocks`.

Powers are split by base, matrix-vector products by output rows; results are put together in order and are the
same bits. Only public numbers and ciphertexts travel, with the plaintext matrix of the mine and the numbers
whose powers become its noise: a cluster is the mine's own. For the key owner's secret exponents there is
`owner_kernel`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from openmined_syft.blocks import Blocks, blocks_of
from openmined_syft.paillier.kernels.interface import Kernel
from openmined_syft.paillier.kernels.schedule import check_matrix


class SpreadKernel:
    """`kernel`, with its powers and products worked on in blocks.

    Args:
        kernel: does the arithmetic; with processes it is pickled, which costs nothing as kernels hold no
            data.
        blocks: who works, in how many parts, and what is checked.
    """

    def __init__(self, kernel: Kernel, blocks: Blocks) -> None:
        self._kernel, self._blocks = kernel, blocks

    @property
    def name(self) -> str:
        """The inner kernel's name and the number of parts."""
        return f"{self._kernel.name} x {self._blocks.parts}"

    @property
    def releases_lock(self) -> bool:
        """As the inner kernel's."""
        return self._kernel.releases_lock

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        """See `Kernel.products`; not worth splitting or sending."""
        return self._kernel.products(left, right, modulus)

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """See `Kernel.powers`."""
        blocks = [
            _Powers(self._kernel, modulus, list(bases[block.start : block.stop]), exponent)
            for block in blocks_of(len(bases), self._blocks.parts)
        ]
        return _joined(self._blocks.map(_Powers.work, blocks, _Powers.fits))

    def matvec(
        self,
        bases: Sequence[int],
        matrix: NDArray[np.int64],
        modulus: int,
        rows_per_output: int = 1,
        row_shift: int = 0,
    ) -> list[int]:
        """See `Kernel.matvec`. In threads it is split only where the inner kernel releases the lock."""
        check_matrix(matrix, len(bases), rows_per_output, row_shift)
        if self._blocks.is_here and not self._kernel.releases_lock:
            return self._kernel.matvec(bases, matrix, modulus, rows_per_output, row_shift)
        outputs = -(-len(matrix) // rows_per_output)
        blocks = [
            _Rows(
                self._kernel,
                modulus,
                list(bases),
                matrix[block.start * rows_per_output : block.stop * rows_per_output],
                rows_per_output,
                row_shift,
            )
            for block in blocks_of(outputs, self._blocks.parts)
        ]
        return _joined(self._blocks.map(_Rows.work, blocks, _Rows.fits))


@dataclass(frozen=True, eq=False)
class _Powers:
    kernel: Kernel
    modulus: int = field(repr=False)
    bases: list[int] = field(repr=False)
    exponent: int = field(repr=False)

    def work(self) -> list[int]:
        return self.kernel.powers(self.bases, self.exponent, self.modulus)

    def fits(self, found: list[int]) -> bool:
        return _fit(found, len(self.bases), self.modulus)


@dataclass(frozen=True, eq=False)
class _Rows:
    kernel: Kernel
    modulus: int = field(repr=False)
    bases: list[int] = field(repr=False)
    matrix: NDArray[np.int64] = field(repr=False)
    rows_per_output: int
    row_shift: int

    def work(self) -> list[int]:
        return self.kernel.matvec(self.bases, self.matrix, self.modulus, self.rows_per_output, self.row_shift)

    def fits(self, found: list[int]) -> bool:
        return _fit(found, -(-len(self.matrix) // self.rows_per_output), self.modulus)


def _fit(found: list[int], count: int, modulus: int) -> bool:
    return len(found) == count and all(0 < number < modulus for number in found)


def _joined(found: list[list[int]]) -> list[int]:
    return [number for block in found for number in block]
