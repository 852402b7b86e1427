"""Rows read and written by name, in the SQL that both databases take.

Names of tables and columns are our own words; values are always bound.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

ROWS_AT_ONCE = 200


class Database(Protocol):
    """What the index needs of a connection: `sqlite3.Connection` and `PostgresDatabase` have it."""

    shown: str
    """Where it is, for people, without secrets."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """One statement; its cursor."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def read_one(database: Database, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of that key, or None."""
    condition = " and ".join(f"{name} = ?" for name in key)
    statement = f"select * from {table} where {condition}"  # noqa: S608 - our own words
    row = database.execute(statement, tuple(key.values())).fetchone()
    return None if row is None else {name: row[name] for name in row.keys()}  # noqa: SIM118 - of sqlite3.Row


def read_many(
    database: Database, table: str, names: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of those keys that there are, by key."""
    found = {}
    for first in range(0, len(keys), ROWS_AT_ONCE):
        some = keys[first : first + ROWS_AT_ONCE]
        places = ", ".join(["(" + ", ".join("?" * len(names)) + ")"] * len(some))
        statement = f"select * from {table} where ({', '.join(names)}) in (values {places})"  # noqa: S608 - our own words
        for row in database.execute(statement, [value for key in some for value in key]).fetchall():
            plain = {name: row[name] for name in row.keys()}  # noqa: SIM118 - of sqlite3.Row
            found[tuple(plain[name] for name in names)] = plain
    return found


def upsert_many(
    database: Database, table: str, key: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows, each with the same columns (two or more), or write them over those of the same key. Texts
    of strangers must be `storable`.
    """
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[first : first + ROWS_AT_ONCE]
        names = list(some[0])
        places = ", ".join(["(" + ", ".join("?" * len(names)) + ")"] * len(some))
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
        statement = (
            f"insert into {table} ({', '.join(names)}) values {places}"  # noqa: S608 - our own words
            f" on conflict ({', '.join(key)}) do update set {changes}"
        )
        database.execute(statement, list(itertools.chain.from_iterable(map(itemgetter(*names), some))))


def storable(value: Any) -> Any:
    """A value that both databases take. A stranger's text (the reason of a decline, a title) may hold what
    PostgreSQL's texts cannot: NUL, or half of a pair of surrogates.

    >>> storable("too" + chr(0) + " small"), storable(7)
    ('too small', 7)
    """
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "").encode(errors="ignore").decode()


def upsert(database: Database, table: str, key: Sequence[str], row: Mapping[str, Any]) -> None:
    """Insert the row, or write it over the one of the same key."""
    upsert_many(database, table, key, [row])
