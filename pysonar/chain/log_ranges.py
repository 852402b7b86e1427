"""How many blocks to ask for at once, and which to ask for again.

Nodes limit blocks or logs per answer, each with an error of its own, or simply take too long; and a machine
that is behind gives no logs for blocks that it lacks, without a word. So widths are learnt and remembered,
and the newest blocks are read again, several times, at growing distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIRST_WIDTH = 2_000
LARGEST_WIDTH = 50_000
MANY_EVENTS = 2_000
PROBE_AFTER = 500
"""Answers after which a width that was once refused is tried again: limits change, and some were chance."""
AGES = (3.0, 15.0, 60.0, 300.0, 1800.0)
"""Seconds after its first reading when a block is read again."""
TOGETHER = 0.25
"""What is due within this share of its age is read along: so old blocks are not read at every look."""
NEWEST = 512
"""Blocks under the newest that are read again; older ones have long been everywhere."""


class Width:
    """The width of a range of blocks: grows while ranges fit, shrinks when one does not, and remembers."""

    def __init__(self) -> None:
        self.blocks = FIRST_WIDTH
        self._refused: int | None = None
        self._fitted = 0

    def refused(self, blocks: int) -> None:
        """So many were too many."""
        self._refused = blocks if self._refused is None else min(self._refused, blocks)
        self.blocks = max(1, blocks // 4)
        self._fitted = 0

    def fitted(self, logs: int) -> None:
        """A range was answered, with this many logs."""
        self._fitted += 1
        if logs >= MANY_EVENTS:
            return
        if self._refused is None:
            self.blocks = min(LARGEST_WIDTH, self.blocks * 2)
            return
        self.blocks = max(self.blocks, min(self._refused - 1, self.blocks + max(1, self.blocks // 4)))
        if self._fitted >= PROBE_AFTER:
            self._refused, self._fitted = min(self._refused * 2, LARGEST_WIDTH), 0


@dataclass(frozen=True)
class Blocks:
    """The blocks `first` to `last`, both included."""

    first: int
    last: int


@dataclass
class _Read:
    blocks: Blocks
    at: float
    step: int


class ReadAgain:
    """The ranges to read again. Times in seconds of a clock that never jumps."""

    def __init__(self, ages: Sequence[float] = AGES) -> None:
        self._ages = ages
        self._reads: list[_Read] = []

    def was_read(self, blocks: Blocks, head: int, now: float) -> None:
        """Those blocks were read for the first time, when the newest was `head`."""
        first = max(blocks.first, head - NEWEST + 1)
        if first <= blocks.last and self._ages:
            self._reads.append(_Read(Blocks(first, blocks.last), now, 0))

    def due(self, now: float) -> Blocks | None:
        """What to read again now; it counts as read. None if nothing is due."""
        due: list[_Read] = []
        for step, age in enumerate(self._ages):
            mine = [read for read in self._reads if read.step == step]
            if any(now - read.at >= age for read in mine):
                due += [read for read in mine if now - read.at >= age * (1 - TOGETHER)]
        if not due:
            return None
        for read in due:
            read.step += 1
        self._reads = [read for read in self._reads if read.step < len(self._ages)]
        return Blocks(min(read.blocks.first for read in due), max(read.blocks.last for read in due))

    def put_off(self, blocks: Blocks, now: float) -> None:
        """It could not be read: it is due again at once."""
        self._reads.append(_Read(blocks, now - max(self._ages, default=0.0), len(self._ages) - 1))
