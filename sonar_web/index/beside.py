"""What is read beside the logs, in a thread of its own: titles, how tokens are counted, gas."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from openmined_syft.errors import OpenMinedError

_LOG = logging.getLogger(__name__)


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
            try:
                reader.round(stop)
            except OpenMinedError:
                pass  # a node, a store or a database is away: the index itself says so
            except Exception:  # noqa: BLE001 - one stranger's token or spec ends no reading of others
                _LOG.exception("%s cannot go on; it is tried again", type(reader).__name__)
        stop.wait(poll_seconds)
