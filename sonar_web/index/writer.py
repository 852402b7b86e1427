"""One writer for each index: two that read the same blocks would count them twice, or end each other."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pysonar.chain.database_errors import DatabaseUnusableError, DatabaseWaitError
from sonar_web.index.opening import is_server
from sonar_web.index.rows import Database

_ADVISORY = 0x50_6F_6E_61_72  # a number that our writers agree on; locks of other programs have others


class AnotherWriterError(DatabaseWaitError):
    """Another process keeps this index up to date."""

    def __init__(self, shown: str) -> None:
        super().__init__(
            shown,
            "another sonar-web writes to it; stop that one first, or give this one a database of its own",
        )


class WritersLock:
    """Held until `release`, and not longer than the process lives. On a server it belongs to the connection:
    one that breaks gives it up, and so does a machine that vanishes.
    """

    def __init__(self, setting: str, database: Database) -> None:
        self._handle: int | None = None
        if is_server(setting):
            row = database.execute("select pg_try_advisory_lock(?) as ours", (_ADVISORY,)).fetchone()
            if not row["ours"]:
                raise AnotherWriterError(database.shown)
            return
        path = Path(setting).expanduser()
        try:
            handle = os.open(
                path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise DatabaseUnusableError(database.shown, f"its lock: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise AnotherWriterError(database.shown) from None
        self._handle = handle

    def release(self) -> None:
        """A server's ends with its connection."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
