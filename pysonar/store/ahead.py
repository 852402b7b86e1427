"""Asking for blocks ahead of their turn, so that the time of the way is spent once and not per block."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from pysonar.protocol.cid import Cid
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
    pool = ThreadPoolExecutor(_WINDOW)
    coming = deque(pool.submit(early, cid) for cid in names[:_WINDOW])
    following = iter(names[_WINDOW:])
    try:
        for cid in names:
            try:
                block = coming.popleft().result() if coming else None
            except (NotFoundError, DaemonDownError):
                block = None
                for future in coming:
                    future.cancel()
                coming.clear()
                following = iter(())  # nothing more ahead: from now on each is asked for in its turn
            yield alone(cid) if block is None else block
            coming.extend(pool.submit(early, later) for later in islice(following, 1))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
