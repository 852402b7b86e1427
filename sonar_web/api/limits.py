"""How often one address may ask."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from sonar_web.errors import TooManyRequestsError

ADDRESSES_KEPT = 10_000


class RateLimit:
    """A bucket for each address: `most` requests at once, filled again within a minute."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """One request. TooManyRequestsError if the bucket is empty."""
        now = self._clock()
        left, before = self._buckets.pop(address, (float(self._most), now))
        left = min(float(self._most), left + (now - before) * self._most / 60)
        if left < 1:
            self._buckets[address] = (left, now)
            raise TooManyRequestsError(self._most, (1 - left) * 60 / self._most)
        self._buckets[address] = (left - 1, now)
        while len(self._buckets) > ADDRESSES_KEPT:
            self._buckets.popitem(last=False)
