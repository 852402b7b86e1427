"""SQLite databases, opened read-only, with the standard library: no driver that guesses types.

SQLite keeps a type with each value, not with a column, so a column may have several (see
`pysonar.tables.mixed`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from mine_agent.data.adapters.databases.query import query_of
from mine_agent.data.adapters.databases.rows import Row, SelectedRows, row_batches
from mine_agent.data.adapters.tables.files import starts_with
from mine_agent.errors import DataError
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.text_files import LONGEST_LINE, open_binary

_TABLES = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name"
_MAGIC = b"SQLite format 3\0"


def _text(content: bytes) -> str | bytes:
    """What is declared a text and is none is taken as the bytes that it is: SQLite itself would end the
    reading, and show the cell in its message.
    """
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


class SqliteTable(SelectedRows):
    """The records of one SELECT."""

    def __init__(self, path: Path, query: str) -> None:
        self._path, self._query = path, query
        self.name = path.name

    def columns(self) -> list[str]:
        """The names that the SELECT gives."""
        with self._open() as database:
            cursor = database.execute(f"select * from (\n{self._query}\n) limit 0")  # noqa: S608 - the owner's own
            return [column[0] for column in cursor.description]

    def names(self) -> list[str]:
        """The first column's values, for `_TABLES`."""
        with self._open() as database:
            return [row[0] for row in database.execute(self._query)]

    def remarks(self) -> list[str]:
        """The version of SQLite."""
        return [f"SQLite {sqlite3.sqlite_version}, read-only"]

    def rows(self) -> Iterator[list[Row]]:
        """All of them, streamed."""
        with self._open() as database:
            # SQLite names no row; so it refuses only what is far beyond the limit that is looked at below.
            database.text_factory = _text
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 4 * LONGEST_LINE)
            yield from row_batches(database.execute(self._query), self.name)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        open_binary(self._path).close()
        if not starts_with(str(self._path), _MAGIC):
            raise FileFormatError(f"{self.name}: not an SQLite database")
        try:
            place = f"file:{quote(str(self._path))}?mode=ro"
            with closing(sqlite3.connect(place, uri=True, timeout=10)) as database:
                database.execute("pragma query_only = on")
                yield database
        except sqlite3.Error as error:
            raise DataError(f"{self.name}: SQLite says: {error}; see the table or query given") from None


class SqliteAdapter:
    """A table or query of an SQLite database, opened read-only."""

    kind: ClassVar[str] = "sqlite"
    live: ClassVar[bool] = True
    options: ClassVar[Mapping[str, str]] = {
        "table": "the table (may be left out if there is one only), or",
        "query": "a SELECT that gives the records, in an order of its own (order by)",
    }

    def takes(self, location: str) -> bool:
        """By the file's ending or its first bytes."""
        endings = (".sqlite", ".sqlite3", ".db", ".db3")
        return location.lower().endswith(endings) or starts_with(location, _MAGIC)

    def source(self, location: str, options: Mapping[str, str]) -> SqliteTable:
        """The records of a table or query; of the one table, if there is one only. DataError: neither is
        named.
        """
        tables = SqliteTable(Path(location), _TABLES).names()
        table = options.get("table") if options else tables[0] if len(tables) == 1 else None
        if table in tables and "query" not in options:  # its name may have a point in it
            quoted = '"' + table.replace('"', '""') + '"'
            return SqliteTable(Path(location), f"select * from {quoted}")  # noqa: S608 - quoted
        return SqliteTable(Path(location), query_of(options, what=f"SQLite database {location}"))
