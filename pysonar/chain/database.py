"""One SQLite file per agent: bound to one chain and one contract, durable across `kill -9`.

Write-ahead log with `synchronous=FULL`: a committed transaction survives the process and the power. Other
rooms keep their own tables in the same file (so that a handler's effect and its "handled" mark are one
transaction): they pass their `create table if not exists` statements as `schema`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from pysonar.chain.address import checksum
from pysonar.chain.errors import DatabaseUnusableError, WrongDatabaseError
from pysonar.files.secret_file import make_private_directory

VERSION = 1
BUSY_SECONDS = 30.0

_META = "create table if not exists meta (name text primary key, value text not null) strict"


def open_database(
    path: Path, *, chain_id: int, genesis: bytes, contract: str, schema: Sequence[str] = ()
) -> sqlite3.Connection:
    """The agent's database (created with mode 0600), in autocommit; group writes with `transaction`.

    `schema`: statements that are run each time, so they must be repeatable (`create ... if not exists`).
    Raises WrongDatabaseError if the file belongs to another chain id, genesis block or contract, and
    DatabaseUnusableError if it is no database of this project. Rows come as `sqlite3.Row`.
    """
    make_private_directory(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnusableError(
            str(path), getattr(error, "strerror", None) or "it cannot be opened"
        ) from None
    database.row_factory = sqlite3.Row
    identity = {
        "version": str(VERSION),
        "chain id": str(chain_id),
        "genesis block": "0x" + genesis.hex(),
        "contract": checksum(contract),
    }
    try:
        database.execute("pragma journal_mode=wal")
        database.execute("pragma synchronous=full")
        database.execute("pragma foreign_keys=on")
        with transaction(database):
            _bind(database, path, identity)
            for statement in schema:
                database.execute(statement)
    except sqlite3.DatabaseError:
        database.close()
        raise DatabaseUnusableError(str(path), "it is not a database of this project, or damaged") from None
    except WrongDatabaseError:
        database.close()
        raise
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
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


def _bind(database: sqlite3.Connection, path: Path, identity: dict[str, str]) -> None:
    database.execute(_META)
    stored = {row["name"]: row["value"] for row in database.execute("select name, value from meta")}
    for what, expected in identity.items():
        found = stored.get(what)
        if found is None:
            database.execute("insert into meta (name, value) values (?, ?)", (what, expected))
        elif found != expected:
            raise WrongDatabaseError(str(path), what, found, expected)
