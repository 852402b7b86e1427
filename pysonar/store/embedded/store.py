"""The store of one machine: a directory of verified blocks, shared by the parties that live there.

It needs no daemon and no network, and gives every artifact the CID it has on IPFS. Across machines use
Kubo: this store sends nothing anywhere. Several processes may use one directory at once; a process that
dies at any moment leaves at worst a temporary file and unpinned blocks, which the next garbage collection
removes.

Every block is verified when it is read. A damaged one raises WrongBytesError that names it and is never
returned; putting the same artifact again repairs it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

from pysonar.protocol.cid import Cid
from pysonar.store.embedded.blocks import BlockFiles
from pysonar.store.embedded.disk import StoreDirectory
from pysonar.store.errors import NotFoundError, StoreError, WrongBytesError
from pysonar.store.interface import ByteStream, Collected, Progress
from pysonar.store.pins import PinFiles, owner_folder
from pysonar.store.unixfs.builder import build_blocks
from pysonar.store.unixfs.profile import MAX_FILE, dag_size, depth_of
from pysonar.store.unixfs.reader import file_links, read_file

GRACE_SECONDS = 3600.0
"""Blocks written (or put again) within this time survive a garbage collection, also under a clock that was
set ahead meanwhile: their pin may be on its way."""


class EmbeddedStore:
    """A `Store` in a directory. See `disk.py` for who may share it.

    quota_bytes: how much all blocks together may take (several writers at once can overstep it by what they
    are just writing). grace_seconds: see GRACE_SECONDS.
    """

    def __init__(
        self, path: Path | str, *, quota_bytes: int | None = None, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._directory = StoreDirectory(Path(path))
        self.blocks = BlockFiles(self._directory, quota_bytes)
        self._pins = PinFiles(self._directory)
        self._grace = grace_seconds

    def put(self, data: bytes) -> Cid:
        """See Store. Nothing is written if the quota has no room for all of it."""
        return self._write(io.BytesIO(data), total=len(data), progress=None)

    def put_stream(self, stream: ByteStream, *, progress: Progress | None = None) -> Cid:
        """See Store."""
        return self._write(stream, total=None, progress=progress)

    def put_pinned(self, data: bytes, owner: str) -> Cid:
        """See Store."""
        owner_folder(owner)  # a name that cannot be is refused before anything is written
        with self._directory.writing():
            cid = self._write(io.BytesIO(data), total=len(data), progress=None)
            self._pins.add(cid, owner)
            return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """See Store."""
        return b"".join(self.get_stream(cid, max_bytes=max_bytes))

    def get_stream(self, cid: Cid, *, max_bytes: int, progress: Progress | None = None) -> Iterator[bytes]:
        """See Store."""
        return read_file(
            cid, self.blocks.fetch, max_bytes=max_bytes, place=self.blocks.place, progress=progress
        )

    def has(self, cid: Cid) -> bool:
        """See Store. A damaged node counts as not here; leaves are looked for, not read."""
        try:
            self._require_whole(cid)
        except (NotFoundError, WrongBytesError):
            return False
        return True

    def pin(self, cid: Cid, owner: str) -> None:
        """See Store."""
        with self._directory.writing():
            self._require_whole(cid)
            self._pins.add(cid, owner)

    def unpin(self, cid: Cid, owner: str) -> None:
        """See Store."""
        self._pins.remove(cid, owner)

    def pins(self, owner: str) -> list[Cid]:
        """See Store."""
        return self._pins.of(owner)

    def owners(self) -> list[str]:
        """See Store."""
        return self._pins.owners()

    def collect_garbage(self) -> Collected:
        """See Store. StoreBusyError if somebody is writing for more than a minute."""
        with self._directory.collecting():
            keep: set[Cid] = set()
            for cid in self._pins.all():
                try:
                    keep.update(self._names(cid))
                except StoreError as error:
                    reason = (
                        f"is pinned and damaged ({error.reason}), so no garbage was collected; put it again"
                    )
                    raise type(error)(
                        reason, cid=cid, block=error.block or error.cid, tried=error.tried
                    ) from None
            written_before = time.time() - self._directory.clock_ahead() - self._grace
            blocks = freed = 0
            for cid, size, written in list(self.blocks.listing()):
                if cid not in keep and written < written_before:
                    self.blocks.remove(cid, size)
                    blocks, freed = blocks + 1, freed + size
            self._directory.remove_stale_temporaries(written_before)
        return Collected(blocks, freed)

    def used_bytes(self) -> int:
        """See Store."""
        return self.blocks.used()

    @property
    def quota_bytes(self) -> int | None:
        """See Store."""
        return self.blocks.quota

    def require_connected(self) -> None:
        """See Store: the directory is still the one that was opened."""
        self._directory.require_same()

    def keep(self, cid: Cid, block: bytes) -> None:
        """For a cache in front of a network: add one block, which is verified and the one of that name."""
        with self.blocks.writing() as writer:
            writer.add(cid, block)

    def _write(self, stream: ByteStream, *, total: int | None, progress: Progress | None) -> Cid:
        with self.blocks.writing() as writer:
            if total is not None:
                writer.require(dag_size(total, depth_of(total)))
            done = 0
            for child, block in build_blocks(stream):
                writer.add(child.cid, block)
                if progress is not None and child.dag_size == len(block):
                    done += child.file_size
                    progress(done, total)
        return child.cid

    def _names(self, cid: Cid) -> Iterator[Cid]:
        for child in file_links(cid, self.blocks.fetch, max_bytes=MAX_FILE, place=self.blocks.place):
            yield child.cid

    def _require_whole(self, cid: Cid) -> None:
        """NotFoundError or WrongBytesError unless every block is here (leaves are looked for, not read)."""
        for child in file_links(cid, self.blocks.fetch, max_bytes=MAX_FILE, place=self.blocks.place):
            if not self.blocks.here(child.cid):
                raise NotFoundError(
                    "is not here in full", cid=cid, block=child.cid, tried=[self.blocks.place]
                )
