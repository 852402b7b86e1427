"""The pure-Python kernel: built-in integers and `pow` only, written to be obviously right, the judge of the
others.

About a hundred times slower than `gmpy2_kernel`; not meant for training.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import CiphertextError, ShapeError
from openmined_syft.paillier.kernels.schedule import check_matrix


class ReferenceKernel:
    """Modular arithmetic by the definition of each operation."""

    name = "python"
    releases_lock = False

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """See `Kernel.powers`."""
        return [pow(int(base), int(exponent), int(modulus)) for base in bases]

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        """See `Kernel.products`."""
        if len(left) != len(right):
            raise ShapeError(
                f"products of {len(left)} and {len(right)} residues; needs as many on both sides"
            )
        return [int(a) * int(b) % int(modulus) for a, b in zip(left, right, strict=True)]

    def matvec(
        self,
        bases: Sequence[int],
        matrix: NDArray[np.int64],
        modulus: int,
        rows_per_output: int = 1,
        row_shift: int = 0,
    ) -> list[int]:
        """See `Kernel.matvec`."""
        check_matrix(matrix, len(bases), rows_per_output, row_shift)
        outputs = []
        for first in range(0, len(matrix), rows_per_output):
            product = 1
            for shift, row in enumerate(matrix[first : first + rows_per_output].tolist()):
                for base, entry in zip(bases, row, strict=True):
                    try:
                        factor = pow(int(base), entry << (shift * row_shift), int(modulus))
                    except ValueError:
                        raise CiphertextError("a ciphertext has no inverse modulo n^2") from None
                    product = product * factor % int(modulus)
            outputs.append(product % int(modulus))
        return outputs
