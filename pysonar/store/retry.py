"""Asking again, after longer and longer waits, where asking again can help and does no harm.

Everything asked of a store is safe to repeat: the same bytes give the same CID, a pin is a pin.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pysonar.store.errors import DaemonDownError

T = TypeVar("T")
_random = secrets.SystemRandom()


@dataclass(frozen=True)
class Retry:
    """How often and how patiently.

    The n-th wait is first_wait * factor**(n-1) seconds, at most longest_wait, and up to a quarter less by
    chance so that many who lost the same daemon do not come back at once.
    """

    attempts: int = 5
    first_wait: float = 0.2
    factor: float = 3.0
    longest_wait: float = 10.0

    def waits(self) -> list[float]:
        """The seconds between the attempts, before chance."""
        return [min(self.longest_wait, self.first_wait * self.factor**n) for n in range(self.attempts - 1)]

    def call(self, action: Callable[[], T]) -> T:
        """What the action returns. A DaemonDownError is raised only after the last attempt, and counts
        them."""
        for wait in self.waits():
            try:
                return action()
            except DaemonDownError:
                time.sleep(wait * _random.uniform(0.75, 1.0))
        try:
            return action()
        except DaemonDownError as error:
            if self.attempts == 1:
                raise
            tried = [*error.tried[:-1], f"{error.tried[-1]} ({self.attempts} times)"] if error.tried else ()
            raise DaemonDownError(error.reason, cid=error.cid, block=error.block, tried=tried) from error
