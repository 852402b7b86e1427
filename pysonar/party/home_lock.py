"""One agent per home directory: two processes that follow and send from one database would take each other's
nonces. The lock belongs to the process, so the kernel releases it however the process ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pysonar.chain.errors import AlreadyRunningError
from pysonar.files.secret_file import make_private_directory


@contextmanager
def home_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` (made if it is missing, and left there) while the block runs.

    Raises AlreadyRunningError at once if another process holds it.
    """
    make_private_directory(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(str(path)) from None
        yield
    finally:
        os.close(handle)
