"""Blocks as files: `blocks/<last two characters>/<cid>`, one block each, nothing else.

(The last two characters, because every CIDv0 begins alike.) Blocks are checked by whoever reads them
(`reader.py`); here is only how they lie on the disk.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pysonar.protocol.cid import Cid, CidError
from pysonar.store.embedded.disk import PendingFile, StoreDirectory, disk_error, read_ordinary
from pysonar.store.errors import NotFoundError, StoreFullError, WrongBytesError
from pysonar.store.unixfs.profile import MAX_BLOCK

_MEASURE_SECONDS = 5.0
_PENDING = 64


class BlockFiles:
    """The blocks of one store directory."""

    def __init__(self, directory: StoreDirectory, quota_bytes: int | None) -> None:
        self._directory = directory
        self._root = directory.root / "blocks"
        self.quota = quota_bytes
        self._used = 0
        self._measured_at = -math.inf
        directory.make(self._root)

    @property
    def place(self) -> str:
        """How error texts call this place."""
        return f"embedded store {self._directory.root}"

    def path(self, cid: Cid) -> Path:
        """Where the block lies, if it is here."""
        name = str(cid)
        return self._root / name[-2:] / name

    def fetch(self, names: Sequence[Cid]) -> Iterator[bytes]:
        """The blocks of these names, unchecked. NotFoundError, WrongBytesError, StoreAccessError."""
        for cid in names:
            block = self.read(cid)
            if block is None:
                raise NotFoundError("is not here", cid=cid, tried=[self.place])
            if not block:
                reason = f"what lies at {self.path(cid)} is empty or not an ordinary file"
                raise WrongBytesError(reason, cid=cid, tried=[self.place])
            yield block

    def read(self, cid: Cid) -> bytes | None:
        """The unchecked block (at most MAX_BLOCK + 1 bytes of it), or None if there is none; no bytes for
        what is not an ordinary file. StoreReplacedError if it is missing together with the whole store.
        """
        block = read_ordinary(self.path(cid), MAX_BLOCK + 1)
        if block is None:
            self._directory.require_same()
        return block

    def here(self, cid: Cid) -> bool:
        """Whether there is a file of that name; whether it is whole shows when it is read."""
        try:
            found = stat.S_ISREG(os.lstat(self.path(cid)).st_mode)
        except OSError:
            found = False
        if not found:
            self._directory.require_same()
        return found

    def used(self) -> int:
        """Bytes of all blocks."""
        return sum(size for _, size, _ in self.listing())

    def room(self) -> int | None:
        """Bytes left in the quota, None without one. What other processes did shows within a few seconds."""
        if self.quota is None:
            return None
        if time.monotonic() - self._measured_at > _MEASURE_SECONDS:
            self._used, self._measured_at = self.used(), time.monotonic()
        return self.quota - self._used

    def grown(self, size: int) -> None:
        """Count what was just written or removed (negative)."""
        self._used += size

    def listing(self) -> Iterator[tuple[Cid, int, float]]:
        """(name, bytes, time of last writing) of every block; what is not a block is left out."""
        for folder in sorted(self._root.iterdir()):
            with os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError, CidError):
                        found = entry.stat(follow_symlinks=False)
                        yield Cid.parse(entry.name), found.st_size, found.st_mtime

    def remove(self, cid: Cid, size: int) -> None:
        """Take away the block, which has this many bytes. No error if it is gone already."""
        try:
            self.path(cid).unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self.path(cid), cid) from None
        self.grown(-size)

    @contextlib.contextmanager
    def writing(self) -> Iterator[BlockWriter]:
        """To add blocks; holds the directory's `writing` lock. What was added is durable at the end of the
        context; after an error, what was begun is gone or garbage."""
        with self._directory.writing():
            writer = BlockWriter(self, self._directory)
            try:
                yield writer
                writer.settle()
            finally:
                writer.drop()


class BlockWriter:
    """Adds blocks within the quota. Some are held back, to be made durable together."""

    def __init__(self, blocks: BlockFiles, directory: StoreDirectory) -> None:
        self._blocks = blocks
        self._directory = directory
        self._touched: set[Path] = set()
        self._pending: dict[Cid, PendingFile] = {}

    def require(self, size: int, cid: Cid | None = None) -> None:
        """StoreFullError unless this many bytes of blocks fit into the quota."""
        room = self._blocks.room()
        if room is not None and size > room:
            raise StoreFullError(
                f"{size} more bytes do not fit: {room} of the quota of {self._blocks.quota} bytes are left; "
                "collect garbage (`store gc`) or raise the quota in the setting",
                cid=cid,
                tried=[self._blocks.place],
            )

    def add(self, cid: Cid, block: bytes) -> None:
        """Write the block (which is the one of that name) unless it is here in good state."""
        if cid in self._pending:
            return
        path = self._blocks.path(cid)
        # Also for a block that is here: another process may not have come to its own settling yet.
        self._touched.add(path.parent)
        # A damaged block under this name is simply written again: here are the right bytes.
        if self._blocks.read(cid) == block and self._refresh(path):
            return
        self.require(len(block), cid)
        if self._directory.make(path.parent):
            self._touched.add(path.parent.parent)
        self._pending[cid] = self._directory.begin(path, block, cid=cid)
        self._blocks.grown(len(block))
        if len(self._pending) == _PENDING:
            self._finish()

    def settle(self) -> None:
        """Make everything added durable."""
        self._finish()
        self._directory.settle(self._touched)
        self._touched.clear()

    def drop(self) -> None:
        """Take away what was begun and is not settled, if anything is. For when adding went wrong."""
        pending, self._pending = self._pending, {}
        for file in pending.values():
            file.drop()

    def _finish(self) -> None:
        pending, self._pending = self._pending, {}
        self._directory.finish(list(pending.values()))

    @staticmethod
    def _refresh(path: Path) -> bool:
        """Count the block as written now, so that it is young for the garbage collection. False: write it
        again."""
        try:
            os.utime(path)
        except OSError:  # gone since, or another account's file
            return False
        return True
