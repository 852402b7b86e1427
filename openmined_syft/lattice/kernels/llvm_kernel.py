"""The kernel in machine code (extra `fast`): see `llvm_code`. It compares itself with numpy when it is
loaded.

What it does does not depend on the numbers, only on their count; whether the compiler and the processor keep
to that was not examined.
"""

from collections.abc import Sequence

import numpy as np

from openmined_syft.errors import KernelError
from openmined_syft.lattice.kernels.llvm_code import code
from openmined_syft.lattice.kernels.numpy_kernel import NumpyKernel
from openmined_syft.lattice.ring import Integers, Residues, Ring

_SHIFT = 9  # q << 9 is above 2**62


class LlvmKernel:
    """Arithmetic in any ring of `ring.Ring`.

    Raises:
        KernelError: llvmlite is missing, or the self-test found a wrong number.
    """

    name = "llvm"

    def __init__(self, ring: Ring) -> None:
        self._code, self._ring, self._n = code(), ring, ring.degree
        self._companions = _companions(ring, ring.twiddles)
        self._inverse_companions = _companions(ring, ring.inverse_twiddles)
        self._one = [(1 << 64) // q for q in ring.primes]
        self._word = [pow(2, 64, q) for q in ring.primes]
        self._word_companion = [(w << 64) // q for w, q in zip(self._word, ring.primes, strict=True)]
        _self_test(self, NumpyKernel(ring), ring)

    def forward(self, coefficients: Residues) -> Residues:
        """See `RingKernel.forward`."""
        values = np.array(coefficients, np.uint64, order="C")
        for polynomial in values.reshape(-1, *values.shape[-2:]):
            for place in range(polynomial.shape[0]):
                self._forward(polynomial[place], place, self._n)
        return values

    def backward(self, values: Residues) -> Residues:
        """See `RingKernel.backward`."""
        coefficients = np.array(values, np.uint64, order="C")
        for polynomial in coefficients.reshape(-1, *coefficients.shape[-2:]):
            for place in range(polynomial.shape[0]):
                self._backward(polynomial[place], place)
        return coefficients

    def multiply(self, left: Residues, right: Residues) -> Residues:
        """See `RingKernel.multiply`."""
        left, right = np.ascontiguousarray(left), np.ascontiguousarray(right)
        result = np.empty_like(left)
        for factor, product in zip(left, result, strict=True):
            for place in range(factor.shape[0]):
                x, y, out = factor[place], right[place], product[place]
                self._code.multiply(
                    out.ctypes.data, x.ctypes.data, y.ctypes.data, self._n, *self._folding(place)
                )
        return result

    def turned(self, coefficients: Residues, small: Integers) -> Residues:
        """See `RingKernel.turned`."""
        factor = self.forward(self._ring.residues(small)[None, : coefficients.shape[1]])[0]
        return self.backward(self.multiply(self.forward(coefficients), factor))

    def ready(self, pairs: Residues) -> Residues:
        """See `RingKernel.ready`: as they are."""
        return np.ascontiguousarray(pairs)

    def answers(
        self, sides: Sequence[Residues], plain: Integers, zeros: Residues, masks: Integers
    ) -> Residues:
        """See `RingKernel.answers`."""
        n, count = self._n, len(self._ring.primes)
        plain, masks = np.ascontiguousarray(plain), np.ascontiguousarray(masks)
        results = np.empty((len(sides), 2, count, n), np.uint64)
        blocks, hidden = np.empty((len(plain), n), np.uint64), np.empty((masks.shape[1], n), np.uint64)
        sums = np.empty(2 * n * 2 + 2, np.uint64)
        sums = sums[sums.ctypes.data % 16 // 8 :][: 4 * n]  # 128-bit words lie on 16 bytes
        for place in range(count):
            self._transformed(plain, blocks, place)
            for side, mask, result in zip(sides, masks, results, strict=True):
                self._transformed(mask, hidden, place)
                sums[:] = 0
                self._gather(sums, side, blocks, place)
                self._gather(sums, zeros, hidden, place)
                for half in range(2):
                    out, half_of = result[half, place], sums[half * 2 * n :]
                    self._code.fold(out.ctypes.data, half_of.ctypes.data, n, *self._folding(place))
                    self._backward(out, place)
        return results

    def _transformed(self, plain: Integers, out: Residues, place: int) -> None:
        shift = self._ring.primes[place] << _SHIFT
        for source, target in zip(plain, out, strict=True):
            self._code.lift(target.ctypes.data, source.ctypes.data, len(source), self._n, shift)
            self._forward(target, place, len(source))

    def _gather(self, sums: Residues, pairs: Residues, plain: Residues, place: int) -> None:
        if not len(plain):
            return
        apart, between = (stride // 8 for stride in (pairs.strides[1], pairs.strides[0]))
        first = pairs[0, 0, place]
        self._code.gather(
            sums.ctypes.data,
            first.ctypes.data,
            apart,
            between,
            plain.ctypes.data,
            self._n,
            len(plain),
            self._n,
        )

    def _forward(self, x: Residues, place: int, top: int) -> None:
        tables = self._ring.twiddles[place].ctypes.data, self._companions[place].ctypes.data
        self._code.forward(x.ctypes.data, *tables, self._ring.primes[place], self._one[place], self._n, top)

    def _backward(self, x: Residues, place: int) -> None:
        prime, factor = self._ring.primes[place], int(self._ring.inverse_degree[place])
        tables = self._ring.inverse_twiddles[place].ctypes.data, self._inverse_companions[place].ctypes.data
        self._code.backward(x.ctypes.data, *tables, prime, factor, (factor << 64) // prime, self._n)

    def _folding(self, place: int) -> tuple[int, int, int, int]:
        return self._ring.primes[place], self._one[place], self._word[place], self._word_companion[place]


def _companions(ring: Ring, table: Residues) -> Residues:
    rows = [[(w << 64) // q for w in row.tolist()] for row, q in zip(table, ring.primes, strict=True)]
    return np.array(rows, np.uint64)


def _self_test(kernel: LlvmKernel, judge: NumpyKernel, ring: Ring) -> None:
    """Compare with numpy on random and edge values; the price is some tens of milliseconds.

    Raises:
        KernelError: a number differs. The kernel must not be used.
    """
    random = np.random.default_rng(0)
    pairs = np.stack([random.integers(0, q, (2, 2, ring.degree), np.uint64) for q in ring.primes], axis=2)
    pairs[0] = np.array(ring.primes, np.uint64)[:, None] - np.uint64(1)
    most = (1 << 62) - 1
    plain = random.integers(-most, most, (2, max(1, ring.degree // 8)))
    masks = random.integers(-(1 << 27), 1 << 27, (1, 2, ring.degree))
    plain[0], masks[0, 0] = most, -most
    ours = kernel.answers([kernel.ready(pairs)], plain, kernel.ready(pairs), masks)
    theirs = judge.answers([judge.ready(pairs)], plain, judge.ready(pairs), masks)
    flat = pairs[:, 0]
    same = (
        np.array_equal(ours, theirs)
        and np.array_equal(kernel.forward(flat), judge.forward(flat))
        and np.array_equal(kernel.backward(flat), judge.backward(flat))
        and np.array_equal(kernel.multiply(flat, flat[0]), judge.multiply(flat, flat[0]))
    )
    if not same:
        raise KernelError("the llvm kernel's self-test gave a wrong number; do not use it here")
