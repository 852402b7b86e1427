"""Opening the index's database: a file for SQLite, an address for PostgreSQL. It belongs to one contract on
one chain.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pysonar.chain.address import checksum
from pysonar.chain.database import open_database, transaction
from pysonar.chain.database_errors import DatabaseUnusableError, WrongDatabaseError
from sonar_web.errors import AnotherWriterError, DatabaseSettingError
from sonar_web.index.postgres import PostgresDatabase
from sonar_web.index.rows import Database

_SCHEMES = ("postgresql://", "postgres://")
PAGE_BYTES = 1 << 14
CACHE_KIB = 1 << 16
"""Of SQLite. Tens of thousands of events in one transaction fill its usual two megabytes many times over, and
each time pages are written that are changed again; of larger pages there are fewer to write."""
_ADVISORY = 0x50_6F_6E_61_72  # a number that our writers agree on; locks of other programs have others


def without_secrets(setting: str) -> str:
    """The setting for people: a server's address may have a password before the host, or among the options.

    >>> without_secrets("postgresql://me:secret@db.example:5432/index?password=secret")
    'db.example:5432/index'
    """
    if "://" not in setting:
        return setting
    try:
        parts = conninfo_to_dict(setting)  # as the driver reads it: passwords may hold ? and @
    except psycopg.Error:
        return "(an address that cannot be read)"
    return f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"


def is_server(setting: str) -> bool:
    """Whether the setting names a PostgreSQL server. DatabaseSettingError if it is some other address."""
    if setting.startswith(_SCHEMES):
        return True
    if "://" in setting:
        raise DatabaseSettingError(without_secrets(setting))
    return False


def open_index(setting: str, *, chain_id: int, contract: str, genesis: bytes) -> Database:
    """The database, with its identity checked or, if it is new, written.

    Raises:
        WrongDatabaseError: it belongs to another chain or contract.
        DatabaseUnusableError: it cannot be opened; DatabaseAwayError is one of these.
        DatabaseSettingError: the setting names neither kind.
    """
    if not is_server(setting):
        file = open_database(
            Path(setting).expanduser(),
            chain_id=chain_id,
            contract=contract,
            genesis=genesis,
            page_bytes=PAGE_BYTES,
        )
        file.execute(f"pragma cache_size={-CACHE_KIB:d}")
        return file
    database = PostgresDatabase(setting, without_secrets(setting))
    identity = {
        "chain id": str(chain_id),
        "genesis block": "0x" + genesis.hex(),
        "contract": checksum(contract),
    }
    with transaction(database):  # type: ignore[arg-type] # the few methods that it uses
        database.execute(
            "create table if not exists meta (name text primary key, value text not null) strict"
        )
        for what, expected in identity.items():
            row = database.execute("select value from meta where name = ?", (what,)).fetchone()
            if row is None:
                database.execute("insert into meta (name, value) values (?, ?)", (what, expected))
            elif row["value"] != expected:
                raise WrongDatabaseError(database.shown, what, row["value"], expected)
    return database


class WritersLock:
    """One process writes an index: two that read the same blocks would count them twice, or end each other.
    The lock is held until `release`, and not longer than the process lives; on a server it belongs to the
    connection, so that one that breaks gives it up.
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
