"""The kernel on SEAL, through the bindings of TenSEAL (extra `nn`): no machine code of our own.

SEAL's BFV evaluator is used for its arithmetic only: its ciphertexts are pairs of polynomials with the ring's
primes, its plaintexts small signed polynomials. None of SEAL's keys, encryptors or decryptors is touched:
their second halves come from SEAL's own randomness, and here they must come from public seeds. The bindings
give no access to the numbers, so polynomials go in and out as SEAL's saved bytes, in anonymous memory files,
and out of it always compressed: most of the time that this kernel takes. So what can stay inside does.
"""

import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from openmined_syft.errors import KernelError
from openmined_syft.lattice.kernels.interface import AT_ONCE
from openmined_syft.lattice.kernels.numpy_kernel import NumpyKernel
from openmined_syft.lattice.ring import PRIME_BITS, Integers, Residues, Ring, ntt_primes
from openmined_syft.seal_bindings import (
    SavedNumbers,
    as_ciphertext,
    fill,
    header,
    saved_numbers,
    seal,
    with_header,
)

_PLAIN_BITS = 53  # SEAL's modulus of plaintexts; below every prime, so that lifting is one addition
_OWN_BITS = 30


class SealKernel:
    """Arithmetic in rings that SEAL takes for 128 bits of strength: of degree 1,024 and more.

    Raises:
        KernelError: TenSEAL is missing, it refuses the ring, or the self-test found a wrong number.
    """

    name = "seal"

    def __init__(self, where: Ring) -> None:
        self._plain, self._primes, self._degree = NumpyKernel(where), len(where.primes), where.degree
        self.primes = where.primes
        self._context = _context(where)
        self._evaluator = seal().Evaluator(self._context)
        template = seal().Ciphertext(self._context)
        template.resize(self._context, self._context.first_parms_id(), 2)
        self._template = saved_numbers(template)
        if max(where.primes).bit_length() <= PRIME_BITS:  # larger ones the judge cannot multiply
            _self_test(self, self._plain, where)

    def forward(self, coefficients: Residues) -> Residues:
        """See `RingKernel.forward`."""
        return self._transformed(coefficients, self._evaluator.transform_to_ntt_inplace, values=False)

    def backward(self, values: Residues) -> Residues:
        """See `RingKernel.backward`."""
        return self._transformed(values, self._evaluator.transform_from_ntt_inplace, values=True)

    def multiply(self, left: Residues, right: Residues) -> Residues:
        """See `RingKernel.multiply`: with numpy."""
        return self._plain.multiply(left, right)

    def turned(self, coefficients: Residues, small: Integers) -> Residues:
        """See `RingKernel.turned`; without a way out of SEAL and in again between the transforms."""
        factor = self._polynomial(small)

        def turn(ciphertext: Any) -> None:
            self._evaluator.transform_to_ntt_inplace(ciphertext)
            self._evaluator.multiply_plain_inplace(ciphertext, factor)
            self._evaluator.transform_from_ntt_inplace(ciphertext)

        return self._transformed(coefficients, turn, values=False)

    def ready(self, pairs: Residues) -> list[Any]:
        """See `RingKernel.ready`: SEAL's ciphertexts."""
        return [self._loaded(pair, values=True) for pair in pairs]

    def answers(
        self, sides: Sequence[list[Any]], plain: Integers, zeros: list[Any], masks: Integers
    ) -> Residues:
        """See `RingKernel.answers`. Raises KernelError for coefficients of 2**52 and more."""
        blocks = [self._polynomial(row) for row in plain]
        results = []
        for side, mask in zip(sides, masks, strict=True):
            terms = [*zip(side, blocks, strict=True), *zip(zeros, map(self._polynomial, mask), strict=True)]
            total, product = None, seal().Ciphertext()
            for pair, factor in terms:
                if factor is None:
                    continue
                self._evaluator.multiply_plain(pair, factor, product)
                if total is None:
                    total, product = product, seal().Ciphertext()
                else:
                    self._evaluator.add_inplace(total, product)
            results.append(self._opened(total))
        return np.stack(results)

    def _opened(self, total: Any | None) -> Residues:
        if total is None:
            return np.zeros((2, self._primes, self._degree), np.uint64)
        self._evaluator.transform_from_ntt_inplace(total)
        return saved_numbers(total).numbers

    def _transformed(
        self, polynomials: Residues, transform: Callable[[Any], None], *, values: bool
    ) -> Residues:
        count, primes, degree = polynomials.shape
        result = np.empty_like(polynomials)
        for first in range(0, count, AT_ONCE):
            part = polynomials[first : first + AT_ONCE]
            batch = np.zeros((len(part) + 1, self._primes, degree), np.uint64)
            batch[0, :primes], batch[2:, :primes] = part[0], part[1:]
            batch[1] = 1  # SEAL refuses what has nothing but zeros behind its first polynomial
            ciphertext = self._loaded(batch, values=values)
            transform(ciphertext)
            numbers = saved_numbers(ciphertext).numbers
            result[first], result[first + 1 : first + len(part)] = numbers[0, :primes], numbers[2:, :primes]
        return result

    def _loaded(self, polynomials: Residues, *, values: bool) -> Any:
        """Polynomials (2 or more, L, N) as one of SEAL's ciphertexts."""
        before = self._template.before[:-1] + bytes([values])
        try:
            return as_ciphertext(self._context, SavedNumbers(before, self._template.between, polynomials))
        except ValueError:
            raise KernelError("SEAL refuses polynomials that this machine has made") from None

    def _polynomial(self, coefficients: Integers) -> Any | None:
        """Signed coefficients as one of SEAL's plaintexts, as values; None for nothing but zeros."""
        if not coefficients.any():
            return None
        if np.abs(coefficients).max() >= 1 << (_PLAIN_BITS - 1):
            raise KernelError(f"the seal kernel takes coefficients below 2^{_PLAIN_BITS - 1}")
        numbers = coefficients.view(np.uint64) & np.uint64((1 << _PLAIN_BITS) - 1)
        body = bytes(32) + struct.pack("<Qd", numbers.size, 1.0) + with_header(numbers)
        plain = seal().Plaintext()
        fill(plain, self._context, header(len(body)) + body)
        self._evaluator.transform_to_ntt_inplace(plain, self._context.first_parms_id())
        return plain


