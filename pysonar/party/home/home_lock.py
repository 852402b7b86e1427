"""One agent per home directory: two processes that follow and send from one database would take each other's
nonces. The lock belongs to the process, so the kernel releases it however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from openmined_syft.errors import OpenMinedError
from pysonar.chain.errors import AlreadyRunningError
from pysonar.files.secret_file import make_private_directory


class LockError(OpenMinedError):
    """The disk gives no lock, so that nothing would keep a second process from taking the same nonces."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"{path} cannot be locked: {why}; keep the home directory on a local disk that you can write"
        )


_BETWEEN_TRIES = 0.05
_FOR_A_MOMENT = b"for a moment"
"""What the lock file holds while somebody has the lock who is no agent."""


@contextmanager
def home_lock(path: Path, *, patience: float = 0.0, for_a_moment: bool = False) -> Iterator[None]:
    """Hold the lock file `path` (made if it is missing, and left there) while the block runs.

    Args:
        patience: seconds to wait for it; commands and pages that read events hold it for a moment.
        for_a_moment: whether the holder is such a command or page, and not an agent at work.

    Raises:
        AlreadyRunningError: another process holds it.
        LockError: the disk has no locks (some network and shared disks), or cannot be written.
    """
    try:
        make_private_directory(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LockError(str(path), error.strerror or "it cannot be opened") from None
    try:
        _take(handle, path, time.monotonic() + patience)
        _write(handle, _FOR_A_MOMENT if for_a_moment else b"")
        try:
            yield
        finally:
            _write(handle, b"")
    finally:
        os.close(handle)


def is_agent_at_work(path: Path) -> bool:
    """Whether an agent holds the lock now; not somebody who reads events or claims. Takes nothing that would
    keep an agent from starting for longer than it is patient.
    """
    if not _is_locked(path):
        return False
    if _is_for_a_moment(path):
        return False
    time.sleep(_BETWEEN_TRIES)  # whoever takes it says so in its next breath; an agent has it still
    return _is_locked(path) and not _is_for_a_moment(path)


def _is_for_a_moment(path: Path) -> bool:
    try:
        return path.read_bytes() == _FOR_A_MOMENT
    except OSError:
        return False


def _write(handle: int, words: bytes) -> None:
    """On a full disk nothing is said: the lock itself holds."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, words, 0)


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def _take(handle: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AlreadyRunningError(str(path)) from None
            time.sleep(_BETWEEN_TRIES)
        except OSError as error:
            raise LockError(str(path), error.strerror or "the disk has no locks") from None
        else:
            return
