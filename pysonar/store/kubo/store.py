"""The store behind an IPFS daemon (Kubo): blocks travel between machines, by Bitswap, checked by hash.

The import parameters are always named, and the root that the daemon returns is compared with our own
builder's. Reading goes block by block through our own reader, so a daemon that lies is found out like any
other.

Pins by owner live in the daemon's own file tree (MFS), as `/openmined/pins/<owner>/<cid>`: Kubo knows one
pin per CID and no owners, but what stands in that tree survives its garbage collection, is shared by all
who use the daemon, and can be looked at with `ipfs files ls`. Kubo's own pins are neither used nor touched.
What was put lately stands under `/openmined/recent/`, so that no garbage collection comes between a put and
its pin.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator, Sequence
from functools import partial

from pysonar.protocol.cid import Cid, CidError
from pysonar.store.ahead import AHEAD_SECONDS, fetch_ahead
from pysonar.store.errors import (
    DaemonDownError,
    DaemonRefusedError,
    NotFoundError,
    StoreError,
    StoreFullError,
    UnprovenStoreError,
    WrongBytesError,
)
from pysonar.store.interface import ByteStream, Collected, Progress
from pysonar.store.kubo.rpc import KuboRpc
from pysonar.store.pins import owner_folder, owner_of_folder
from pysonar.store.retry import Retry
from pysonar.store.unixfs.builder import TreeBuilder, chunks_of
from pysonar.store.unixfs.profile import MAX_FILE, dag_size, depth_of
from pysonar.store.unixfs.reader import file_links, read_file

PINS = "/openmined/pins"
RECENT = "/openmined/recent"
GRACE_SECONDS = 3600.0
WAIT_SECONDS = 60.0
"""How long the daemon may look for one block."""
_SHARES = (1 / 8, 1 / 8, 1 / 4, 1 / 2)


class KuboStore:
    """A `Store` behind the daemon at this multiaddress.

    wait_seconds: how long the daemon may look for one block before it counts as not found. quota_bytes:
    refuse to put when the daemon's repository would grow over it. retry: what to do while the daemon does
    not answer.
    """

    def __init__(
        self,
        address: str,
        *,
        wait_seconds: float = WAIT_SECONDS,
        quota_bytes: int | None = None,
        grace_seconds: float = GRACE_SECONDS,
        retry: Retry | None = None,
    ) -> None:
        self._rpc = KuboRpc(address)
        self._wait = wait_seconds
        self._quota = quota_bytes
        self._grace = grace_seconds
        self._retry = retry or Retry()

    @property
    def place(self) -> str:
        """How error texts call this place."""
        return self._rpc.place

    def put(self, data: bytes) -> Cid:
        """See Store."""
        if self._quota is not None:
            self._require_room(dag_size(len(data), depth_of(len(data))))
        return self.put_stream(io.BytesIO(data))

    def put_stream(self, stream: ByteStream, *, progress: Progress | None = None) -> Cid:
        """See Store. A daemon lost on the way is asked again only if the stream can be rewound."""
        if self._quota is not None:
            self._require_room(0)
        if not stream.seekable():
            return self._add(stream, progress)
        start = stream.tell()

        def attempt() -> Cid:
            stream.seek(start)
            return self._add(stream, progress)

        return self._retry.call(attempt)

    def put_pinned(self, data: bytes, owner: str) -> Cid:
        """See Store."""
        folder = self._folder(owner)
        cid = self.put(data)
        self._link(cid, folder)
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """See Store."""
        return b"".join(self.get_stream(cid, max_bytes=max_bytes))

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        """See Store."""
        return read_file(cid, self.fetch, max_bytes=max_bytes, place=self.place, progress=progress)

    def fetch(self, names: Sequence[Cid]) -> Iterator[bytes]:
        """The blocks of these names, in this order, unchecked: some are asked for ahead of their turn."""
        early = partial(self._rpc.block, seconds=min(self._wait, AHEAD_SECONDS))
        return fetch_ahead(names, early, self._block)

    def has(self, cid: Cid) -> bool:
        """See Store. Asks the daemon, which asks nobody."""

        try:
            for child in file_links(cid, self._local, max_bytes=MAX_FILE, place=self.place):
                self._retry.call(partial(self._rpc.local_block_size, child.cid))
        except (NotFoundError, WrongBytesError):
            return False
        return True

    def pin(self, cid: Cid, owner: str) -> None:
        """See Store. The daemon fetches what it lacks; only files in the profile are pinned."""
        folder = self._folder(owner)
        had = str(cid) in self._listed(folder)
        next(file_links(cid, self.fetch, max_bytes=MAX_FILE, place=self.place))
        self._link(cid, folder)  # before the rest comes in, so that it is kept from its first block
        try:
            for _ in read_file(cid, self.fetch, max_bytes=MAX_FILE, place=self.place):
                pass
        except StoreError:
            if not had:
                with contextlib.suppress(StoreError):  # the first error says more
                    self._rpc.unlink(f"{folder}/{cid}")
            raise

    def unpin(self, cid: Cid, owner: str) -> None:
        """See Store."""
        path = f"{self._folder(owner)}/{cid}"
        self._retry.call(partial(self._rpc.unlink, path))

    def pins(self, owner: str) -> list[Cid]:
        """See Store."""
        return sorted(_cids(self._listed(self._folder(owner))))

    def owners(self) -> list[str]:
        """See Store."""
        return sorted(owner_of_folder(f) for f in self._listed(PINS) if _cids(self._listed(f"{PINS}/{f}")))

    def collect_garbage(self) -> Collected:
        """See Store. As with `ipfs repo gc`, the daemon also drops what others put there and nothing
        keeps."""
        for owner in self.owners():
            for cid in self.pins(owner):
                if not self.has(cid):
                    reason = f"is pinned by {owner} and not here in full, so no garbage was collected"
                    raise NotFoundError(f"{reason}; pin it again", cid=cid, tried=[self.place])
        self._forget_recent()
        before = self._rpc.used_bytes()
        blocks = self._rpc.collect_garbage()
        return Collected(blocks, max(0, before - self._rpc.used_bytes()))

    def _add(self, stream: ByteStream, progress: Progress | None) -> Cid:
        builder = TreeBuilder()
        root: Cid | None = None
        done = 0
        ours: Exception | None = None

        def passing() -> Iterator[bytes]:
            """The chunks on their way to the daemon, from which we make the root ourselves."""
            nonlocal root, done, ours
            try:
                for chunk in chunks_of(stream):
                    for child, _ in builder.add(chunk):
                        root = child.cid
                    if chunk:
                        yield chunk
                        done += len(chunk)
                        if progress is not None:
                            progress(done, None)
                for child, _ in builder.finish():
                    root = child.cid
            except Exception as error:
                ours = error  # of the stream or of progress: not the daemon's, whatever its type
                raise

        note = str(time.time_ns())
        self._rpc.make_folder(RECENT)
        try:
            said = self._rpc.add(passing(), f"{RECENT}/{note}", seconds=self._wait)
        except StoreError:
            if ours is not None:
                raise ours from None
            raise
        if root is None:
            raise DaemonDownError("what answers is not an IPFS daemon: it did not read", tried=[self.place])
        if said != str(root):
            self._rpc.unlink(f"{RECENT}/{note}")
            shown = said if len(said) <= 100 else said[:100] + "..."
            raise WrongBytesError(f"the daemon named the bytes {shown!r}", cid=root, tried=[self.place])
        if note not in self._forget_recent():
            raise DaemonRefusedError(
                "the daemon took the bytes and did not keep them", cid=root, tried=[self.place]
            )
        return root

    def used_bytes(self) -> int:
        """See Store."""
        return self._retry.call(self._rpc.used_bytes)

    @property
    def quota_bytes(self) -> int | None:
        """See Store."""
        return self._quota

    def require_connected(self) -> None:
        """See Store: the daemon has a neighbour to ask."""
        if self._retry.call(self._rpc.peers) == 0:
            reason = "the daemon is connected with no other, so it cannot hear of what others have"
            raise UnprovenStoreError(reason, tried=[self.place])

    def _block(self, cid: Cid) -> bytes:
        # Bitswap asks one peer for a block and stays with it, even if only wrong bytes come (which the
        # daemon drops) and others have it too. Asking anew lets it choose again.
        for share in _SHARES:
            with contextlib.suppress(NotFoundError):
                return self._retry.call(partial(self._rpc.block, cid, seconds=self._wait * share))
        said = f"nobody delivered it within {self._wait:g} s, asked {len(_SHARES)} times"
        raise NotFoundError("nobody who could be reached has it", cid=cid, tried=[f"{self.place} ({said})"])

    def _local(self, names: Sequence[Cid]) -> Iterator[bytes]:
        for cid in names:
            yield self._retry.call(partial(self._rpc.local_block, cid))

    def _link(self, cid: Cid, folder: str) -> None:
        self._retry.call(partial(self._rpc.make_folder, folder))
        self._retry.call(partial(self._rpc.link, cid, f"{folder}/{cid}", seconds=self._wait))

    def _listed(self, folder: str) -> list[str]:
        return self._retry.call(partial(self._rpc.list_folder, folder))

    @staticmethod
    def _folder(owner: str) -> str:
        return f"{PINS}/{owner_folder(owner)}"

    def _forget_recent(self) -> list[str]:
        """Let go of what was put longer ago than the time of grace; the notes there were."""
        before = time.time_ns() - int(self._grace * 1e9)
        notes = self._listed(RECENT)
        for name in notes:
            if name.isdigit() and int(name) < before:
                self._rpc.unlink(f"{RECENT}/{name}")
        return notes

    def _require_room(self, size: int) -> None:
        used = self._retry.call(self._rpc.used_bytes)
        if self._quota is not None and used + size > self._quota:
            raise StoreFullError(
                f"{size} more bytes do not fit: the daemon's repository takes {used} of the quota of "
                f"{self._quota} bytes; collect garbage (`store gc`) or raise the quota in the setting",
                tried=[self.place],
            )


def _cids(names: Sequence[str]) -> list[Cid]:
    found = []
    for name in names:
        with contextlib.suppress(CidError):  # put there by somebody else
            found.append(Cid.parse(name))
    return found
