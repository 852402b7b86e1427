"""Files of a store directory: written whole or not at all, durable when written, typed errors when not.

It knows nothing of blocks or pins.

Modes: whoever creates the store's directory decides who shares it, and everything inside follows. A
directory that the store creates itself is private to its account (0700). To share one between accounts,
create it beforehand with a common group: `mkdir store && chgrp miners store && chmod 2770 store`. A
directory that everybody may write to is refused: anybody could remove blocks and pins there. Files are
read-only for all, because blocks never change.

A store has an identity, a random number in the file `identity`. A process remembers the one it has found: if
the disk is unmounted or another directory is put in its place, nothing is written there and nothing that is
missing there counts as missing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pysonar.protocol.cid import Cid
from pysonar.store.embedded import clock_watch
from pysonar.store.errors import (
    StoreAccessError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreReplacedError,
    StoreSettingError,
)

T = TypeVar("T")
_LOCK_POLL_SECONDS = 0.05
_SIDE_BY_SIDE = 16
_IDENTITY_BYTES = 32
_NOTE_BYTES = 200
_READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


def disk_error(error: OSError, path: Path, cid: Cid | None = None) -> StoreError:
    """The store's word for what the file system said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreFullError(
            f"no room left on the disk of {path}", cid=cid, tried=[f"embedded store {path}"]
        )
    word = os.strerror(error.errno) if error.errno else "failed"
    return StoreAccessError(f"{path} cannot be used: {word}", cid=cid, tried=[f"embedded store {path}"])


def read_ordinary(path: Path, most: int) -> bytes | None:
    """The first `most` bytes of the file, or None if there is none.

    What is there and is not an ordinary file (a pipe, a device, a link, a directory) is not waited for: it
    counts as a file without bytes.
    """
    try:
        handle = os.open(path, _READING)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket, or a device that is not there
            return b""
        raise disk_error(error, path) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        with open(handle, "rb", buffering=0, closefd=False) as file:
            return file.read(most)
    except OSError as error:
        raise disk_error(error, path) from None
    finally:
        os.close(handle)


@dataclass(frozen=True)
class PendingFile:
    """A file that is written and has not got its name yet."""

    handle: int
    temporary: Path
    path: Path

    def drop(self) -> None:
        """Close it, and take away what is left under the temporary name."""
        os.close(self.handle)
        with contextlib.suppress(OSError):
            self.temporary.unlink()


def _fsync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _all_at_once(action: Callable[[T], None], items: Sequence[T]) -> None:
    """Side by side: a file system that is asked for many fsyncs at once does them in few steps."""
    if len(items) < 2:
        for item in items:
            action(item)
        return
    with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(items))) as pool:
        list(pool.map(action, items))


