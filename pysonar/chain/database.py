"""One SQLite file per agent: bound to one chain and one contract, durable across `kill -9`.

Write-ahead log with `synchronous=FULL`: a committed transaction survives the process and the power. Other
rooms keep their own tables in the same file (so that a handler's effect and its "handled" mark are one
transaction): see `pysonar.chain.migrations`.

What goes wrong with the file while it is used is told apart by SQLite's own code: busy, full, read-only and
failing disks pass (`DatabaseWaitError`: an agent waits and goes on), a damaged file does not. Errors of the
statements themselves stay SQLite's own, for they are faults in the program.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote

from pysonar.chain.address import checksum
from pysonar.chain.database_errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseFailingError,
    DatabaseFullError,
    DatabaseReadOnlyError,
    DatabaseUnusableError,
    WrongDatabaseError,
)
from pysonar.chain.migrations import Tables, migrate
from pysonar.files.secret_file import make_private_directory

P = ParamSpec("P")
R = TypeVar("R")

VERSION = 1
BUSY_SECONDS = 30.0

_META = "create table if not exists meta (name text primary key, value text not null) strict"
_PRIMARY_CODE = 0xFF  # SQLite's extended codes hold the primary one in the lowest byte
_BY_CODE: dict[int, Callable[[str], DatabaseUnusableError]] = {
    sqlite3.SQLITE_BUSY: DatabaseBusyError,
    sqlite3.SQLITE_LOCKED: DatabaseBusyError,
    sqlite3.SQLITE_PROTOCOL: DatabaseBusyError,
    sqlite3.SQLITE_FULL: DatabaseFullError,
    sqlite3.SQLITE_READONLY: DatabaseReadOnlyError,
    sqlite3.SQLITE_PERM: DatabaseReadOnlyError,
    sqlite3.SQLITE_IOERR: DatabaseFailingError,
    sqlite3.SQLITE_CANTOPEN: DatabaseFailingError,
    sqlite3.SQLITE_NOLFS: DatabaseFullError,
    sqlite3.SQLITE_NOTADB: DatabaseDamagedError,
    sqlite3.SQLITE_CORRUPT: DatabaseDamagedError,
}


def open_database(
    path: Path,
    *,
    chain_id: int,
    genesis: bytes,
    contract: str,
    tables: Sequence[Tables] = (),
    page_bytes: int = 4096,
) -> _Connection:
    """The agent's database (created with mode 0600), in autocommit; group writes with `transaction`.

    `tables`: of the rooms that use this file, brought up to date here. `page_bytes`: a power of two, of a
    file that is made here; one that there is keeps its own. Rows come as `sqlite3.Row`.

    Raises:
        WrongDatabaseError: the file belongs to another chain id, genesis block or contract.
        NewerDatabaseError: a newer release made it.
        DatabaseUnusableError: it is not a database of this project, or one of its subclasses says what is
        wrong.
    """
    make_private_directory(path.parent)
    identity = {
        "version": str(VERSION),
        "chain id": str(chain_id),
        "genesis block": "0x" + genesis.hex(),
        "contract": checksum(contract),
    }
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, factory=_Connection)
    except OSError as error:
        raise DatabaseUnusableError(str(path), error.strerror or "it cannot be opened") from None
    except sqlite3.Error as error:
        raise _told_apart(str(path), error) or DatabaseUnusableError(
            str(path), "it cannot be opened"
        ) from None
    database.shown = str(path)
    database.row_factory = sqlite3.Row
    try:
        database.execute(f"pragma page_size={page_bytes:d}")
        database.execute("pragma journal_mode=wal")
        database.execute("pragma synchronous=full")
        database.execute("pragma foreign_keys=on")
        with transaction(database):
            _bind(database, path, identity)
            for room in tables:
                migrate(database, room)
    except sqlite3.DatabaseError:  # its tables are not those that our statements expect
        database.close()
        raise DatabaseUnusableError(
            str(path), "its tables are not those of this project; use another home directory"
        ) from None
    except BaseException:
        database.close()
        raise
    return database


def open_for_reading(path: Path) -> _Connection:
    """A database that another process keeps, without a lock and without a way to change it.

    DatabaseUnusableError: it is not there, or cannot be opened.
    """
    address = f"file:{quote(str(path))}?mode=ro"
    try:
        database = sqlite3.connect(address, uri=True, timeout=5, isolation_level=None, factory=_Connection)
    except sqlite3.Error:
        raise DatabaseUnusableError(str(path), "it cannot be opened; has it been made?") from None
    database.shown = str(path)
    database.row_factory = sqlite3.Row
    return database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing; takes the write lock at once, so that what is read inside cannot change before the
    write. Inside another `transaction` it is part of that one.
    """
    if database.in_transaction:
        yield database
        return
    database.execute("begin immediate")
    try:
        yield database
        database.execute("commit")
    except BaseException:
        if database.in_transaction:  # a full disk may have ended it already
            database.execute("rollback")
        raise


def _bind(database: sqlite3.Connection, path: Path, identity: dict[str, str]) -> None:
    database.execute(_META)
    stored = {row["name"]: row["value"] for row in database.execute("select name, value from meta")}
    for what, expected in identity.items():
        found = stored.get(what)
        if found is None:
            database.execute("insert into meta (name, value) values (?, ?)", (what, expected))
        elif found != expected:
            raise WrongDatabaseError(str(path), what, found, expected)


def _told_apart(path: str, error: sqlite3.Error) -> DatabaseUnusableError | None:
    """The typed error of what is wrong with the file; None for an error of the statement."""
    kind = _BY_CODE.get(getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE)
    return None if kind is None else kind(path)


def _translated(method: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except sqlite3.Error as error:
            known = _told_apart(str(getattr(args[0], "shown", "")), error)
            if known is None:
                raise
            raise known from None

    return run


class _Cursor(sqlite3.Cursor):
    """A cursor whose rows come, or do not come, with our errors."""

    shown = ""
    execute = _translated(sqlite3.Cursor.execute)
    executemany = _translated(sqlite3.Cursor.executemany)
    executescript = _translated(sqlite3.Cursor.executescript)
    fetchone = _translated(sqlite3.Cursor.fetchone)
    fetchmany = _translated(sqlite3.Cursor.fetchmany)
    fetchall = _translated(sqlite3.Cursor.fetchall)

    @_translated
    def __next__(self) -> Any:
        return super().__next__()


class _Connection(sqlite3.Connection):
    """A connection whose every statement raises our errors for trouble with the file."""

    shown = ""

    def cursor(self, factory: Any = _Cursor) -> Any:
        """A cursor that knows the file's name."""
        made = super().cursor(factory)
        if isinstance(made, _Cursor):
            made.shown = self.shown
        return made

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """One statement. As the two below it, by a cursor of our own: SQLite's short cut makes its own."""
        return cast(sqlite3.Cursor, self.cursor().execute(*arguments))

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        """One statement for many values."""
        return cast(sqlite3.Cursor, self.cursor().executemany(*arguments))

    def executescript(self, *arguments: Any) -> sqlite3.Cursor:
        """Several statements."""
        return cast(sqlite3.Cursor, self.cursor().executescript(*arguments))
