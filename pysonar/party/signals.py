"""SIGTERM and Ctrl-C as a request: the piece of work at hand is finished first."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Within the block the two signals call `stop` instead of ending the process."""
    before = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_after(seconds: float, say: Callable[[], None] = lambda: None) -> None:
    """End the process after so long, whatever its threads still do; `say` is called just before."""

    def end() -> None:
        with suppress(Exception):
            say()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
