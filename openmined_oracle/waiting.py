"""How long a round may wait, in all, for what campaigns have under way: a round that waited a little for each
of a thousand strangers' campaigns would miss everybody's deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

ROUND_SECONDS = 2.0


class Waiting:
    """A budget of seconds, renewed each round. What finds it used up is looked at, and not waited for."""

    def __init__(self, seconds: float = ROUND_SECONDS) -> None:
        self._seconds = self._left = seconds

    def renew(self) -> None:
        """A new round begins."""
        self._left = self._seconds

    @contextmanager
    def up_to(self, seconds: float) -> Iterator[float]:
        """`with waiting.up_to(0.5) as patience: ...`: how long to wait; what is spent inside is off."""
        began = time.monotonic()
        try:
            yield min(seconds, max(0.0, self._left))
        finally:
            self._left -= time.monotonic() - began
