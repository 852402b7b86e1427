"""Connections that nobody can hold for nothing. uvicorn by itself waits for ever for the rest of a request
(a "slow loris") and for a reader who does not read, and takes every connection that comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sonar_web.api.limits import AtOnce

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: application/json\r\n"
    b"content-length: 57\r\nconnection: close\r\n\r\n"
    b'{"error":"too many connections are open; try again soon"}'
)
GRACE_SECONDS = 2
"""After SIGTERM, how long answers may still go on."""


@dataclass(frozen=True)
class Patience:
    """How long a connection is waited for, in seconds.

    Attributes:
        head: until a request has been named in full; idle connections end sooner.
        body: until what belongs to it has come.
        stalled: within which a reader of an answer must take `LEAST_TAKEN` bytes a second of it, or all.
    """

    head: float = 10.0
    body: float = 300.0
    stalled: float = 60.0


LEAST_TAKEN = 1_000
"""Bytes a second that a reader must take at least: who takes less would have a place for days."""
_UNSENT, _TCP_NOTSENT_LOWAT = 1 << 16, 25  # the option's number in Linux; Python names it from 3.12 on


@dataclass
class Door:
    """Who may come in.

    Attributes:
        places: connections at once; `each` of them for one address.
        proxies: addresses that speak for many, and may have all the places.

    When all places are taken, the connection that has asked for nothing for the longest time makes room.
    """

    places: AtOnce = field(default_factory=lambda: AtOnce(600, 60))
    proxies: frozenset[str] = frozenset()
    patience: Patience = Patience()

    def __post_init__(self) -> None:
        self.quiet: dict[Connection, None] = {}

    def admit(self, address: str) -> bool:
        """Take a place for that address; False if there is none for it."""
        each = self.places.most if address in self.proxies else None
        if self.places.enter(address, each=each):
            return True
        is_full = self.places.taken >= self.places.most
        if not (is_full and self.quiet and self.places.has_room_for(address, each=each)):
            return False  # nobody makes room for whom it does not help
        next(iter(self.quiet)).make_room()
        return self.places.enter(address, each=each)

    def protocol(self, *arguments: Any, **named: Any) -> Connection:
        """What uvicorn calls for each connection."""
        return Connection(self, *arguments, **named)


class _Counted:
    """A transport, with how many bytes were ever handed to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._handed = 0
        # Else megabytes wait in the kernel, and it does not say for minutes that a slow reader takes some.
        own = transport.get_extra_info("socket")
        if own is not None and sys.platform == "linux":
            with contextlib.suppress(OSError):
                own.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _UNSENT)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._handed += len(data)
        self._transport.write(data)

    @property
    def left(self) -> int:
        """Bytes that the reader has not taken."""
        return self._transport.get_write_buffer_size()

    @property
    def taken(self) -> int:
        """Bytes that it has, or that are on their way."""
        return self._handed - self.left


class Connection(H11Protocol):
    """One connection through the door."""

    def __init__(self, door: Door, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._door = door
        self._from: str | None = None
        self._awaited = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Somebody is here."""
        self._counted = _Counted(transport)
        super().connection_made(self._counted)  # type: ignore[arg-type] # it passes everything on
        address = self.client[0] if self.client else ""
        if not self._door.admit(address):
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._from = address
        self._mind()

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        for timer in (self._deadline, self._stalled):
            if timer is not None:
                timer.cancel()
        self._leave()
        super().connection_lost(exc)

    def make_room(self) -> None:
        """Somebody else needs the place."""
        self._leave()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Some of a request, however little."""
        if self._from is None:
            return
        super().data_received(data)
        self._mind()

    def on_response_complete(self) -> None:
        """Another request may follow."""
        super().on_response_complete()
        self._mind()
        self._watch()

    def pause_writing(self) -> None:
        """The reader is slower than the answer."""
        super().pause_writing()
        self._watch()

    def _watch(self) -> None:
        """As long as something of an answer is not taken, see that it is being taken."""
        if self._stalled is None and self._counted.left:
            seconds = self._door.patience.stalled
            wanted = self._counted.taken + min(self._counted.left, int(LEAST_TAKEN * seconds))
            self._stalled = self.loop.call_later(seconds, self._look, wanted)

    def _look(self, wanted: int) -> None:
        self._stalled = None
        if self._counted.taken < wanted:
            self.transport.abort()
        else:
            self._watch()

    def _overdue(self) -> None:
        """What was waited for is not here: unless the last answer is still being taken, it ends."""
        if self._stalled is None:
            self.transport.abort()
        else:
            self._deadline = self.loop.call_later(self._door.patience.head, self._overdue)

    def _leave(self) -> None:
        self._door.quiet.pop(self, None)
        if self._from is not None:
            self._door.places.leave(self._from)
            self._from = None

    def _mind(self) -> None:
        """Set the time by which what is waited for must be here; more of the same does not put it off."""
        state = self.conn.their_state
        awaited = "head" if state is h11.IDLE else "body" if state is h11.SEND_BODY else ""
        if awaited == self._awaited:
            return
        self._awaited = awaited
        self._door.quiet.pop(self, None)
        if awaited == "head" and self._from is not None:
            self._door.quiet[self] = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if awaited:
            seconds = getattr(self._door.patience, awaited)
            self._deadline = self.loop.call_later(seconds, self._overdue)


class Server(uvicorn.Server):
    """uvicorn behind a door. `asked_to_stop` is called when a signal is, in the middle of whatever goes on.

    proxies: addresses whose `X-Forwarded-For` is believed.
    """

    def __init__(
        self, application: Any, host: str, port: int, *, door: Door, asked_to_stop: Callable[[], None]
    ) -> None:
        config = uvicorn.Config(
            application,
            host=host,
            port=port,
            http=door.protocol,  # type: ignore[arg-type] # called as a class is
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=bool(door.proxies),
            forwarded_allow_ips=sorted(door.proxies),
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)
        self._asked_to_stop = asked_to_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal."""
        self._asked_to_stop()
        super().handle_exit(sig, frame)
