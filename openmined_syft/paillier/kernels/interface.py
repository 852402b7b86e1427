"""What an arithmetic kernel must offer: three operations on lists of residues. No keys, no layouts, no
randomness.

All kernels give the same numbers, bit for bit; they differ in speed and in what they need from the machine.
Residues and moduli are integers (`int` or `gmpy2.mpz`), moduli are odd and above 1, results lie in [0,
modulus).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Kernel(Protocol):
    """Modular arithmetic on lists."""

    @property
    def name(self) -> str:
        """Short name, shown to users."""
        ...

    @property
    def releases_lock(self) -> bool:
        """Whether `matvec` runs without the interpreter lock, so that threads speed it up; `powers` always
        may.
        """
        ...

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """[b**exponent mod modulus for b in bases]; exponent >= 0."""
        ...

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        """[a * b mod modulus for a, b in zip(left, right)]; both lists have one length."""
        ...

    def matvec(
        self,
        bases: Sequence[int],
        matrix: NDArray[np.int64],
        modulus: int,
        rows_per_output: int = 1,
        row_shift: int = 0,
    ) -> list[int]:
        """The encrypted matrix-vector product, rows packed into outputs.

        out[o] = prod_{r < R} prod_j bases[j] ** (matrix[o R + r, j] * 2**(r * row_shift)) mod modulus, with
        R = `rows_per_output`; the last output may have fewer rows.

        Args:
            bases: d residues; each must be a unit where a matrix entry is negative.
            matrix: shape (m, d), absolute values below 2**62.

        Returns:
            ceil(m / R) residues.

        Raises:
            ShapeError: the matrix is not two-dimensional or has not d columns.
            BoundError: an entry is 2**62 or more in absolute value.
            CiphertextError: a base has no inverse.
        """
        ...
