"""Reading through an IPFS HTTP gateway without trusting it (IPFS' "trustless gateway": raw blocks, verified
here).

A gateway can withhold an artifact; it cannot change one: every block is hashed by our own reader. It only
hands out. It is for those who only need to read and do not run a daemon.
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
    StoreSettingError,
)
from pysonar.store.interface import Progress
from pysonar.store.retry import Retry
from pysonar.store.unixfs.profile import MAX_BLOCK
from pysonar.store.unixfs.reader import read_file

_CONNECT_SECONDS = 5.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class GatewayReader:
    """A `Reader` behind the gateway at this http(s) address.

    wait_seconds: how long one block may take. retry: what to do when the gateway does not answer or is
    overloaded.
    """

    def __init__(self, address: str, *, wait_seconds: float = 60.0, retry: Retry | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise StoreSettingError(
                f"{address!r} is not the address of a gateway; expected one like 'https://gateway.example'"
            )
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
        """See Reader."""
        return b"".join(self.get_stream(cid, max_bytes=max_bytes))

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        """See Reader."""
        return read_file(cid, self.fetch, max_bytes=max_bytes, place=self.place, progress=progress)

    def fetch(self, names: Sequence[Cid]) -> Iterator[bytes]:
        """The blocks of these names, in this order, unchecked: some are asked for ahead of their turn."""
        early = partial(self._block, seconds=min(self._wait, AHEAD_SECONDS))
        return fetch_ahead(names, early, self._block_alone)

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
            raise NotFoundError("is not available there", cid=cid, tried=tried)
        if status == 429 or status >= 500:
            raise DaemonDownError("the gateway is overloaded or out of order", cid=cid, tried=tried)
        if status != 200:
            raise DaemonRefusedError("the gateway refused to serve it", cid=cid, tried=tried)

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
