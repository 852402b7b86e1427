"""Any other SQL database through SQLAlchemy: rows streamed, never a whole result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from mine_agent.data.adapters.databases.query import query_of
from mine_agent.data.adapters.databases.rows import Row, SelectedRows, row_batches
from mine_agent.data.adapters.databases.secrets import OPTIONS, connection_of, refuse_secret
from mine_agent.errors import DataError

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult

_FETCHED = 256
_READ_ONLY = {
    "sqlite": "pragma query_only = on",
    "postgresql": "set transaction read only",
    "mysql": "set session transaction read only",
    "mariadb": "set session transaction read only",
}
_OPENED_READ_ONLY = {"duckdb": {"read_only": True}}


def _row(row: Row) -> Row:
    """Some drivers give bytes as a view of memory, which is another one at each reading."""
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


class SqlTable(SelectedRows):
    """The records of one SELECT."""

    def __init__(self, name: str, connection: str, query: str) -> None:
        self.name = name
        self._connection, self._query = connection, query
        if not re.match(r"\s*(select|with)\b", query, re.IGNORECASE):
            raise DataError(f"{name}: the query must be a SELECT; nothing is ever written")

    def columns(self) -> list[str]:
        """The names that the SELECT gives."""
        with self._open() as connection:
            query = f"select * from (\n{self._query}\n) as records where 1 = 0"  # noqa: S608
            return list(self._result(connection, query).keys())

    def remarks(self) -> list[str]:
        """The dialect."""
        with self._open() as connection:
            return [f"{connection.dialect.name} through SQLAlchemy, read-only"]

    def rows(self) -> Iterator[list[Row]]:
        """All of them, streamed. DataError: the database went away, naming the row."""
        from sqlalchemy.exc import SQLAlchemyError

        row = 0
        with self._open() as connection:
            try:
                result = self._result(connection.execution_options(stream_results=True), self._query)
                # Without a number, all rows are fetched at once.
                for rows in row_batches(map(_row, result.yield_per(_FETCHED)), self.name):
                    row += len(rows)
                    yield rows
            except SQLAlchemyError as error:
                if not row:
                    raise
                raise DataError(
                    f"{self.name}: the database went away after row {row} ({type(error).__name__});"
                    " it is read again later"
                ) from None

    def _result(self, connection: Connection, query: str) -> CursorResult[Any]:
        """As the owner wrote it: a colon or a percent sign in it asks for no parameter."""
        return connection.execution_options(no_parameters=True).exec_driver_sql(query)

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        try:
            from sqlalchemy import create_engine, make_url, text
            from sqlalchemy.exc import ArgumentError, SQLAlchemyError
        except ImportError:
            raise DataError("other databases need the extra 'sql': pip install openmined[sql]") from None
        try:
            place = make_url(self._connection)
            engine = create_engine(place, connect_args=_OPENED_READ_ONLY.get(place.get_backend_name(), {}))
            try:
                with engine.connect() as connection:
                    if (read_only := _READ_ONLY.get(connection.dialect.name)) is not None:
                        connection.execute(text(read_only))
                    yield connection
                    connection.rollback()
            finally:
                engine.dispose()
        except ImportError as error:
            raise DataError(
                f"{self.name}: no driver for this database is installed ({error}); install the one that"
                " SQLAlchemy names for it, or choose another after the '+' of the connection"
            ) from None
        except (SQLAlchemyError, ArgumentError) as error:
            # SQLAlchemy's own words may hold the connection and values of rows.
            raise DataError(
                f"{self.name}: the database refuses or went away ({type(error).__name__}); see the connection"
                " and the query"
            ) from None


class SqlAdapter:
    """A table or query of any database that SQLAlchemy knows (extra "sql")."""

    kind: ClassVar[str] = "sql"
    live: ClassVar[bool] = True
    options: ClassVar[Mapping[str, str]] = {
        **OPTIONS,
        "table": "the table, or",
        "query": "a SELECT that gives the records, in an order of its own (order by)",
    }

    def takes(self, location: str) -> bool:
        """sql:NAME."""
        return location.startswith("sql:")

    def source(self, location: str, options: Mapping[str, str]) -> SqlTable:
        """The records. DataError: no connection or no table is named."""
        refuse_secret(location, scheme="sql")
        connection = connection_of(
            options, what=location, example="mysql+pymysql://user:password@host/database"
        )
        return SqlTable(location, connection, query_of(options, what=location))
