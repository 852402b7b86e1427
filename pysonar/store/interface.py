"""What every store offers: bytes in, a CID out; a CID in, verified bytes out; pins by owner.

A store is where artifacts are, not what they mean: it knows no format, no key and no campaign. Everything
put here can be read by whoever shares the store or the IPFS network, so nothing goes in that is not public
or sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pysonar.protocol.cid import Cid

Progress = Callable[[int, int | None], None]
"""Called with (bytes done, bytes in all if known), often; what it raises stops the transfer."""


class ByteStream(Protocol):
    """What a store reads from: any binary file, or what behaves like one."""

    def read(self, size: int, /) -> bytes:
        """Up to size bytes; none at the end."""
        ...

    def seekable(self) -> bool:
        """Whether tell and seek work. If they do, a transfer that broke off can begin again."""
        ...

    def tell(self) -> int:
        """Where the next read starts."""
        ...

    def seek(self, offset: int, /) -> int:
        """Read from there on."""
        ...


@dataclass(frozen=True)
class Collected:
    """What a garbage collection took away: blocks, and their bytes."""

    blocks: int
    bytes: int


class Reader(Protocol):
    """A place that hands out artifacts. Safe to use from several threads."""

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """The artifact's bytes, every block verified by hash.

        Refused before much is read if it says that it is larger than max_bytes (TooLargeError) or is not
        a file in the import profile (MalformedBlockError). NotFoundError, WrongBytesError, DaemonDownError.
        """
        ...

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        """Like get, in pieces of at most 256 KiB, each verified before it is handed out.

        A fault in a later block is raised after earlier pieces have been handed out: use nothing before the
        end.
        """
        ...


class Store(Reader, Protocol):
    """A place for artifacts. Safe to use from several threads and, where it is on disk, several processes.

    An owner is a free name (up to 240 characters when percent-encoded): use one per party and campaign
    ("capsule/0x12ab..."). An owner either pins a CID or does not: pinning twice is pinning once, so a
    handler that runs again after a crash does no harm. An artifact stays as long as at least one owner pins
    it.
    """

    def put(self, data: bytes) -> Cid:
        """Store the bytes; the same bytes always get the same CID. StoreFullError, DaemonDownError."""
        ...

    def put_stream(self, stream: ByteStream, *, progress: Progress | None = None) -> Cid:
        """Store what can be read from the stream until its end, holding no more than a few chunks in
        memory."""
        ...

    def put_pinned(self, data: bytes, owner: str) -> Cid:
        """Store and pin in one step: no garbage collection can come between."""
        ...

    def has(self, cid: Cid) -> bool:
        """Whether the whole artifact is here, without asking the network."""
        ...

    def pin(self, cid: Cid, owner: str) -> None:
        """Keep the whole artifact for this owner; fetches it first if a network is behind the store.

        NotFoundError if it cannot be obtained in full: a pin that was acknowledged can be relied on.
        """
        ...

    def unpin(self, cid: Cid, owner: str) -> None:
        """This owner needs it no longer; pins of others stay. No error if the owner had not pinned it."""
        ...

    def pins(self, owner: str) -> list[Cid]:
        """What this owner pins, sorted."""
        ...

    def owners(self) -> list[str]:
        """Everybody who pins something, sorted."""
        ...

    def collect_garbage(self) -> Collected:
        """Remove what no owner pins and nobody wrote lately. Removes nothing if a pinned artifact is
        damaged."""
        ...

    def used_bytes(self) -> int:
        """Bytes that it takes, garbage included."""
        ...

    @property
    def quota_bytes(self) -> int | None:
        """How many it may take; None if that is not limited."""
        ...

    def require_connected(self) -> None:
        """Raises StoreError unless it can hear of what others put: UnprovenStoreError, StoreReplacedError,
        DaemonDownError.
        """
        ...
