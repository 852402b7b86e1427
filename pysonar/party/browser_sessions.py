"""Who may ask: a link that lets in one browser once, and the key that it gets in exchange.

The link's token stands behind `#`, which browsers do not send, so that no log of any server has it. The page
sends it in a body and gets a session key, which it keeps in its own storage and sends in a header. A cookie
would go to every server on this machine, whatever its port; storage belongs to this one.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress

MOST_SESSIONS = 32
"""Browsers at a time; the one that came first goes."""


class Sessions:
    """The sessions of one start of the server. `announce` is given each new link's token: one at the start
    (`begin`), and another whenever one was used.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._lock = threading.Lock()
        self._keys: list[bytes] = []
        self._token = secrets.token_urlsafe(32)

    def begin(self) -> None:
        """Announce the first link."""
        self._announce(self._token)

    def announce_next(self) -> None:
        """Announce the link after one that was used. Nobody may be reading any more: then it is lost, and the
        browsers that are in stay in.
        """
        with suppress(OSError):
            self._announce(self._token)

    def open(self, token: str) -> str | None:
        """A session key for the token of a link, which lets nobody else in; None for any other token."""
        with self._lock:
            if not hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token.encode()):
                return None
            self._token, key = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
            self._keys = [*self._keys, key.encode()][-MOST_SESSIONS:]
        return key

    def lets_in(self, header: str) -> bool:
        """Whether an Authorization header has a session's key."""
        kind, _, given = header.partition(" ")
        return kind == "Bearer" and any(hmac.compare_digest(given.encode(), key) for key in self._keys)
