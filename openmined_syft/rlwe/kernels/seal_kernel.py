"""The kernel on SEAL, through the bindings of TenSEAL (extra `nn`): no machine code of our own.

SEAL's BFV evaluator is used for its arithmetic only: its ciphertexts are pairs of polynomials with the ring's
primes, its plaintexts small signed polynomials. None of SEAL's keys, encryptors or decryptors is touched:
their second halves come from SEAL's own randomness, and here they must come from public seeds. The bindings
give no access to the numbers, so polynomials go in and out as SEAL's saved bytes, in anonymous memory files.
"""

import functools
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from openmined_syft.errors import KernelError
from openmined_syft.rlwe.kernels.numpy_kernel import NumpyKernel
from openmined_syft.rlwe.ring import Integers, Residues, Ring, ntt_primes, ring
from openmined_syft.seal_bindings import fill, seal, to_bytes

_PLAIN_BITS = 53  # SEAL's modulus of plaintexts; below every prime, so that lifting is one addition
_OWN_BITS = 30
_AT_ONCE = 15  # polynomials in one of SEAL's ciphertexts beside the one that keeps it from being refused
_HEADER = 16
_ZSTD = 2
_BEFORE_SIZES, _SIZES = 33, 24  # parameters and form; then three numbers of 8 bytes


class SealKernel:
    """Arithmetic in the ring of `ring.ring()`; SEAL has no smaller ones.

    Raises:
        KernelError: TenSEAL is missing, the ring is another one, or the self-test found a wrong number.
    """

    name = "seal"

    def __init__(self, where: Ring) -> None:
        if where != ring():
            raise KernelError(f"the seal kernel works in the ring of degree {ring().degree} only")
        self._ring, self._plain = where, NumpyKernel(where)
        self._context = _context(where)
        self._evaluator = seal().Evaluator(self._context)
        template = seal().Ciphertext(self._context)
        template.resize(self._context, self._context.first_parms_id(), 2)
        empty = _unpacked(to_bytes(template))
        numbers = 8 + _HEADER + 8 * 2 * len(where.primes) * where.degree
        self._names = empty[:_BEFORE_SIZES]
        self._tail = empty[_BEFORE_SIZES + _SIZES : len(empty) - numbers]  # scale, and what newer SEALs add
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
            return np.zeros((2, len(self._ring.primes), self._ring.degree), np.uint64)
        self._evaluator.transform_from_ntt_inplace(total)
        return self._numbers(total)

    def _transformed(self, polynomials: Residues, transform: Any, *, values: bool) -> Residues:
        count, primes, degree = polynomials.shape
        result = np.empty_like(polynomials)
        for first in range(0, count, _AT_ONCE):
            part = polynomials[first : first + _AT_ONCE]
            batch = np.zeros((len(part) + 1, len(self._ring.primes), degree), np.uint64)
            batch[0, :primes], batch[2:, :primes] = part[0], part[1:]
            batch[1] = 1  # SEAL refuses what has nothing but zeros behind its first polynomial
            ciphertext = self._loaded(batch, values=values)
            transform(ciphertext)
            numbers = self._numbers(ciphertext)
            result[first], result[first + 1 : first + len(part)] = numbers[0, :primes], numbers[2:, :primes]
        return result

    def _loaded(self, polynomials: Residues, *, values: bool) -> Any:
        """Polynomials (2 or more, L, N) as one of SEAL's ciphertexts."""
        numbers = np.ascontiguousarray(polynomials, np.uint64)
        names = self._names[:-1] + bytes([values])
        sizes = struct.pack("<QQQ", len(numbers), self._ring.degree, len(self._ring.primes))
        inner = _header(8 + numbers.nbytes) + struct.pack("<Q", numbers.size) + numbers.tobytes()
        return _load(seal().Ciphertext(), self._context, names + sizes + self._tail + inner)

    def _numbers(self, ciphertext: Any) -> Residues:
        data = _unpacked(to_bytes(ciphertext))
        count = ciphertext.size()
        start = _BEFORE_SIZES + _SIZES + len(self._tail) + _HEADER + 8
        shape = count, len(self._ring.primes), self._ring.degree
        return np.frombuffer(data, "<u8", int(np.prod(shape)), start).reshape(shape)

    def _polynomial(self, coefficients: Integers) -> Any | None:
        """Signed coefficients as one of SEAL's plaintexts, as values; None for nothing but zeros."""
        if not coefficients.any():
            return None
        if np.abs(coefficients).max() >= 1 << (_PLAIN_BITS - 1):
            raise KernelError(f"the seal kernel takes coefficients below 2^{_PLAIN_BITS - 1}")
        numbers = coefficients.view(np.uint64) & np.uint64((1 << _PLAIN_BITS) - 1)
        inner = _header(8 + numbers.nbytes) + struct.pack("<Q", numbers.size) + numbers.tobytes()
        body = bytes(32) + struct.pack("<Qd", numbers.size, 1.0) + inner
        plain = _load(seal().Plaintext(), self._context, body)
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


@functools.cache
def _first_bytes() -> bytes:
    """Magic number, header's size and SEAL's version, as this SEAL writes them."""
    return to_bytes(seal().Plaintext("1"))[:5]


def _header(size: int) -> bytes:
    """Of `size` bytes that are not compressed."""
    return _first_bytes() + struct.pack("<BHQ", 0, 0, _HEADER + size)


def _load(thing: Any, context: Any, body: bytes) -> Any:
    try:
        fill(thing, context, _header(len(body)) + body)
    except ValueError:
        raise KernelError("SEAL refuses polynomials that this machine has made") from None
    return thing


def _unpacked(data: bytes) -> bytes:
    """What is behind the header, decompressed."""
    if data[5] != _ZSTD:
        return data[_HEADER:]
    stream = pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(data)[_HEADER:]), "zstd")
    whole: bytes = stream.read()
    return whole


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
