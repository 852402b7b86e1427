"""PostgreSQL behind the few methods of `sqlite3.Connection` that the index uses, so that both run the same
SQL.

Values are bound by the client: the follower asks `? is null`, to which a server cannot give a type. The
statements are our own; nothing of a stranger's is ever part of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from pysonar.chain.database_errors import DatabaseUnusableError, DatabaseWaitError
from sonar_web.errors import DatabaseAwayError, DatabaseSettingError

_TYPES = (
    (re.compile(r"\bblob\b"), "bytea"),
    (re.compile(r"\binteger\b"), "bigint"),
    (re.compile(r"\)\s*strict\b"), ")"),
)
SECONDS_TO_CONNECT = 5
# A server that vanishes without a word (its machine, the net between) is noticed in a quarter of a minute.
_NOTICED: dict[str, Any] = {
    "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 15_000,
}  # fmt: skip
_NOTICED_THERE = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 2}
_BY_CODE = {
    "53100": "its disk is full; nothing is lost, make room and it goes on",
    "53200": "it is out of memory; nothing is lost, it is tried again",
    "57014": "the answer took too long; ask for less",
    "25006": "it is read-only (a standby?); give the address of the server that can be written",
    "42501": "the user may not make or change its tables; `grant create on schema public to USER`",
    **dict.fromkeys(("40001", "40P01"), "others were in the way; nothing is lost, it is tried again"),
}
"""What is wrong, by SQLSTATE, where it is not that the server is away."""
_WAITED_FOR = {"53100", "53200", "40001", "40P01"}
_REFUSED = (
    "it answers, and does not let us in: see the user, PGPASSWORD, pg_hba.conf, max_connections and whether"
    " the database has been made (`create database NAME`)"
)
_WRITING = 0x50_6F_6E_62  # a number that our writers agree on, beside that of `opening`


class Row(Mapping[str, Any]):
    """A row by name or place, as `sqlite3.Row` is."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, key: str | int) -> Any:
        value = self._values[key if isinstance(key, int) else self._names.index(key)]
        return bytes(value) if isinstance(value, memoryview) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def keys(self) -> Any:
        """The columns' names, in order."""
        return list(self._names)


def _rows(cursor: psycopg.Cursor[Any]) -> Any:
    names = [column.name for column in cursor.description or ()]
    return lambda values: Row(names, values)


class PostgresDatabase:
    """One connection, in autocommit; group writes with `pysonar.chain.database.transaction`."""

    def __init__(self, address: str, shown: str) -> None:
        self.shown = shown
        try:
            self._connection = psycopg.connect(
                address,
                autocommit=True,
                cursor_factory=psycopg.ClientCursor,
                row_factory=_rows,
                connect_timeout=SECONDS_TO_CONNECT,
                **_NOTICED,
            )
        except psycopg.ProgrammingError:  # the address itself, with whatever secret stands in it
            raise DatabaseSettingError(self.shown) from None
        except psycopg.Error as error:
            # A connection that fails has no code, but the server asked for a password where there is one.
            if error.pgconn is not None and (error.pgconn.needs_password or error.pgconn.used_password):
                raise DatabaseUnusableError(self.shown, _REFUSED) from None
            raise _told_apart(self.shown, error) from None
        # The server notices our end as fast as we notice its own: no lock must outlive its writer.
        for name, value in _NOTICED_THERE.items():
            self.execute(f"set {name} = {value}")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.info.transaction_status != TransactionStatus.IDLE

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """One statement; its cursor."""
        try:
            return self._connection.execute(translated(statement), values or None)
        except psycopg.Error as error:
            raise _told_apart(self.shown, error) from None

    def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """One statement for many values."""
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(translated(statement), values)
        except psycopg.Error as error:
            raise _told_apart(self.shown, error) from None

    def copy(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        """New rows, as the server takes them most quickly; none of them may be there."""
        try:
            with (
                self._connection.cursor() as cursor,
                cursor.copy(f"copy {table} ({columns}) from stdin") as into,  # our own words
            ):
                for row in rows:
                    into.write_row(row)
        except psycopg.Error as error:
            raise _told_apart(self.shown, error) from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _told_apart(shown: str, error: psycopg.Error) -> Exception:
    """By the server's code, never in its words: those may quote what was asked. An error of a statement
    stays what it is, for it is a fault in the program.
    """
    why = _BY_CODE.get(error.sqlstate or "")
    if why is not None:
        return (DatabaseWaitError if error.sqlstate in _WAITED_FOR else DatabaseUnusableError)(shown, why)
    gone = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return DatabaseAwayError(shown) if gone else error


@lru_cache(maxsize=256)  # the widest are hundreds of rows of places
def translated(statement: str) -> str:
    """SQLite's SQL as PostgreSQL takes it.

    >>> translated("begin immediate")
    'begin; select pg_advisory_xact_lock(1349480034)'
    >>> translated("select a from b where c = ?")
    'select a from b where c = %s'
    """
    if statement == "begin immediate":
        # One writer at a time, as in SQLite: what is read inside cannot change.
        return f"begin; select pg_advisory_xact_lock({_WRITING})"
    if "json_extract(" in statement:
        return "select"  # mends rows of releases that knew no server: there are none here
    if statement.startswith(("create table", "alter table")):
        for pattern, replacement in _TYPES:
            statement = pattern.sub(replacement, statement)
    return statement.replace("%", "%%").replace("?", "%s") if "?" in statement else statement
