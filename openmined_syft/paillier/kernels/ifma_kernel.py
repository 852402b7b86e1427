"""The AVX-512 IFMA kernel: eight residues modulo a square at once; optional, on processors that have it.

Lists of powers fill the lanes with bases, a matrix-vector product fills them with outputs. Moduli that are no
square of an odd number, and single products, go to the gmpy2 kernel. Loading runs a self-test against it. The
machine code runs without the interpreter lock, in a fixed sequence of operations, but which table entries it
reads depends on the exponents.
"""

import functools
import secrets
from collections.abc import Sequence

import gmpy2
import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import KernelError
from openmined_syft.paillier.kernels.gmpy2_kernel import Gmpy2Kernel, inverses
from openmined_syft.paillier.kernels.ifma_code import (
    LANES,
    LIMB_BITS,
    code_for,
    limbs_for,
    llvm_binding,
    scratch_vectors,
)
from openmined_syft.paillier.kernels.schedule import check_matrix

Words = NDArray[np.uint64]
WINDOW = 6


def _aligned(*shape: int) -> Words:
    """Zeros whose first element lies on a 64-byte boundary: the machine code faults on anything else."""
    size = int(np.prod(shape)) * 8
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(np.uint64).reshape(shape)


class _Ring:
    """Arithmetic modulo root**2, eight lanes at a time."""

    def __init__(self, root: int) -> None:
        self.root, self.modulus = gmpy2.mpz(root), gmpy2.mpz(root) ** 2
        self.limbs = limbs_for(self.root.bit_length())
        self.code = code_for(self.limbs)
        r = gmpy2.mpz(1) << (LIMB_BITS * self.limbs)
        rest = -(-r // self.root) * self.root - (r - 1)
        full = (1 << LIMB_BITS) - 1
        n0 = int(-gmpy2.invert(self.root, 1 << LIMB_BITS) % (1 << LIMB_BITS))
        words = [*self._limbs(self.root), *(full + limb for limb in self._limbs(rest)), n0]
        self.constants = _aligned(2 * self.limbs + 1, LANES)
        self.constants[:] = np.array(words, np.uint64)[:, None]
        self.one = self.broadcast(r % self.modulus)
        self.to_montgomery = self.broadcast(r * r % self.modulus)
        self.from_montgomery = self.broadcast(gmpy2.mpz(1))

    def _limbs(self, number: int) -> list[int]:
        limbs = gmpy2.unpack(gmpy2.mpz(number), LIMB_BITS) if number else []
        return [int(limb) for limb in limbs] + [0] * (self.limbs - len(limbs))

    def pair(self, number: int) -> Words:
        """The words of a residue as it is, shape (2 limbs,)."""
        b, a = divmod(number, self.root)
        return np.array([*self._limbs(a), *self._limbs(b)], np.uint64)

    def broadcast(self, number: int) -> Words:
        """One residue in all lanes, shape (2 limbs, LANES)."""
        words = _aligned(2 * self.limbs, LANES)
        words[:] = self.pair(number)[:, None]
        return words

    def scratch(self) -> Words:
        return _aligned(scratch_vectors(self.limbs), LANES)

    def multiply(self, out: Words, x: Words, y: Words, scratch: Words) -> None:
        """out = x y / R in every lane."""
        address = self.constants.ctypes.data
        self.code.multiply(out.ctypes.data, x.ctypes.data, y.ctypes.data, address, scratch.ctypes.data)

    def load(self, numbers: Sequence[int], scratch: Words) -> Words:
        """Up to LANES residues in Montgomery form, shape (2 limbs, LANES)."""
        words = _aligned(2 * self.limbs, LANES)
        for lane, number in enumerate(numbers):
            words[:, lane] = self.pair(number % self.modulus)
        self.multiply(words, words, self.to_montgomery, scratch)
        return words

    def read(self, words: Words, count: int, scratch: Words) -> list[int]:
        """The first `count` residues in [0, root**2) from Montgomery form."""
        plain = _aligned(2 * self.limbs, LANES)
        self.multiply(plain, words, self.from_montgomery, scratch)
        numbers = []
        for lane in range(count):
            a, b = (gmpy2.pack(part.tolist(), LIMB_BITS) for part in np.split(plain[:, lane], 2))
            numbers.append((a + b * self.root) % self.modulus)
        return numbers

    def chain(self, base: Words, count: int, scratch: Words) -> Words:
        """The powers 0 to count - 1 of a base in every lane, shape (count, 2 limbs, LANES)."""
        table = _aligned(count, 2 * self.limbs, LANES)
        table[0] = self.one
        self.code.chain(
            table.ctypes.data, base.ctypes.data, count, self.constants.ctypes.data, scratch.ctypes.data
        )
        return table

    def run(
        self, table: Words, program: list[int], offsets: NDArray[np.int64] | None, scratch: Words
    ) -> Words:
        """Start from 1 and do the program: -1 squares, p >= 0 multiplies by a table entry.

        With `offsets`, lane l multiplies by the entry at word offsets[p, l]; without, every lane by entry p.
        """
        accumulator = _aligned(2 * self.limbs, LANES)
        accumulator[:] = self.one
        steps = np.array(program, np.int32)
        if len(steps):
            run = self.code.run_same if offsets is None else self.code.run_gathered
            run(
                accumulator.ctypes.data,
                table.ctypes.data,
                steps.ctypes.data,
                None if offsets is None else offsets.ctypes.data,
                len(steps),
                self.constants.ctypes.data,
                scratch.ctypes.data,
            )
        return accumulator


@functools.lru_cache(maxsize=16)
def _ring(root: int) -> _Ring:
    return _Ring(root)


def _odd_root(modulus: int) -> int | None:
    root, rest = gmpy2.isqrt_rem(gmpy2.mpz(modulus))
    return None if rest or root % 2 == 0 or root < 3 else int(root)


class IfmaKernel:
    """Modular arithmetic in AVX-512 lanes.

    Raises:
        KernelError: llvmlite or the instructions are missing, or the self-test found a wrong number.
    """

    name = "ifma"
    releases_lock = True

    def __init__(self) -> None:
        llvm_binding()
        self._plain = Gmpy2Kernel()
        _self_test(self, self._plain)

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """See `Kernel.powers`; fixed windows of 6 bits."""
        root = _odd_root(modulus)
        if root is None or not exponent:
            return self._plain.powers(bases, exponent, modulus)
        ring = _ring(root)
        program = _window_program(int(exponent), WINDOW)
        # One residue alone is cheaper on gmpy2 than eight lanes of which seven are empty.
        alone = len(bases) % LANES == 1
        results: list[int] = []
        for first in range(0, len(bases) - alone, LANES):
            lanes = bases[first : first + LANES]
            scratch = ring.scratch()
            table = ring.chain(ring.load(lanes, scratch), 1 << WINDOW, scratch)
            results += ring.read(ring.run(table, program, None, scratch), len(lanes), scratch)
        return results + self._plain.powers(bases[len(bases) - alone :], exponent, modulus)

    def products(self, left: Sequence[int], right: Sequence[int], modulus: int) -> list[int]:
        """See `Kernel.products`."""
        return self._plain.products(left, right, modulus)

    def matvec(
        self,
        bases: Sequence[int],
        matrix: NDArray[np.int64],
        modulus: int,
        rows_per_output: int = 1,
        row_shift: int = 0,
    ) -> list[int]:
        """See `Kernel.matvec`; fixed signed windows, zero digits skipped, lanes padded with ones."""
        check_matrix(matrix, len(bases), rows_per_output, row_shift)
        root = _odd_root(modulus)
        if root is None or not matrix.any():
            return self._plain.matvec(bases, matrix, modulus, rows_per_output, row_shift)
        ring = _ring(root)
        width = 5 if len(matrix) > 16 else 4
        used = np.flatnonzero(matrix.any(axis=0))
        table = _signed_table(ring, [bases[j] for j in used], width)
        outputs = -(-len(matrix) // rows_per_output)
        results: list[int] = []
        for first in range(0, outputs, LANES):
            count = min(LANES, outputs - first)
            rows = range(first * rows_per_output, min((first + count) * rows_per_output, len(matrix)))
            digits = _fixed_digits(matrix[rows.start : rows.stop][:, used], width)
            program, offsets = _lane_program(digits, width, rows_per_output, row_shift, 2 * ring.limbs)
            scratch = ring.scratch()
            lanes = ring.read(ring.run(table, program, offsets, scratch), LANES, scratch)
            results += [_product(lanes[output:LANES:count], modulus) for output in range(count)]
        return results


def _product(numbers: list[int], modulus: int) -> int:
    product = numbers[0]
    for number in numbers[1:]:
        product = product * number % modulus
    return product


def _window_program(exponent: int, width: int) -> list[int]:
    """Left to right: square `width` times, multiply by the power that the next digit names."""
    count = -(-exponent.bit_length() // width)
    digits = [(exponent >> (width * k)) & ((1 << width) - 1) for k in reversed(range(count))]
    program = digits[:1]
    for digit in digits[1:]:
        program += [-1] * width
        if digit:
            program.append(digit)
    return program


def _fixed_digits(matrix: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Signed digits from -2**(width-1) to 2**(width-1) of every entry, (digits, rows, columns); digit k
    weighs 2**(width k).
    """
    half, full = 1 << (width - 1), 1 << width
    rest, planes = matrix.copy(), []
    while rest.any():
        digit = ((rest + half) & (full - 1)) - half
        planes.append(digit)
        rest = (rest - digit) >> width
    return np.stack(planes) if planes else np.zeros((0, *matrix.shape), np.int64)


def _signed_table(ring: _Ring, bases: list[int], width: int) -> Words:
    """Powers -2**(width-1) to 2**(width-1) of every base, then 1: shape (bases * (2**width + 1) + 1, 2
    limbs).
    """
    half = 1 << (width - 1)
    entries = 2 * half + 1
    table = _aligned(len(bases) * entries + 1, 2 * ring.limbs)
    view = table[:-1].reshape(len(bases), entries, 2 * ring.limbs)
    numbers = [gmpy2.mpz(base) % ring.modulus for base in bases]
    signed = ((1, numbers), (-1, inverses(numbers, ring.modulus)))
    scratch = ring.scratch()
    for first in range(0, len(bases), LANES):
        count = min(LANES, len(bases) - first)
        for sign, source in signed:
            powers = ring.chain(ring.load(source[first : first + count], scratch), half + 1, scratch)
            places = half + sign * np.arange(half + 1)
            view[first : first + count, places] = powers[:, :, :count].transpose(2, 0, 1)
    table[-1] = ring.one[:, 0]
    return table


def _lane_program(
    digits: NDArray[np.int64], width: int, rows_per_output: int, row_shift: int, entry_words: int
) -> tuple[list[int], NDArray[np.int64]]:
    """One program for up to LANES outputs: at every place each lane multiplies its own non-zero digits in.

    With fewer outputs than lanes, lanes o, o + outputs, o + 2 outputs, ... share the columns of output o;
    their product is the output. Lanes with fewer digits at a place than the fullest multiply by 1, the last
    entry.
    """
    planes, rows, columns = digits.shape
    half = 1 << (width - 1)
    entries = 2 * half + 1
    one = columns * entries
    first_of = np.arange(columns, dtype=np.int64) * entries + half
    outputs = -(-rows // rows_per_output)
    at: dict[int, list[list[NDArray[np.int64]]]] = {}
    for row in range(rows):
        output, shift = divmod(row, rows_per_output)
        lanes_of = range(output, LANES, outputs)
        for k in range(planes):
            digit = digits[k, row]
            used = np.flatnonzero(digit)
            if len(used):
                place = at.setdefault(k * width + shift * row_shift, [[] for _ in range(LANES)])
                for part, lane in enumerate(lanes_of):
                    mine = used[part :: len(lanes_of)]
                    place[lane].append(first_of[mine] + digit[mine])
    program: list[int] = []
    blocks, total, last = [], 0, None
    for position in sorted(at, reverse=True):
        lanes = [np.concatenate(parts) if parts else np.zeros(0, np.int64) for parts in at[position]]
        count = max(map(len, lanes))
        block = np.full((count, LANES), one, np.int64)
        for lane, indices in enumerate(lanes):
            block[: len(indices), lane] = indices
        program += [-1] * (0 if last is None else last - position)
        program += range(total, total + count)
        blocks.append(block)
        total, last = total + count, position
    program += [-1] * (last or 0)
    offsets = np.concatenate(blocks) if blocks else np.zeros((0, LANES), np.int64)
    return program, np.ascontiguousarray(offsets * entry_words)


def _self_test(kernel: IfmaKernel, judge: Gmpy2Kernel) -> None:
    """Compare with gmpy2 on random and edge values; the price is a few milliseconds.

    Raises:
        KernelError: a number differs. The kernel must not be used.
    """
    for bits in (256, 2048):
        root = secrets.randbits(bits) | (1 << (bits - 1)) | 1
        modulus = root * root
        bases = [1, 2, modulus - 1, root + 1, *(secrets.randbelow(modulus) for _ in range(7))]
        exponent = secrets.randbits(64)
        units = [base for base in bases if gmpy2.gcd(base, root) == 1]
        matrix = np.array(
            [[(i * 2654435761 + j * 40503) % 8191 - 4095 for j in range(len(units))] for i in range(11)]
        )
        if kernel.powers(bases, exponent, modulus) != judge.powers(bases, exponent, modulus) or kernel.matvec(
            units, matrix, modulus, 2, 30
        ) != judge.matvec(units, matrix, modulus, 2, 30):
            raise KernelError(
                f"the ifma kernel's self-test at {bits} bits gave a wrong number; do not use it here"
            )
