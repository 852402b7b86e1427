"""One bounded pool for what a mine keeps in memory of all campaigns together: keys and prepared data. What
was used longest ago goes first; what does not fit even alone is refused before a visit is begun.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import TypeVar, cast

import numpy as np

from mine_agent.errors import MemoryLimitError

T = TypeVar("T")

DEFAULT_LIMIT = 1 << 30
_DEEPEST = 4


class Pool:
    """Things kept by key, least recently used first. `limit` in bytes may change at any time."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()

    @property
    def limit(self) -> int:
        """Bytes that all of it may take."""
        return self._limit

    @property
    def used(self) -> int:
        """Bytes that it takes."""
        return sum(size for _, size in self._kept.values())

    def resize(self, limit: int) -> None:
        """Another limit from now on."""
        self._limit = limit
        self._shrink()

    def require(self, size: int, what: str) -> None:
        """Raises MemoryLimitError if `size` bytes for `what` are more than the whole pool."""
        if size > self._limit:
            raise MemoryLimitError(what, size, self._limit)

    def holds(self, key: Hashable) -> bool:
        """Whether it is there."""
        return key in self._kept

    def get(self, key: Hashable, what: str, make: Callable[[], T]) -> T:
        """What is kept under `key`; made, and kept, if it is not there. Raises MemoryLimitError, and whatever
        `make` raises.
        """
        if key not in self._kept:
            made = make()
            size = size_of(made)
            self.require(size, what)
            self._kept[key] = (made, size)
        self._kept.move_to_end(key)
        self._shrink()
        return cast(T, self._kept[key][0])

    def _shrink(self) -> None:
        """Never the newest: it was found to fit, and is in use."""
        while len(self._kept) > 1 and self.used > self._limit:
            self._kept.popitem(last=False)


def size_of(thing: object, depth: int = 0) -> int:
    """About how many bytes an object takes: arrays and bytes in it and in its parts, to some depth."""
    if isinstance(thing, np.ndarray):
        return int(thing.nbytes)
    size = sys.getsizeof(thing)
    if depth == _DEEPEST or isinstance(thing, bytes | bytearray | str | int):
        return size
    if isinstance(thing, dict):
        return size + sum(size_of(value, depth + 1) for value in thing.values())
    if isinstance(thing, list | tuple):
        return size + sum(size_of(value, depth + 1) for value in thing)
    parts = [getattr(thing, one.name) for one in fields(thing)] if is_dataclass(thing) else vars_of(thing)
    return size + sum(size_of(part, depth + 1) for part in parts)


def vars_of(thing: object) -> list[object]:
    """The values of an object's attributes."""
    return list(getattr(thing, "__dict__", {}).values())
