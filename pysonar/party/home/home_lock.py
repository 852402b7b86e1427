"""One agent per home directory: two processes that follow and send from one database would take each other's
nonces. The lock belongs to the process, so the kernel releases it however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def home_lock(path: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` (made if it is missing, and left there) while the block runs.

    `patience`: seconds to wait for it; commands and pages that read events hold it for a moment.

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
        yield
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now. Takes nothing that would keep an agent from starting for longer
    than it is patient.
    """
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
