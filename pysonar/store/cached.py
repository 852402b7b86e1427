"""A network behind the store of this machine: what was read once is read from the disk from then on.

`ReadThrough` asks the embedded store first and the network for what is missing there (a gateway behind
embedded); `PublishingStore` also puts and pins, on both sides, so that others can fetch what this party made
(Kubo behind embedded).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Protocol

from pysonar.protocol.cid import Cid
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.errors import DaemonDownError, NotFoundError, StoreFullError, WrongBytesError
from pysonar.store.interface import ByteStream, Collected, Progress, Store
from pysonar.store.unixfs.profile import MAX_FILE
from pysonar.store.unixfs.reader import check_block, read_file


class BlockSource(Protocol):
    """Who can hand out single blocks, unchecked: KuboStore, GatewayReader."""

    @property
    def place(self) -> str:
        """How error texts call it."""
        ...

    def fetch(self, names: Sequence[Cid]) -> Iterator[bytes]:
        """The blocks of these names, in this order, unchecked."""
        ...


class NetworkStore(BlockSource, Store, Protocol):
    """A store on the network: KuboStore."""


class ReadThrough:
    """A `Reader` whose reads are kept here. A full disk or quota does not stop reading: what does not fit is
    handed out and not kept.
    """

    def __init__(self, here: EmbeddedStore, behind: BlockSource) -> None:
        self.here = here
        self._source = behind

    @property
    def place(self) -> str:
        """How error texts call this place."""
        return f"{self.here.blocks.place}, {self._source.place}"

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """See Store."""
        return b"".join(self.get_stream(cid, max_bytes=max_bytes))

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        """See Store. A damaged block here is fetched again and repaired."""
        return read_file(cid, self.fetch, max_bytes=max_bytes, place=self.place, progress=progress)

    def fetch(self, names: Sequence[Cid]) -> Iterator[bytes]:
        """The blocks of these names, in this order, verified; what the network had to give is kept here."""
        missing = [cid for cid in names if not self.here.blocks.here(cid)]
        arriving = self._from_behind(missing) if missing else iter(())
        expected = set(missing)
        for cid in names:
            block = None if cid in expected else self.here.blocks.read(cid)
            if cid in expected:
                yield next(arriving)
            elif block is not None and Cid.of_block(block) == cid:
                yield block
            else:  # damaged, or collected a moment ago
                yield next(self._from_behind([cid]))

    def _from_behind(self, names: Sequence[Cid]) -> Iterator[bytes]:
        try:
            for cid, block in zip(names, self._source.fetch(names), strict=True):
                check_block(cid, block, place=self._source.place)
                with contextlib.suppress(StoreFullError):
                    self.here.keep(cid, block)
                yield block
        except (NotFoundError, DaemonDownError) as error:
            tried = [f"{self.here.blocks.place} (not there)", *error.tried]
            raise type(error)(error.reason, cid=error.cid, block=error.block, tried=tried) from error


class PublishingStore(ReadThrough):
    """A `Store` here and on the network: puts and pins go to both sides, and are done when both have them.

    If the daemon is down, what was put or pinned here stays and DaemonDownError is raised: ask again later.
    """

    def __init__(self, here: EmbeddedStore, behind: NetworkStore) -> None:
        super().__init__(here, behind)
        self.behind = behind

    def put(self, data: bytes) -> Cid:
        """See Store."""
        return self.put_stream(io.BytesIO(data))

    def put_stream(self, stream: ByteStream, *, progress: Progress | None = None) -> Cid:
        """See Store. The stream is read once, into this machine's store, and sent on from there."""
        cid = self.here.put_stream(stream, progress=progress)
        self._publish(cid)
        return cid

    def put_pinned(self, data: bytes, owner: str) -> Cid:
        """See Store."""
        cid = self.here.put_pinned(data, owner)
        self._publish(cid)
        self.behind.pin(cid, owner)
        return cid

    def has(self, cid: Cid) -> bool:
        """See Store: on this machine."""
        return self.here.has(cid)

    def pin(self, cid: Cid, owner: str) -> None:
        """See Store. Fetches all of it to this machine first; a quota here may refuse that."""
        if not self.here.has(cid):
            for _ in read_file(cid, self.fetch, max_bytes=MAX_FILE, place=self.place):
                pass
        self.here.pin(cid, owner)
        self.behind.pin(cid, owner)

    def unpin(self, cid: Cid, owner: str) -> None:
        """See Store."""
        self.here.unpin(cid, owner)
        self.behind.unpin(cid, owner)

    def pins(self, owner: str) -> list[Cid]:
        """See Store."""
        return self.here.pins(owner)

    def owners(self) -> list[str]:
        """See Store."""
        return self.here.owners()

    def collect_garbage(self) -> Collected:
        """See Store: on both sides, counted together."""
        here, behind = self.here.collect_garbage(), self.behind.collect_garbage()
        return Collected(here.blocks + behind.blocks, here.bytes + behind.bytes)

    def used_bytes(self) -> int:
        """See Store: on this machine."""
        return self.here.used_bytes()

    @property
    def quota_bytes(self) -> int | None:
        """See Store: on this machine."""
        return self.here.quota_bytes

    def require_connected(self) -> None:
        """See Store: on both sides."""
        self.here.require_connected()
        self.behind.require_connected()

    def _publish(self, cid: Cid) -> None:
        sent = self.behind.put_stream(_StoredFile(self.here, cid))
        if sent != cid:
            raise WrongBytesError(f"it became {sent} on the network", cid=cid, tried=[self._source.place])


class _StoredFile:
    """An artifact of the embedded store as a stream that can be read again from its start."""

    def __init__(self, store: EmbeddedStore, cid: Cid) -> None:
        self._store = store
        self._cid = cid
        self._pieces = store.get_stream(cid, max_bytes=MAX_FILE)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        """Where reading starts; nobody asks later."""
        return 0

    def seek(self, offset: int, /) -> int:
        if offset:
            raise io.UnsupportedOperation("only to the start")
        self._pieces = self._store.get_stream(self._cid, max_bytes=MAX_FILE)
        return 0

    def read(self, _: int = -1, /) -> bytes:
        """The next piece: a whole chunk of the tree, whatever is asked for."""
        return next(self._pieces, b"")
