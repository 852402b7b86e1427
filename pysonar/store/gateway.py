"""Reading through an IPFS HTTP gateway without trusting it (IPFS' "trustless gateway": raw blocks, verified
here).

A gateway can withhold an artifact; it cannot change one: every block is hashed by our own reader. It only
hands out, so nothing can be put or pinned here. For who cannot or will not run a daemon and only needs to
read.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

import requests

from pysonar.protocol.cid import Cid
from pysonar.store.ahead import AHEAD_SECONDS, fetch_ahead
from pysonar.store.errors import (
    DaemonDownError,
    DaemonRefusedError,
    NotFoundError,
    ReadOnlyStoreError,
    StoreSettingError,
)
from pysonar.store.interface import ByteStream, Collected, Progress
from pysonar.store.retry import Retry
from pysonar.store.unixfs.profile import MAX_BLOCK
from pysonar.store.unixfs.reader import read_file

_CONNECT_SECONDS = 5.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class GatewayStore:
    """A `Store` that can only be read, behind the gateway at this http(s) address.

    wait_seconds: how long one block may take. retry: what to do when the gateway does not answer or is
    overloaded.
    """

    def __init__(self, address: str, *, wait_seconds: float = 60.0, retry: Retry | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise StoreSettingError(f"{address!r} is no gateway; it would be like 'https://gateway.example'")
        self.address = address.rstrip("/")
        self._loopback = parts.hostname in _LOOPBACK
        self._wait = wait_seconds
        self._retry = retry or Retry()
        self._idle: list[requests.Session] = []  # its pop and append are safe between threads

    @property
    def place(self) -> str:
        """How error texts call this place."""
        return f"gateway {self.address}"

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """See Store."""
        return b"".join(self.get_stream(cid, max_bytes=max_bytes))

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        """See Store."""
        return read_file(cid, self.fetch, max_bytes=max_bytes, place=self.place, progress=progress)

    def fetch(self, names: Sequence[Cid]) -> Iterator[bytes]:
        """The blocks of these names, in this order, unchecked: some are asked for ahead of their turn."""
        early = partial(self._block, seconds=min(self._wait, AHEAD_SECONDS))
        return fetch_ahead(names, early, self._block_alone)

    def has(self, cid: Cid) -> bool:  # noqa: ARG002 - the interface's
        """Nothing is kept here: False."""
        return False

    def pins(self, owner: str) -> list[Cid]:  # noqa: ARG002 - the interface's
        """Nothing is pinned here."""
        return []

    def owners(self) -> list[str]:
        """Nothing is pinned here."""
        return []

    def collect_garbage(self) -> Collected:
        """Nothing is kept here."""
        return Collected(0, 0)

    def put(self, data: bytes) -> Cid:  # noqa: ARG002 - the interface's
        """ReadOnlyStoreError."""
        raise self._only_reads(None)

    def put_stream(self, stream: ByteStream, *, progress: Progress | None = None) -> Cid:  # noqa: ARG002
        """ReadOnlyStoreError."""
        raise self._only_reads(None)

    def put_pinned(self, data: bytes, owner: str) -> Cid:  # noqa: ARG002 - the interface's
        """ReadOnlyStoreError."""
        raise self._only_reads(None)

    def pin(self, cid: Cid, owner: str) -> None:  # noqa: ARG002 - the interface's
        """ReadOnlyStoreError."""
        raise self._only_reads(cid)

    def unpin(self, cid: Cid, owner: str) -> None:
        """Nothing is pinned here, so there is nothing to do."""

    def _only_reads(self, cid: Cid | None) -> ReadOnlyStoreError:
        reason = "a gateway only hands out; to put or pin, use 'embedded:...' or 'kubo:...'"
        return ReadOnlyStoreError(reason, cid=cid, tried=[self.place])

    def _block_alone(self, cid: Cid) -> bytes:
        return self._retry.call(partial(self._block, cid, seconds=self._wait))

    def _block(self, cid: Cid, *, seconds: float) -> bytes:
        tried = [self.place]
        try:
            with (
                self._connected() as session,
                session.get(
                    f"{self.address}/ipfs/{cid}",
                    params={"format": "raw"},
                    headers={"Accept": "application/vnd.ipld.raw"},
                    timeout=(_CONNECT_SECONDS, seconds),
                    stream=True,
                ) as answer,
            ):
                self._check_status(cid, answer.status_code)
                return self._read(cid, answer, time.monotonic() + seconds)
        except requests.RequestException as error:
            raise DaemonDownError("the gateway cannot be reached", cid=cid, tried=tried) from error

    def _check_status(self, cid: Cid, status: int) -> None:
        tried = [f"{self.place} (status {status})"]
        if status in (404, 410, 504):
            raise NotFoundError("is not to be had there", cid=cid, tried=tried)
        if status == 429 or status >= 500:
            raise DaemonDownError("the gateway is overloaded or out of order", cid=cid, tried=tried)
        if status != 200:
            raise DaemonRefusedError("the gateway would not hand it out", cid=cid, tried=tried)

    def _read(self, cid: Cid, answer: requests.Response, end: float) -> bytes:
        parts, size = [], 0
        for piece in answer.iter_content(65536):
            parts.append(piece)
            size += len(piece)
            if size > MAX_BLOCK:  # whatever it sends, it is not the block
                break
            if time.monotonic() > end:
                raise DaemonDownError("the gateway is too slow", cid=cid, tried=[self.place])
        return b"".join(parts)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[requests.Session]:
        """A session with its open connection, for one call; one that failed is not used again."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = requests.Session()
            session.trust_env = not self._loopback
        try:
            yield session
        except BaseException:
            session.close()
            raise
        self._idle.append(session)
