"""The default kernel: GMP integers through gmpy2, Straus multi-exponentiation with one signed table per base.

`powers` releases the interpreter lock. Nothing here runs in constant time: it hides nothing from somebody who
measures the time on the same machine.
"""

from collections.abc import Sequence

import gmpy2
import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import CiphertextError, ShapeError
from openmined_syft.paillier.kernels.schedule import Schedule, check_matrix, schedule

# Setting up a power costs about as much as one squaring.
FEW_SQUARINGS = 3


class Gmpy2Kernel:
    """Modular arithmetic on `gmpy2.mpz`."""

    name = "gmpy2"
    releases_lock = False

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """See `Kernel.powers`."""
        numbers = [gmpy2.mpz(base) for base in bases]
        return list(gmpy2.powmod_base_list(numbers, gmpy2.mpz(exponent), gmpy2.mpz(modulus)))

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        """See `Kernel.products`."""
        if len(left) != len(right):
            raise ShapeError(
                f"products of {len(left)} and {len(right)} residues; needs as many on both sides"
            )
        m = gmpy2.mpz(modulus)
        return [gmpy2.mpz(a) * b % m for a, b in zip(left, right, strict=True)]

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
        m = gmpy2.mpz(modulus)
        plan = schedule(matrix, rows_per_output, row_shift)
        table = _tables([gmpy2.mpz(base) % m for base in bases], plan, m)
        powmod = gmpy2.powmod
        outputs = []
        for output in plan.outputs():
            product = gmpy2.mpz(1)
            for step in output.steps:
                if step.squarings > FEW_SQUARINGS:
                    product = powmod(product, 1 << step.squarings, m)
                else:
                    for _ in range(step.squarings):
                        product = product * product % m
                for entry in step.entries:
                    product = product * table[entry] % m
            outputs.append(powmod(product, 1 << output.tail, m))
        return outputs


def _tables(bases: list[int], plan: Schedule, modulus: int) -> list[int]:
    """Odd powers from -(2**(w-1) - 1) to 2**(w-1) - 1 of every used base, laid out as `Schedule` says."""
    positive = 1 << (plan.width - 2)
    used = [base for base, needed in zip(bases, plan.used.tolist(), strict=True) if needed]
    negative = iter(inverses(used, modulus))
    table: list[int] = []
    for base, needed in zip(bases, plan.used.tolist(), strict=True):
        if not needed:
            table += [0] * (2 * positive)
            continue
        table += reversed(_odd_powers(next(negative), positive, modulus))
        table += _odd_powers(base, positive, modulus)
    return table


def _odd_powers(base: int, count: int, modulus: int) -> list[int]:
    powers, square = [base], base * base % modulus
    while len(powers) < count:
        powers.append(powers[-1] * square % modulus)
    return powers


def inverses(numbers: list[int], modulus: int) -> list[int]:
    """All inverses for the price of one and three products each (Montgomery's trick)."""
    prefix = [gmpy2.mpz(1)]
    for number in numbers:
        prefix.append(prefix[-1] * number % modulus)
    try:
        inverse = gmpy2.invert(prefix[-1], modulus)
    except ZeroDivisionError:
        raise CiphertextError("a ciphertext has no inverse modulo n^2") from None
    result = [gmpy2.mpz(0)] * len(numbers)
    for i in range(len(numbers) - 1, -1, -1):
        result[i] = inverse * prefix[i] % modulus
        inverse = inverse * numbers[i] % modulus
    return result
