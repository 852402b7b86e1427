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


GOODBYE_SECONDS = 4.0
"""After SIGTERM or Ctrl-C the piece of work at hand may still end by itself for so long."""


LAST_WORDS_SECONDS = 0.5


class Goodbye:
    """How an agent that loses nothing by dying ends: between two pieces of work if that is soon, else in the
    middle of one. Also after its main thread is through, while threads of computations would go on.

    Args:
        say: reports that it has stopped; called once.
    """

    def __init__(self, say: Callable[[], None], seconds: float = GOODBYE_SECONDS) -> None:
        self.stop = threading.Event()
        self._say, self._seconds = say, seconds
        self._saying, self._said = threading.Lock(), False

    def ask(self) -> None:
        """What the signals call."""
        if not self.stop.is_set():
            self.stop.set()
            end_after(self._seconds, self.say)

    def say(self) -> None:
        """Report it, unless it is reported."""
        with self._saying:
            said, self._said = self._said, True
        if not said:
            self._say()


def end_after(seconds: float, say: Callable[[], None] = lambda: None) -> None:
    """End the process after so long, whatever its threads still do; `say` is called just before, and may
    take LAST_WORDS_SECONDS: a terminal that stands still holds up nothing.
    """

    def speak() -> None:
        with suppress(Exception):
            say()

    def end() -> None:
        speaking = threading.Thread(target=speak, daemon=True)
        speaking.start()
        speaking.join(LAST_WORDS_SECONDS)
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
