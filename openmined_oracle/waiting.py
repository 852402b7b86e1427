"""How long a round may wait, in all, for what campaigns have under way: a round that waited a little for each
of a thousand strangers' campaigns would miss everybody's deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf

ROUND_SECONDS = 2.0


class Waiting:
    """A budget of seconds, renewed each round, and who had a part of it last.

    What finds it used up is looked at and not waited for: a campaign whose artifacts take a moment each would
    then never get on. So those that were waited for longest ago are the first to be looked at.
    """

    def __init__(self, seconds: float = ROUND_SECONDS) -> None:
        self._seconds = self._left = seconds
        self._waited_at: dict[bytes, float] = {}

    def renew(self, campaigns: Iterable[bytes]) -> list[bytes]:
        """A new round begins with these, in the order in which they are to be looked at."""
        self._left = self._seconds
        self._waited_at = {one: self._waited_at.get(one, -inf) for one in campaigns}
        return sorted(self._waited_at, key=self._waited_at.__getitem__)

    @contextmanager
    def up_to(self, seconds: float, campaign: bytes) -> Iterator[float]:
        """`with waiting.up_to(0.5, campaign) as patience: ...`: how long to wait for a thing of the campaign;
        what is spent inside is off. Purposes may stand before its 32 bytes.
        """
        began, patience = time.monotonic(), min(seconds, max(0.0, self._left))
        if patience > 0:
            self._waited_at[campaign[-32:]] = began
        try:
            yield patience
        finally:
            self._left -= time.monotonic() - began
