"""The owner's home as the pages work with it: connections of its own for each thread, opened when the first
question needs the chain and again after one that failed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar, cast

from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.ui.errors import SlowNodeError
from mine_agent.ui.looks import Looks
from openmined_syft.errors import OpenMinedError

T = TypeVar("T")

READ_AGAIN_AFTER = 1.0
"""Seconds between two readings of new events, however many pages ask."""
PATIENCE = 3.0
"""Seconds that a page waits for what it can be shown without."""


class Desk:
    """One home, for many requests at a time.

    Attributes:
        home: settings are as they were at the start; rules and data are read anew each time.
        looks: data that are being looked through, and were not kept yet.
        saving: held while something of the owner's is replaced.
    """

    def __init__(self, home: Home, clock: Callable[[], float] = time.time) -> None:
        self.home = home
        self.clock = clock
        self.looks = Looks(home)
        self.saving = threading.Lock()
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="ui-soon")
        self._asked: dict[object, Future[object]] = {}
        self._own = threading.local()
        self._taking = threading.Lock()
        self._reading = threading.Lock()
        self._read_at = float("-inf")

    def connected(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives with a connection that has read the newest events. Raises ChainError, StoreError,
        whatever `work` raises.
        """
        try:
            connection: Connection | None = getattr(self._own, "connection", None)
            if connection is None:
                connection = self._own.connection = Connection.open(self.home)
            self._read_events(connection)
            return work(connection)
        except OpenMinedError:
            self._forget()
            raise

    def connected_soon(self, work: Callable[[Connection], T]) -> T:
        """The same, if it is there within PATIENCE; else SlowNodeError, and whoever asks next gets what is
        there then. However many ask the same, it is asked once at a time.
        """
        with self._taking:
            asked = self._asked.get(work)
            if asked is None:
                asked = self._asked[work] = self._asking.submit(self.connected, work)
        try:
            found = cast(T, asked.result(PATIENCE))
        except TimeoutError:
            if not asked.done():
                raise SlowNodeError(PATIENCE) from None
            found = cast(T, asked.result())
        finally:
            if asked.done():
                with self._taking:
                    if self._asked.get(work) is asked:
                        del self._asked[work]
        return found

    def _read_events(self, connection: Connection) -> None:
        with self._reading:
            if time.monotonic() - self._read_at >= READ_AGAIN_AFTER:
                connection.read_events()
                self._read_at = time.monotonic()

    def _forget(self) -> None:
        connection: Connection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            with suppress(Exception):
                connection.database.close()
