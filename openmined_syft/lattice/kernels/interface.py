"""What a kernel of the ring must offer: transforms and sums of products. No keys, no randomness, no layouts.

All kernels give the same numbers, bit for bit. Polynomials are described in `ring`.
"""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from openmined_syft.lattice.ring import Integers, Residues

AT_ONCE = 15
"""Polynomials worth transforming together, and the most that may be: one of SEAL's ciphertexts has room
for 16, of which one keeps it from being refused. Its bindings have a price for each call, above that of the
transform.
"""

Ready = TypeVar("Ready")


class RingKernel(Protocol, Generic[Ready]):
    """Arithmetic in one ring of degree N with L primes. `Ready`: what it keeps ciphertexts in."""

    @property
    def name(self) -> str:
        """Short name, shown to users."""
        ...

    def forward(self, coefficients: Residues) -> Residues:
        """Coefficients (m, l, N) to values, modulo the first l primes."""
        ...

    def backward(self, values: Residues) -> Residues:
        """The inverse of `forward`."""
        ...

    def multiply(self, left: Residues, right: Residues) -> Residues:
        """Values (m, l, N) times values (l, N)."""
        ...

    def turned(self, coefficients: Residues, small: Integers) -> Residues:
        """Polynomials (m, l, N), given and answered by their coefficients modulo the first l primes, times a
        polynomial (N,) of small signed coefficients, not all of them zero.
        """
        ...

    def ready(self, pairs: Residues) -> Ready:
        """Pairs of polynomials (m, 2, L, N), as values, in the form that `answers` takes."""
        ...

    def answers(self, sides: Sequence[Ready], plain: Integers, zeros: Ready, masks: Integers) -> Residues:
        """For each side s: sum_j sides[s][j] * plain[j] + sum_z zeros[z] * masks[s, z].

        Args:
            sides: each of m pairs.
            plain: signed coefficients (m, w) below 2**62 in absolute value; those from w to N are zero.
            zeros: z pairs.
            masks: (sides, z, N), the same.

        Returns:
            Coefficients, (sides, 2, L, N).
        """
        ...