class StoreDirectory:
    """The directory of one embedded store, with its lock and its way of writing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = root.stat().st_mode
        except OSError as error:
            raise disk_error(error, root) from None
        if mode & stat.S_IWOTH:
            raise StoreSettingError(
                f"everybody may write to the store directory {root}, so anybody could remove its pins; "
                "take that right away (chmod o-w) and share it through a group instead"
            )
        self._directory_mode = stat.S_IMODE(mode) & 0o2775
        self._file_mode = stat.S_IMODE(mode) & 0o444
        self.make(root / "tmp")
        self._identity = self._known_identity() or self._new_identity()

    def require_same(self) -> None:
        """StoreReplacedError unless the directory is still the one that was opened."""
        if self._known_identity() != self._identity:
            raise StoreReplacedError(
                f"{self.root} is not the directory that was there when this process started (unmounted, or "
                "replaced); put it back, or restart if the change is meant",
                tried=[f"embedded store {self.root}"],
            )

    def _known_identity(self) -> bytes | None:
        data = read_ordinary(self.root / "identity", _IDENTITY_BYTES)
        return data if data is not None and len(data) == _IDENTITY_BYTES else None

    def _new_identity(self) -> bytes:
        """Make one, unless another process has just done so."""
        with self._locked(fcntl.LOCK_EX, 60.0):
            found = self._known_identity()
            if found is None:
                found = secrets.token_hex(_IDENTITY_BYTES // 2).encode()
                self.finish([self.begin(self.root / "identity", found)])
                self.settle([self.root])
            return found

    def make(self, path: Path) -> bool:
        """A directory inside the store, with the store's own mode. True if it is new: settle its parent."""
        try:
            path.mkdir()
        except FileExistsError:
            return False
        except OSError as error:
            raise disk_error(error, path) from None
        with contextlib.suppress(
            PermissionError
        ):  # another account of the group was quicker: its mode is right
            path.chmod(self._directory_mode)
        return True

    def begin(self, path: Path, data: bytes, *, cid: Cid | None = None) -> PendingFile:
        """Write the bytes under a temporary name; `finish` puts them at the path."""
        temporary = self.root / "tmp" / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, self.root, cid) from None
        pending = PendingFile(handle, temporary, path)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
            os.fchmod(handle, self._file_mode)
        except OSError as error:
            pending.drop()
            raise disk_error(error, self.root, cid) from None
        return pending

    def finish(self, files: Sequence[PendingFile]) -> None:
        """Make the bytes durable, then give the files their names. Settle their directories afterwards."""
        try:
            _all_at_once(lambda file: os.fsync(file.handle), files)
            for file in files:
                file.temporary.rename(file.path)
        except OSError as error:
            raise disk_error(error, self.root) from None
        finally:
            for file in files:
                file.drop()

    def settle(self, directories: Iterable[Path]) -> None:
        """Make the names in these directories survive a loss of power."""
        try:
            _all_at_once(_fsync_directory, list(directories))
        except OSError as error:
            raise disk_error(error, self.root) from None

    def remove_stale_temporaries(self, older_than: float) -> None:
        """Take away what processes that died while writing left behind."""
        for path in list((self.root / "tmp").iterdir()):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than:
                    path.unlink()

    def clock_ahead(self) -> float:
        """Seconds that the clock is ahead of the smallest difference to the time since the machine was
        started, which is noted; 0 where the system says nothing of that. See `clock_watch`.
        """
        start, now = clock_watch.this_start(), clock_watch.difference()
        if start is None or now is None:
            return 0.0
        path = self.root / "clock"
        least = clock_watch.noted(read_ordinary(path, _NOTE_BYTES), start)
        if least is None or now < least - clock_watch.SLACK:
            with contextlib.suppress(StoreError):  # a block that cannot be written either says so itself
                self.finish([self.begin(path, clock_watch.note(start, now))])
            return 0.0
        return max(0.0, now - least)

    @contextlib.contextmanager
    def writing(self, timeout: float = 60.0) -> Iterator[None]:
        """Held by everybody who adds blocks or pins, together with others: no garbage is collected
        meanwhile."""
        with self._locked(fcntl.LOCK_SH, timeout):
            self.require_same()
            self.clock_ahead()
            yield

    @contextlib.contextmanager
    def collecting(self, timeout: float = 60.0) -> Iterator[None]:
        """Held alone: nobody writes meanwhile. StoreBusyError after `timeout` seconds of waiting."""
        with self._locked(fcntl.LOCK_EX, timeout):
            self.require_same()
            yield

    @contextlib.contextmanager
    def _locked(self, kind: int, timeout: float) -> Iterator[None]:
        # An flock belongs to the open file, so threads of one process exclude each other like processes do,
        # and the kernel lets go of it when a process dies.
        path = self.root / "lock"
        try:
            handle = os.open(path, _READING | os.O_CREAT, self._file_mode)
        except OSError as error:
            raise disk_error(error, path) from None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StoreAccessError(f"{path} is not an ordinary file; remove it, a new one will be made")
            end = time.monotonic() + timeout
            while True:
                try:
                    fcntl.flock(handle, kind | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= end:
                        raise StoreBusyError(
                            f"the store {self.root} has been held by another process for {timeout:g} s"
                        ) from None
                    time.sleep(_LOCK_POLL_SECONDS)
            yield
        finally:
            os.close(handle)
