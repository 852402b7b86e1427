"""A kernel for the owner of a key: powers with its secret exponents, on all cores or on machines of the
owner's own, through any `concurrent.futures.Executor`.

Bases, exponent, modulus and results each give the key away (a residue modulo p^2 has a factor in common with
the difference to its ciphertext). So they travel as one `_Block` that shows nothing of itself, whatever an
executor writes into its log, and come back under a mask that only the sender knows: a result that a worker
puts on its disk for want of memory says nothing. What is sent is in the workers' memory, and on the way to
them: they must be the owner's, and the way encrypted.

A worker that dies, or computes wrongly, or an executor that answers nothing, costs time: what it did not give
back, or what is not the powers that were asked for, is begun anew by a new executor, and then by this
process.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import gmpy2
import numpy as np
from numpy.typing import NDArray

from openmined_syft.blocks import blocks_of
from openmined_syft.errors import ParameterError
from openmined_syft.paillier.kernels.agreement import agree
from openmined_syft.paillier.kernels.interface import Kernel

PATIENCE_SECONDS = 300.0
"""How long a block may take, before it is worked on here."""
TRIES = 2
"""Executors that are tried, one after the other, before the work is done here."""


class OwnerKernel:
    """`kernel`, with its powers cut into `parts` blocks that executors work on.

    Args:
        kernel: does the arithmetic; pickled, which costs nothing as kernels hold no data.
        make: makes an executor; called when one is first needed, and again when one has failed.
        parts: usually the number of workers.
        trouble: told in a few words, without numbers, when an executor has failed.

    Raises:
        ParameterError: fewer than one part.
    """

    def __init__(
        self,
        kernel: Kernel,
        make: Callable[[], Executor],
        parts: int,
        *,
        trouble: Callable[[str], None] = lambda _: None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        if parts < 1:
            raise ParameterError(f"work is cut into {parts} parts; needs at least 1")
        self._kernel, self._parts = kernel, parts
        self._make = make
        self._trouble, self._patience = trouble, patience
        self._executor: Executor | None = None
        self._lock = threading.Lock()

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

    def powers(self, bases: Sequence[int], exponent: int, modulus: int) -> list[int]:
        """See `Kernel.powers`; the same numbers whoever computes them."""
        parts = [list(bases[block.start : block.stop]) for block in blocks_of(len(bases), self._parts)]
        if len(bases) < 2 or (len(parts) < 2 and self._is_here()):
            return self._kernel.powers(bases, exponent, modulus)  # not worth a journey
        found: dict[int, list[int]] = {}
        for _ in range(TRIES):
            self._try(parts, exponent, modulus, found)
            if len(found) == len(parts):
                break
        return [
            number
            for place, part in enumerate(parts)
            for number in found.get(place) or self._kernel.powers(part, exponent, modulus)
        ]

    def matvec(
        self,
        bases: Sequence[int],
        matrix: NDArray[np.int64],
        modulus: int,
        rows_per_output: int = 1,
        row_shift: int = 0,
    ) -> list[int]:
        """See `Kernel.matvec`; a mine's work, not the owner's."""
        return self._kernel.matvec(bases, matrix, modulus, rows_per_output, row_shift)

    def close(self) -> None:
        """Let go of the executor; the next powers make a new one."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    def _is_here(self) -> bool:
        return self._executor is None or isinstance(self._executor, ThreadPoolExecutor)

    def _try(
        self, parts: Sequence[list[int]], exponent: int, modulus: int, found: dict[int, list[int]]
    ) -> None:
        """Let an executor work on what is not found yet. Whatever it raises is its own trouble: powers of
        numbers do not fail. What other processes give back is believed after a check, all of it or nothing.
        """
        executor: Executor | None = None
        answers: dict[int, list[int]] = {}
        try:
            executor = self._current()
            sent: list[tuple[int, _Mask, Future[_Masked]]] = []
            for place, part in enumerate(parts):
                if place not in found:
                    mask = _Mask()
                    block = _Block(self._kernel, part, exponent, modulus, mask)
                    sent.append((place, mask, executor.submit(_work, block)))
            until = time.monotonic() + self._patience
            for place, mask, future in sent:
                answer = future.result(timeout=max(0.0, until - time.monotonic()))
                answers[place] = mask.off(answer, len(parts[place]), modulus)
        except Exception as error:  # noqa: BLE001 - each executor has errors of its own
            self._trouble(f"workers failed ({type(error).__name__}); their work is taken up again")
            self._give_up(executor)
        in_here = isinstance(executor, ThreadPoolExecutor)  # as right as this process itself
        if in_here or self._is_right(answers, parts, exponent, modulus):
            found |= answers
        else:
            self._trouble("workers computed wrongly; their work is done again: look at their machines")
            self._give_up(executor)

    def _is_right(
        self, answers: dict[int, list[int]], parts: Sequence[list[int]], exponent: int, modulus: int
    ) -> bool:
        """Whether they are the powers of their parts."""
        bases = [base for place in answers for base in parts[place]]
        powers = [power for answer in answers.values() for power in answer]
        return not bases or agree(self._kernel, bases, powers, exponent, modulus)

    def _current(self) -> Executor:
        with self._lock:
            if self._executor is None:
                self._executor = self._make()
            return self._executor

    def _give_up(self, executor: Executor | None) -> None:
        with self._lock:
            if executor is None or self._executor is not executor:
                return
            self._executor = None
        executor.shutdown(wait=False, cancel_futures=True)


class _Mask:
    """Hides the powers of one block on their way back."""

    def __init__(self) -> None:
        self.seed = secrets.token_bytes(32)

    def on(self, numbers: Sequence[int], modulus: int) -> _Masked:
        width = _width(modulus)
        plain = b"".join(int(number).to_bytes(width, "big") for number in numbers)
        return _Masked(self._xor(plain))

    def off(self, masked: _Masked, count: int, modulus: int) -> list[int]:
        """ParameterError unless there are `count` numbers."""
        width = _width(modulus)
        plain = self._xor(masked.octets)
        if len(plain) != count * width:
            raise ParameterError(f"a worker gave back {len(plain)} bytes; needs {count * width}")
        return [
            gmpy2.mpz(int.from_bytes(plain[place : place + width], "big"))
            for place in range(0, len(plain), width)
        ]

    def _xor(self, octets: bytes) -> bytes:
        stream = hashlib.shake_256(self.seed).digest(len(octets))
        return (int.from_bytes(octets, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(octets), "big")


class _Masked:
    """Powers under a mask."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __repr__(self) -> str:
        return f"powers under a mask, {len(self.octets)} bytes"


class _Block:
    """Powers to compute; shows nothing of the numbers."""

    def __init__(
        self, kernel: Kernel, bases: Sequence[int], exponent: int, modulus: int, mask: _Mask
    ) -> None:
        self.kernel, self.mask, self.count = kernel, mask, len(bases)
        self.numbers = (list(bases), exponent, modulus)

    def __repr__(self) -> str:
        return f"{self.count} powers of a key's owner"


def _work(block: _Block) -> _Masked:
    """In the worker."""
    bases, exponent, modulus = block.numbers
    return block.mask.on(block.kernel.powers(bases, exponent, modulus), modulus)


def _width(modulus: int) -> int:
    return (int(modulus).bit_length() + 7) // 8
