"""A kernel that hands blocks of its work to any `concurrent.futures.Executor`: threads, processes, or a
cluster's.

Powers are split by base, matrix-vector products by output rows; results are put together in order and are the
same bits. Only public numbers and ciphertexts travel to the executor, with the plaintext matrix of the mine:
a cluster is the mine's own. For the key owner's secret exponents there is `owner_kernel`.
"""

import itertools
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import ParameterError
from openmined_syft.paillier.kernels.interface import Kernel
from openmined_syft.paillier.kernels.schedule import check_matrix


class InParts:
    """What kernels share that cut the work of another into parts. ParameterError: fewer than one part."""

    def __init__(self, kernel: Kernel, parts: int) -> None:
        if parts < 1:
            raise ParameterError(f"work is cut into {parts} parts; needs at least 1")
        self._kernel, self._parts = kernel, parts

    @property
    def name(self) -> str:
        """The inner kernel's name and the number of parts."""
        return f"{self._kernel.name} x {self._parts}"

    @property
    def releases_lock(self) -> bool:
        """As the inner kernel's."""
        return self._kernel.releases_lock

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        """See `Kernel.products`; not worth splitting or sending."""
        return self._kernel.products(left, right, modulus)


class SpreadKernel(InParts):
    """`kernel` on `parts` blocks at a time.

    Args:
        kernel: does the arithmetic; with processes it is pickled, which costs nothing as kernels hold no
            data.
        executor: anything with `submit`.
        parts: blocks the work is cut into, usually the number of workers.

    Raises:
        ParameterError: fewer than one part.
    """

    def __init__(self, kernel: Kernel, executor: Executor, parts: int) -> None:
        super().__init__(kernel, parts)
        self._executor = executor
        self._threads = isinstance(executor, ThreadPoolExecutor)

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """See `Kernel.powers`."""
        blocks = [list(bases[block.start : block.stop]) for block in blocks_of(len(bases), self._parts)]
        return _joined([self._executor.submit(self._kernel.powers, b, exponent, modulus) for b in blocks])

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
        if self._threads and not self._kernel.releases_lock:
            return self._kernel.matvec(bases, matrix, modulus, rows_per_output, row_shift)
        outputs = -(-len(matrix) // rows_per_output)
        futures = []
        for block in blocks_of(outputs, self._parts):
            rows = matrix[block.start * rows_per_output : block.stop * rows_per_output]
            futures.append(
                self._executor.submit(
                    self._kernel.matvec, list(bases), rows, modulus, rows_per_output, row_shift
                )
            )
        return _joined(futures)


def blocks_of(count: int, parts: int) -> list[range]:
    """`count` items in at most `parts` ranges of nearly equal length."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [range(low, high) for low, high in itertools.pairwise(edges) if high > low]


def _joined(futures: list[Future[list[int]]]) -> list[int]:
    return [number for future in futures for number in future.result()]
