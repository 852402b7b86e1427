"""What one address may ask of the service: how often, and how much at once."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from sonar_web.errors import TooManyRequestsError

ADDRESSES_KEPT = 10_000
_OF_ONE_HOME = 64


def sender(address: str) -> str:
    """Who is behind an address: whoever has one IPv6 address has all that share its first 64 bits.

    >>> sender("2001:db8::1"), sender("2001:db8::ffff:2"), sender("::ffff:192.0.2.7"), sender("192.0.2.7")
    ('2001:db8::/64', '2001:db8::/64', '192.0.2.7', '192.0.2.7')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a socket's path, or what a proxy made up
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _OF_ONE_HOME), strict=False))


class RateLimit:
    """A bucket for each sender: `most` requests at once, filled again within a minute."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """One request. TooManyRequestsError if the bucket is empty."""
        now, who = self._clock(), sender(address)
        left, before = self._buckets.pop(who, (float(self._most), now))
        left = min(float(self._most), left + (now - before) * self._most / 60)
        if left < 1:
            self._buckets[who] = (left, now)
            raise TooManyRequestsError(self._most, (1 - left) * 60 / self._most)
        self._buckets[who] = (left - 1, now)
        while len(self._buckets) > ADDRESSES_KEPT:
            self._buckets.popitem(last=False)


class AtOnce:
    """Places for what lasts: `most` in all, `each` of them for one sender. For several threads."""

    def __init__(self, most: int, each: int) -> None:
        self.most, self.each = most, each
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are."""
        return self._taken.total()

    def has_room_for(self, address: str, *, each: int | None = None) -> bool:
        """Whether that sender has fewer places than it may have."""
        return self._taken[sender(address)] < (self.each if each is None else each)

    def enter(self, address: str, *, each: int | None = None) -> bool:
        """Take a place; False if there is none."""
        who = sender(address)
        with self._lock:
            if self.taken >= self.most or not self.has_room_for(address, each=each):
                return False
            self._taken[who] += 1
            return True

    def leave(self, address: str) -> None:
        """Give the place back."""
        who = sender(address)
        with self._lock:
            self._taken[who] -= 1
            if self._taken[who] <= 0:
                del self._taken[who]
