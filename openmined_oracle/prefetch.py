"""Fetches submissions ahead of their turn, several at a time, so that a slow one delays nobody behind it.

Bytes only: nothing is opened here, and no verdict is drawn from a failure; how long a submission may stay
unfetchable is for the evaluation to say.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from pysonar.cid import Cid
from pysonar.store import Store, StoreError

RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class Wanted:
    """An artifact to fetch and the most bytes it may have."""

    cid: Cid
    max_bytes: int


class Prefetcher:
    """Fetches in `threads` threads what `want` names. Call it from one thread."""

    def __init__(self, store: Store, threads: int, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="prefetch")
        self._retry_seconds = retry_seconds
        self._running: dict[Wanted, Future[bytes]] = {}
        self._failed_at: dict[Wanted, float] = {}

    def want(self, things: Iterable[Wanted]) -> None:
        """Fetch these: those not yet begun, and those that failed a while ago. Keep nothing else."""
        wanted = list(dict.fromkeys(things))
        for gone in self._running.keys() - set(wanted):
            self._running.pop(gone).cancel()
            self._failed_at.pop(gone, None)
        for thing in wanted:
            future = self._running.get(thing)
            if future is None or (
                future.done() and future.exception() is not None and self._may_retry(thing)
            ):
                self._failed_at.pop(thing, None)
                self._running[thing] = self._pool.submit(
                    self._store.get, thing.cid, max_bytes=thing.max_bytes
                )

    def result(self, thing: Wanted) -> bytes | StoreError | None:
        """The bytes, the failure of the last try, or None while it is being fetched (or was never wanted).

        Raises:
            Exception: what the store raised, if it is none of its own errors.
        """
        future = self._running.get(thing)
        if future is None or not future.done():
            return None
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, StoreError):
            self._failed_at.setdefault(thing, time.monotonic())
            return error
        self._running.pop(thing)
        raise error

    @property
    def busy(self) -> bool:
        """Whether something is being fetched right now."""
        return any(not future.done() for future in self._running.values())

    def close(self) -> None:
        """Stop; what is being fetched is given up as soon as the store lets go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _may_retry(self, thing: Wanted) -> bool:
        failed = self._failed_at.setdefault(thing, time.monotonic())
        return time.monotonic() - failed >= self._retry_seconds
