"""Tells how far longer work is, and how long it will still take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mine_agent.happenings import Progress
from pysonar.party.happenings import Tell

EVERY = 5.0  # seconds between two lines; what is quicker tells nothing

Reading = Callable[[int], None]
"""Is called with the number of records read so far."""


def reading(
    tell: Tell, campaign: bytes, data: str, rows: int, *, clock: Callable[[], float] = time.monotonic
) -> Reading:
    """Tells every few seconds how many of `rows` records are read."""
    began = last = clock()

    def at(done: int) -> None:
        nonlocal last
        now = clock()
        if now - last < EVERY:
            return
        last = now
        share = min(1.0, done / rows) if rows else None
        left = (now - began) * (1 - share) / share if share else None
        tell(Progress(campaign=campaign, data=data, what="reading", share=share, seconds_left=left))

    return at


@contextmanager
def training(
    tell: Tell, campaign: bytes, data: str, expected: float | None, *, every: float = EVERY
) -> Iterator[None]:
    """Tells every few seconds, while the block runs, how long it will still take by what it took before;
    `expected` in seconds, None if it was never done.
    """
    began, over = time.monotonic(), threading.Event()

    def tick() -> None:
        while not over.wait(every):
            passed = time.monotonic() - began
            known = expected is not None and passed < expected
            share = passed / expected if known and expected else None
            left = expected - passed if known and expected is not None else None
            tell(Progress(campaign=campaign, data=data, what="training on", share=share, seconds_left=left))

    ticking = threading.Thread(target=tick, daemon=True, name="progress")
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()
