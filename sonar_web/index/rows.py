"""Rows read and written by name, in the SQL that both databases take.

Names of tables and columns are our own words; values are always bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Database(Protocol):
    """What the index needs of a connection: `sqlite3.Connection` and `PostgresDatabase` have it."""

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


def upsert(database: Database, table: str, key: Sequence[str], row: Mapping[str, Any]) -> None:
    """Insert the row, or write it over the one of the same key."""
    places = ", ".join("?" * len(row))
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name not in key)
    statement = (
        f"insert into {table} ({', '.join(row)}) values ({places})"  # noqa: S608 - our own words
        f" on conflict ({', '.join(key)}) do update set {changes}"
    )
    database.execute(statement, tuple(row.values()))
