"""PostgreSQL behind the few methods of `sqlite3.Connection` that the index uses, so that both run the same
SQL.

Values are bound by the client: the follower asks `? is null`, to which a server cannot give a type. The
statements are our own; nothing of a stranger's is ever part of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from sonar_web.errors import DatabaseAwayError

_TYPES = (
    (re.compile(r"\bblob\b"), "bytea"),
    (re.compile(r"\binteger\b"), "bigint"),
    (re.compile(r"\)\s*strict\b"), ")"),
)
SECONDS_TO_CONNECT = 5


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

    def __init__(self, address: str) -> None:
        self.shown = address.split("@")[-1]
        try:
            self._connection = psycopg.connect(
                address,
                autocommit=True,
                cursor_factory=psycopg.ClientCursor,
                row_factory=_rows,
                connect_timeout=SECONDS_TO_CONNECT,
            )
        except psycopg.OperationalError:
            raise DatabaseAwayError(self.shown) from None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.info.transaction_status != TransactionStatus.IDLE

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """One statement; its cursor."""
        try:
            return self._connection.execute(translated(statement), values or None)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise DatabaseAwayError(self.shown) from None

    def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """One statement for many values."""
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(translated(statement), values)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise DatabaseAwayError(self.shown) from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def translated(statement: str) -> str:
    """SQLite's SQL as PostgreSQL takes it.

    >>> translated("begin immediate")
    'begin'
    >>> translated("select a from b where c = ?")
    'select a from b where c = %s'
    """
    if statement == "begin immediate":
        return "begin"
    if "json_extract(" in statement:
        return "select"  # mends rows of releases that knew no server: there are none here
    if statement.startswith(("create table", "alter table")):
        for pattern, replacement in _TYPES:
            statement = pattern.sub(replacement, statement)
    return statement.replace("%", "%%").replace("?", "%s") if "?" in statement else statement
