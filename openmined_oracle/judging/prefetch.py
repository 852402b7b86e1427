"""Fetches submissions ahead of their turn, several at a time, so that a slow one delays nobody behind it;
and what a scientist names, so that what nobody has delays no other campaign.

Bytes only: nothing is opened here, and no verdict is drawn from a failure; how long a submission may stay
unfetchable is for the evaluation to say.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass

from pysonar.protocol.cid import Cid
from pysonar.store import Reader, StoreError


@dataclass(frozen=True)
class Wanted:
    """An artifact to fetch and the most bytes it may have."""

    cid: Cid
    max_bytes: int


@dataclass(frozen=True)
class Failure:
    """A try that failed: when it began and when it ended, in seconds of `time.monotonic`."""

    began: float
    ended: float


class Prefetcher:
    """Fetches in `threads` threads of its own what `want` names for each campaign. Call it from one thread.

    What failed is tried again `retry_seconds` later.
    """

    def __init__(self, store: Reader, threads: int, *, retry_seconds: float) -> None:
        self._store = store
        self._threads = threads
        self._pools: dict[bytes, ThreadPoolExecutor] = {}
        self._retry_seconds = retry_seconds
        self._running: dict[bytes, dict[Wanted, _Fetch]] = {}
        self._too_early: set[bytes] = set()

    def want(self, campaign: bytes, things: Iterable[Wanted]) -> None:
        """Fetch these for the campaign: those not yet begun, and those that failed a while ago. What was
        wanted before and is not any more is dropped.
        """
        before = self._running.get(campaign, {})
        now = self._running[campaign] = {}
        for thing in dict.fromkeys(things):  # a copied submission is wanted twice, and fetched once
            fetch = before.pop(thing, None)
            if fetch is None or fetch.may_retry(self._retry_seconds):
                fetch = _Fetch.begin(self._pool(campaign), self._store, thing)
            now[thing] = fetch
        for dropped in before.values():
            dropped.future.cancel()

    def again(self, campaign: bytes) -> None:
        """Fetch once more, and now, whatever could not be fetched for the campaign."""
        running = self._running[campaign]
        for thing, fetch in running.items():
            if fetch.ended is not None:
                running[thing] = _Fetch.begin(self._pool(campaign), self._store, thing)
        self._too_early.add(campaign)

    def forget(self, campaign: bytes) -> None:
        """Nothing more is wanted for the campaign."""
        self.want(campaign, ())
        del self._running[campaign]
        pool = self._pools.pop(campaign, None)
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def fetch(self, campaign: bytes, thing: Wanted, *, patience: float) -> bytes | StoreError | None:
        """Want this alone, wait for it for `patience` seconds at most, and give what `result` gives."""
        self.want(campaign, [thing])
        wait_for_futures([self._running[campaign][thing].future], timeout=patience)
        return self.result(campaign, thing)

    def result(self, campaign: bytes, thing: Wanted) -> bytes | StoreError | None:
        """The bytes, the failure of the last try, or None while it is being fetched (or was never wanted).

        Raises:
            Exception: what the store raised, if it is not one of its own errors.
        """
        fetch = self._running.get(campaign, {}).get(thing)
        if fetch is None:
            return None
        if not fetch.future.done():
            self._too_early.add(campaign)
            return None
        error = fetch.future.exception()
        if error is None:
            return fetch.future.result()
        if isinstance(error, StoreError):
            return error
        raise error

    def last_failure(self, campaign: bytes, thing: Wanted) -> Failure | None:
        """When its latest try began and failed; None unless it did."""
        fetch = self._running.get(campaign, {}).get(thing)
        return None if fetch is None or fetch.ended is None else Failure(fetch.began, fetch.ended)

    def asked_too_early(self, campaign: bytes) -> bool:
        """Whether, since this was asked last, a result was wanted for it that was still on its way."""
        early = campaign in self._too_early
        self._too_early.discard(campaign)
        return early

    def close(self) -> None:
        """Stop; what is being fetched is given up as soon as the store lets go."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _pool(self, campaign: bytes) -> ThreadPoolExecutor:
        """One for each campaign: else a few campaigns whose submissions nobody has would hold up all
        others.
        """
        if campaign not in self._pools:
            self._pools[campaign] = ThreadPoolExecutor(self._threads, thread_name_prefix="prefetch")
        return self._pools[campaign]


class _Fetch:
    """One try to fetch an artifact. `ended`: when it failed, None before; by the clock that is never set."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.ended: float | None = None
        self.future: Future[bytes]

    @classmethod
    def begin(cls, pool: ThreadPoolExecutor, store: Reader, thing: Wanted) -> _Fetch:
        """Let the pool do it."""
        fetch = cls()
        fetch.future = pool.submit(fetch._get, store, thing)
        return fetch

    def _get(self, store: Reader, thing: Wanted) -> bytes:
        self.began = time.monotonic()
        try:
            return store.get(thing.cid, max_bytes=thing.max_bytes)
        except BaseException:
            self.ended = time.monotonic()
            raise

    def may_retry(self, after: float) -> bool:
        """Whether it failed, at least `after` seconds ago."""
        return self.ended is not None and time.monotonic() - self.ended >= after
