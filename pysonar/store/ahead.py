"""Asking for blocks ahead of their turn, so that the time of the way is spent once and not per block."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from pysonar.cid import Cid
from pysonar.store.errors import DaemonDownError, NotFoundError

_WINDOW = 8
AHEAD_SECONDS = 10.0
"""What a block asked for ahead may take; alone it may take all the time that the store allows."""


def fetch_ahead(
    names: Sequence[Cid], early: Callable[[Cid], bytes], alone: Callable[[Cid], bytes]
) -> Iterator[bytes]:
    """The blocks in order; at most eight are held or on their way.

    early(cid) may fail with NotFoundError or DaemonDownError without harm: the line may be slow for many at
    once, so from then on alone(cid) gets them one at a time, and its errors count.
    """
    if len(names) == 1:
        yield alone(names[0])
        return
    window = _WINDOW
    pool = ThreadPoolExecutor(_WINDOW)
    coming: deque[Future[bytes]] = deque()
    asked = 0
    try:
        for turn, cid in enumerate(names):
            while asked < min(len(names), turn + window):
                coming.append(pool.submit(early, names[asked]))
                asked += 1
            try:
                block = coming.popleft().result() if coming else None
            except (NotFoundError, DaemonDownError):
                block = None
                window = 0
                for future in coming:
                    future.cancel()
                coming.clear()
            yield alone(cid) if block is None else block
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
