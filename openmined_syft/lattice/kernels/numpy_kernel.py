"""The kernel in numpy, written to be clearly right: the judge of the others. Ten times slower than `llvm`.

Transforms as in Harvey, "Faster arithmetic for number-theoretic transforms" (2014), without its lazy
reductions.
"""

from collections.abc import Sequence

import numpy as np

from openmined_syft.lattice.ring import Integers, Residues, Ring, multiply_mod


class NumpyKernel:
    """Arithmetic in any ring of `ring.Ring`."""

    name = "numpy"

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def forward(self, coefficients: Residues) -> Residues:
        """See `RingKernel.forward`."""
        values = coefficients.copy()
        for place in range(values.shape[-2]):
            values[..., place, :] = self._forward(values[..., place, :], place)
        return values

    def backward(self, values: Residues) -> Residues:
        """See `RingKernel.backward`."""
        coefficients = values.copy()
        for place in range(values.shape[-2]):
            coefficients[..., place, :] = self._backward(coefficients[..., place, :], place)
        return coefficients

    def multiply(self, left: Residues, right: Residues) -> Residues:
        """See `RingKernel.multiply`."""
        return self._ring.multiply(left, right)

    def turned(self, coefficients: Residues, small: Integers) -> Residues:
        """See `RingKernel.turned`."""
        factor = self.forward(self._ring.residues(small)[None, : coefficients.shape[1]])[0]
        return self.backward(self.multiply(self.forward(coefficients), factor))

    def ready(self, pairs: Residues) -> Residues:
        """See `RingKernel.ready`: as they are."""
        return pairs

    def answers(
        self, sides: Sequence[Residues], plain: Integers, zeros: Residues, masks: Integers
    ) -> Residues:
        """See `RingKernel.answers`."""
        ring = self._ring
        results = np.zeros((len(sides), 2, len(ring.primes), ring.degree), np.uint64)
        blocks = self._plain(plain)
        for result, side, mask in zip(results, sides, masks, strict=True):
            for pairs, factors in ((side, blocks), (zeros, self._plain(mask))):
                for pair, factor in zip(pairs, factors, strict=True):
                    result[:] = ring.add(result, ring.multiply(pair, factor))
        return self.backward(results)

    def _plain(self, plain: Integers) -> Residues:
        padded = np.zeros((len(plain), self._ring.degree), np.int64)
        padded[:, : plain.shape[1]] = plain
        return self.forward(self._ring.residues(padded))

    def _forward(self, x: Residues, place: int) -> Residues:
        prime, q = self._ring.primes[place], np.uint64(self._ring.primes[place])
        twiddles, parts, half = self._ring.twiddles[place], 1, self._ring.degree // 2
        while half:
            view = x.reshape(-1, parts, 2, half)
            a, b = view[:, :, 0], view[:, :, 1]
            product = multiply_mod(b, np.broadcast_to(twiddles[parts : 2 * parts, None], b.shape), prime)
            upper, lower = a + product, a + (q - product)
            out = np.empty_like(view)
            out[:, :, 0], out[:, :, 1] = np.minimum(upper, upper - q), np.minimum(lower, lower - q)
            x = out.reshape(x.shape)
            parts, half = parts * 2, half // 2
        return x

    def _backward(self, x: Residues, place: int) -> Residues:
        prime, q = self._ring.primes[place], np.uint64(self._ring.primes[place])
        twiddles, parts, half = self._ring.inverse_twiddles[place], self._ring.degree // 2, 1
        while parts:
            view = x.reshape(-1, parts, 2, half)
            a, b = view[:, :, 0], view[:, :, 1]
            upper, lower = a + b, a + (q - b)
            lower = np.minimum(lower, lower - q)
            factor = np.broadcast_to(twiddles[parts : 2 * parts, None], b.shape)
            out = np.empty_like(view)
            out[:, :, 0], out[:, :, 1] = np.minimum(upper, upper - q), multiply_mod(lower, factor, prime)
            x = out.reshape(x.shape)
            parts, half = parts // 2, half * 2
        return multiply_mod(x, np.full(x.shape, self._ring.inverse_degree[place]), prime)
