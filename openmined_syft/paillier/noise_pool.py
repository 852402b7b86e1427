"""Noise made ahead: values r^n mod n^2 of one key, each handed out once and then forgotten.

Noise is most of a small model's visit, and depends on neither model nor data, so a mine can make it while it
has nothing else to do, and Capsule likewise what it encrypts the next version with. Used twice it would be no
noise: the quotient of two ciphertexts under the same r^n is the bare result of a computation. Therefore

* a value leaves the pool before it is used, and no way leads back, whatever fails afterwards;
* the pool lives in the memory of one process and is never written down: it has no wire form and refuses to
  be pickled, and a process that was killed leaves none of it behind;
* in a process that was forked off, it is empty: the values stay with the parent.

A machine that is put back to an earlier image of its memory (a snapshot of a virtual machine) would go
through the same values again; like every source of random numbers in memory, a pool cannot notice it.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from openmined_syft.errors import KeyMismatchError, ParameterError
from openmined_syft.paillier.kernels import Kernel, load_kernel
from openmined_syft.paillier.keys import PrivateKey, PublicKey
from openmined_syft.paillier.zeros import fresh_noise, owner_noise

MOST_VALUES = 1024
"""Of one pool: half a megabyte at 2048 bits. A larger model's visit makes the rest as it goes."""
_SLICE = 4  # values made in one piece: 0.1 s at 3072 bits on gmpy2


class _Forks:
    """How many forks lie between this process and the one that loaded this module."""

    count = 0


def _forked() -> None:
    _Forks.count += 1


os.register_at_fork(after_in_child=_forked)


class NoisePool:
    """At most `most` values for one key, an `Ahead` of `openmined_syft.schemes`. Threads may share it.

    Args:
        make: that many fresh, independent values r^n mod n^2 of `public`.
        most: 1 or more; more than `MOST_VALUES` are not kept.

    Raises:
        ParameterError: fewer than one.
    """

    __slots__ = ("__weakref__", "_forks", "_lock", "_make", "_most", "_public", "_values")

    def __init__(self, public: PublicKey, make: Callable[[int, Kernel], list[int]], most: int) -> None:
        if most < 1:
            raise ParameterError(f"a pool of {most} values; needs at least 1")
        self._public, self._make, self._most = public, make, min(most, MOST_VALUES)
        self._values: deque[int] = deque()
        self._forks, self._lock = _Forks.count, threading.Lock()

    @classmethod
    def of_mine(cls, public: PublicKey, most: int) -> "NoisePool":
        """For somebody who knows the public key only."""
        return cls(public, lambda count, kernel: fresh_noise(count, public, kernel), most)

    @classmethod
    def of_owner(cls, key: PrivateKey, most: int) -> "NoisePool":
        """For the key's owner, at a quarter of the price."""
        return cls(key.public, partial(_owners, key), most)

    def __len__(self) -> int:
        return len(self._values) if self._forks == _Forks.count else 0

    @property
    def wanted(self) -> bool:
        """Whether there is room for more."""
        return len(self) < self._most

    def work(self, kernel: Kernel | None = None) -> None:
        """Make a few values more, in some hundredths of a second; nothing if the pool is full."""
        count = min(_SLICE, self._most - len(self))
        if count > 0:
            made = self._make(count, kernel or load_kernel())
            with self._own():
                self._values.extend(made)

    def take(self, count: int, public: PublicKey) -> list[int]:
        """Up to `count` values for `public`; they are the caller's alone, and in the pool no more.

        Raises:
            KeyMismatchError: the pool is for another key.
        """
        if public != self._public:
            raise KeyMismatchError("the pool of noise was made for another key than the ciphertexts")
        with self._own():
            return [self._values.popleft() for _ in range(min(count, len(self._values)))]

    def _own(self) -> threading.Lock:
        """The lock, with nothing in the pool that a parent process has."""
        if self._forks != _Forks.count:
            # Also a new lock: a thread of the parent may have held the old one, and is not here to let it go.
            self._values, self._forks, self._lock = deque(), _Forks.count, threading.Lock()
        return self._lock

    def __repr__(self) -> str:
        return f"NoisePool({len(self)} of {self._most} values)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("noise is not pickled: whoever has a copy can take it off a ciphertext")


def _owners(key: PrivateKey, count: int, kernel: Kernel) -> list[int]:
    return owner_noise(count, key, kernel)
