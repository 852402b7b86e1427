"""What is read beside the logs, in a thread of its own: titles, how tokens are counted, gas."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Protocol

from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import ChainError


class BesideReader(Protocol):
    """Reads one kind of thing. `found`: how many so far."""

    found: int

    def round(self, stop: threading.Event | None = None) -> int:
        """Read what is missing; how many were found."""
        ...


def read_beside(readers: Sequence[BesideReader], stop: threading.Event, poll_seconds: float) -> None:
    """Each in turn until `stop` is set. Trouble with store, node or database is waited for."""
    while not stop.is_set():
        for reader in readers:
            with contextlib.suppress(DatabaseUnusableError, ChainError):  # the index itself says so
                reader.round(stop)
        stop.wait(poll_seconds)
