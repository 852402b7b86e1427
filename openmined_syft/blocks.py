"""Work cut into blocks that any `concurrent.futures.Executor` does: threads, processes, a cluster's.

A block is a pure function of what is sent, so whoever dies or dawdles costs time and changes no number: what
does not come back is worked on here. Of what comes back from other processes the form is checked always, and
some blocks, drawn anew each time, are worked out here as well and compared: with c of n checked, m wrong ones
pass with a chance of at most (1 - m / n)^c. If one is wrong, all is worked out here.

What a block shows, its worker sees. That is for those to think of who make blocks.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from openmined_syft.errors import ParameterError

PATIENCE_SECONDS = 300.0
CHECKED_SHARE = 0.02

T = TypeVar("T")
R = TypeVar("R")


class Blocks:
    """An executor to work with, for one visit.

    Args:
        executor: anything with `submit`.
        parts: blocks that work is cut into, usually the number of workers.
        patience: seconds in which no block at all may come back before the rest is worked on here.
        checked_share: share of the blocks, one at least, that are worked out here as well and compared; none
            of threads of this process, which are as right as it is.
        trouble: told in a few words, without numbers, when workers have failed.

    Raises:
        ParameterError: fewer than one part, or a share that is none.
    """

    def __init__(
        self,
        executor: Executor,
        parts: int,
        *,
        patience: float = PATIENCE_SECONDS,
        checked_share: float = CHECKED_SHARE,
        trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        if parts < 1:
            raise ParameterError(f"work is cut into {parts} parts; needs at least 1")
        if not 0 <= checked_share <= 1:
            raise ParameterError(f"the share of blocks to check is {checked_share}; needs 0 to 1")
        self.parts = parts
        self.is_here = isinstance(executor, ThreadPoolExecutor)
        self._executor: Executor | None = executor
        self._patience, self._trouble = patience, trouble
        self._share = 0.0 if self.is_here else checked_share

    def map(self, function: Callable[[T], R], blocks: Sequence[T], fits: Callable[[T, R], bool]) -> list[R]:
        """What `function` makes of each block, in order: the same whoever worked.

        Args:
            function: pure; it and the blocks can be pickled, and its results compared.
            fits: whether a result is one of that block at all.

        Raises: what `function` raises here.
        """
        found = self._believed(self._asked(function, blocks), blocks, fits)
        own: dict[int, R] = {}
        for place in self._drawn(list(found)):
            own[place] = function(blocks[place])
            if own[place] != found[place]:
                self._leave("computed wrongly", "look at their machines")
                found = {}
                break
        found |= own
        return [found[place] if place in found else function(block) for place, block in enumerate(blocks)]

    def _asked(self, function: Callable[[T], R], blocks: Sequence[T]) -> dict[int, R]:
        """What came back."""
        found: dict[int, R] = {}
        running: dict[Future[R], int] = {}
        try:
            for place, block in enumerate(blocks):
                if self._executor is None:
                    return found
                running[self._executor.submit(function, block)] = place
            while running:
                finished, _ = wait(running, timeout=self._patience, return_when=FIRST_COMPLETED)
                if not finished:
                    self._leave(f"gave back nothing for {self._patience:g} s", "their work is done here")
                    return found
                for future in finished:
                    place = running.pop(future)
                    try:
                        found[place] = future.result()
                    except (Exception, CancelledError) as error:  # noqa: BLE001 - whatever broke at a worker
                        self._trouble(f"a worker failed ({type(error).__name__}); its work is done here")
        except Exception as error:  # noqa: BLE001 - each executor has errors of its own
            self._leave(f"failed ({type(error).__name__})", "their work is done here")
        finally:
            for future in running:
                future.cancel()
        return found

    def _believed(
        self, found: dict[int, R], blocks: Sequence[T], fits: Callable[[T, R], bool]
    ) -> dict[int, R]:
        for place, result in found.items():
            try:
                fit = fits(blocks[place], result)
            except (TypeError, ValueError, AttributeError, IndexError):
                fit = False
            if not fit:
                self._leave("answered with what no such block has", "look at their machines")
                return {}
        return found

    def _drawn(self, places: list[int]) -> list[int]:
        wanted = min(len(places), max(1, round(len(places) * self._share))) if self._share else 0
        return secrets.SystemRandom().sample(places, wanted)

    def _leave(self, why: str, then: str) -> None:
        self._executor = None
        self._trouble(f"workers {why}; nothing is sent to them any more: {then}")


def blocks_of(count: int, parts: int) -> list[range]:
    """`count` items in at most `parts` ranges of nearly equal length."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [range(low, high) for low, high in itertools.pairwise(edges) if high > low]
