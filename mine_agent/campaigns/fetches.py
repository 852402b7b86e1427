"""Fetches artifacts beside the mine's own work, so that a campaign that nobody serves holds nobody up.

A store may look for a block for a minute before it gives up, and dead campaigns cost next to nothing to make.
So a fetch is waited for a moment only; what takes longer goes on in a thread, and is asked for again in a
later round. The threads end with the process: a fetch changes nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning

from mine_agent.errors import StillFetchingError
from mine_agent.memory import DEFAULT_LIMIT
from pysonar.protocol.cid import Cid

PATIENCE = 2.0  # seconds
MOST_AT_ONCE = 8
KEPT = 16


class Fetches:
    """Artifacts on their way, by CID. `get(cid, most)` is the store's, and safe in threads; `limit()` gives
    the bytes that all of them together may take.
    """

    def __init__(
        self,
        get: Callable[[Cid, int], bytes],
        *,
        patience: float = PATIENCE,
        limit: Callable[[], int] = lambda: DEFAULT_LIMIT,
    ) -> None:
        self._get, self._patience, self._limit = get, patience, limit
        self._running: OrderedDict[tuple[Cid, int], Future[bytes]] = OrderedDict()

    def get(self, cid: Cid, most: int) -> bytes:
        """The artifact's bytes.

        Raises:
            StillFetchingError: it takes longer; ask again later.
            StoreError: what the store said in the end; asked again, it is fetched anew.
        """
        key = (cid, most)
        future = self._running.get(key)
        if future is None:
            future = self._start(key)
        try:
            found = future.result(timeout=self._patience)
        except StillRunning:
            if not future.done():
                raise StillFetchingError(str(cid)) from None
            del self._running[key]
            raise
        except BaseException:
            self._running.pop(key, None)
            raise
        del self._running[key]
        return found

    def _start(self, key: tuple[Cid, int]) -> Future[bytes]:
        for done in [known for known, future in self._running.items() if future.done()]:
            if len(self._running) >= KEPT or self._too_much_with(key[1]):
                del self._running[done]  # nobody came back for it
        if self._running and self._too_much_with(key[1]):
            raise StillFetchingError(str(key[0]))
        if sum(not future.done() for future in self._running.values()) >= MOST_AT_ONCE:
            raise StillFetchingError(str(key[0]))
        future: Future[bytes] = Future()
        self._running[key] = future
        threading.Thread(target=self._run, args=(key, future), daemon=True, name="fetch").start()
        return future

    def _too_much_with(self, most: int) -> bool:
        return sum(size for _, size in self._running) + most > self._limit()

    def _run(self, key: tuple[Cid, int], future: Future[bytes]) -> None:
        try:
            future.set_result(self._get(*key))
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks
            future.set_exception(error)
