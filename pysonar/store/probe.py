"""Does the store work? Asked before anybody is blamed for what it does not find.

Absence proves nothing by itself: the disk may be unmounted, another program may answer on the daemon's port.
So the store first shows that it takes and gives back something new, that it still has what it must have, and
that it can hear of what others put.
"""

from __future__ import annotations

import secrets

from pysonar.protocol.cid import Cid
from pysonar.store.errors import LostPinnedError, NotFoundError, UnprovenStoreError, WrongBytesError
from pysonar.store.interface import Store

_BYTES = 64


def prove(store: Store, known: Cid, *, max_bytes: int) -> None:
    """Put something new and get it back, and get something old.

    Args:
        known: what this party has put and pinned in the store, of at most `max_bytes`.

    Raises:
        LostPinnedError: it no longer has `known`.
        StoreError: it did not work. What the store does not find now may be there all the same.
    """
    store.require_connected()
    said = b"openmined/probe/1\n" + secrets.token_bytes(_BYTES)
    cid = store.put(said)
    try:
        found = store.get(cid, max_bytes=len(said))
    except (NotFoundError, WrongBytesError) as error:
        reason = f"the store did not give back what was put a moment ago ({error.reason})"
        raise UnprovenStoreError(reason, cid=cid, tried=error.tried) from error
    if found != said:
        raise UnprovenStoreError("the store gave back other bytes than were put a moment ago", cid=cid)
    try:
        store.get(known, max_bytes=max_bytes)
    except (NotFoundError, WrongBytesError) as error:
        raise LostPinnedError(
            f"the store has lost what is pinned in it ({error.reason}); `store check` lists all of that",
            cid=known,
            tried=error.tried,
        ) from error