@functools.cache
def _context(where: Ring) -> Any:
    s = seal()
    parameters = s.EncryptionParameters(s.SCHEME_TYPE.BFV)
    parameters.set_poly_modulus_degree(where.degree)
    # SEAL keeps the last prime to itself, for keys that are not used here.
    own = ntt_primes(where.degree, _OWN_BITS, 1)
    parameters.set_coeff_modulus([s.Modulus(prime) for prime in (*where.primes, *own)])
    parameters.set_plain_modulus(1 << _PLAIN_BITS)
    context = s.SEALContext(parameters, True, s.SEC_LEVEL_TYPE.TC128)
    if not context.parameters_set():
        raise KernelError("this SEAL does not accept the ring's parameters at 128 bits of strength")
    return context


def _self_test(kernel: SealKernel, judge: NumpyKernel, where: Ring) -> None:
    """Compare with numpy. Raises KernelError if a number differs."""
    random = np.random.default_rng(0)
    pairs = np.stack([random.integers(0, q, (1, 2, where.degree), np.uint64) for q in where.primes], axis=2)
    plain = random.integers(-(1 << 51), 1 << 51, (1, 40))
    masks = random.integers(-(1 << 27), 1 << 27, (1, 1, where.degree))
    ours = kernel.answers([kernel.ready(pairs)], plain, kernel.ready(pairs), masks)
    theirs = judge.answers([pairs], plain, pairs, masks)
    flat = pairs[:, 0]
    same = np.array_equal(kernel.forward(flat), judge.forward(flat))
    if not (
        same and np.array_equal(ours, theirs) and np.array_equal(kernel.backward(flat), judge.backward(flat))
    ):
        raise KernelError("the seal kernel's self-test gave a wrong number; do not use it here")
