"""PostgreSQL, read-only, in one snapshot, through ADBC: rows arrive as Arrow batches in constant memory.

The digest is worked out by the server, over every row as text and whatever its order, so that ten million
rows need not travel twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from mine_agent.data.adapters.databases.query import query_of
from mine_agent.data.adapters.databases.secrets import OPTIONS, connection_of, refuse_secret
from mine_agent.errors import DataError
from pysonar.tables.cutting import cut
from pysonar.tables.source import Batch, numbered, require_columns

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

_SEEDS = (0, 0x5EED, 2**40 + 1, 77)
_BATCH_BYTES = str(1 << 20)


class PostgresTable:
    """The records of one SELECT."""

    def __init__(self, name: str, connection: str, query: str) -> None:
        self.name = name
        self._connection, self._query = connection, query

    def columns(self) -> list[str]:
        """The names that the SELECT gives."""
        with self._open() as connection:
            query = f"select * from (\n{self._query}\n) as records limit 0"  # noqa: S608
            with _reader(connection, query) as reader:
                return list(reader.schema.names)

    def remarks(self) -> list[str]:
        """That it is read-only and in one snapshot."""
        return ["PostgreSQL, read-only, one snapshot for each reading"]

    def digest(self) -> bytes:
        """SHA-256 of the number of rows and of sums over hashes of each row, which the server works out."""
        sums = ", ".join(
            f"coalesce(sum(hashtextextended(records::text, {seed})), 0)::text" for seed in _SEEDS
        )
        query = f"select count(*)::text, {sums} from (\n{self._query}\n) as records"  # noqa: S608
        with self._open() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
        return hashlib.sha256(repr((self.columns(), row)).encode()).digest()

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The rows. DataError: the server went away, naming the row."""
        require_columns(columns, self.columns(), self.name)
        wanted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        row = 0
        with self._open() as connection:
            try:
                query = f"select {wanted} from (\n{self._query}\n) as records"  # noqa: S608
                with _reader(connection, query) as reader:
                    for batch in numbered(cut(reader, self.name)):
                        row += batch.records.num_rows
                        yield batch
            except (pa.ArrowException, OSError):
                raise self._lost(row) from None

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        try:
            from adbc_driver_manager import Error
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise DataError(
                "PostgreSQL needs the extra 'postgres': pip install openmined[postgres]"
            ) from None
        try:
            with dbapi.connect(self._connection) as connection:
                with connection.cursor() as cursor:
                    cursor.execute("set transaction isolation level repeatable read, read only")
                yield connection
                connection.rollback()
        except Error as error:
            # The library's own words may hold the connection, so only the SQL state is shown.
            state = getattr(error, "sqlstate", None)
            why = _meaning(state) if state else _UNREACHABLE
            raise DataError(f"{self.name}: PostgreSQL refuses or went away ({why})") from None

    def _lost(self, row: int) -> DataError:
        return DataError(f"{self.name}: the server went away after row {row}; it is read again later")


@contextmanager
def _reader(connection: Connection, query: str) -> Iterator[pa.RecordBatchReader]:
    """The stream ends with its cursor, so that is kept as long."""
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": _BATCH_BYTES})
        cursor.execute(query)
        yield cursor.fetch_record_batch()


def _meaning(state: str) -> str:
    known = {
        "42P01": "there is no such table",
        "42703": "there is no such column",
        "42601": "the query is not SQL",
        "42501": "this user may not read it",
        "28P01": "wrong password",
        "28000": "this user may not connect",
        "3D000": "there is no such database",
        "25006": "the query writes; only reading is allowed",
    }
    return f"SQL state {state}: {known[state]}" if state in known else f"SQL state {state}"


_UNREACHABLE = "no answer; see that it runs, and that the connection names its host, port and database"


class PostgresAdapter:
    """A table or query of a PostgreSQL database, opened read-only (extra "postgres")."""

    kind: ClassVar[str] = "postgres"
    live: ClassVar[bool] = True
    options: ClassVar[Mapping[str, str]] = {
        **OPTIONS,
        "table": "the table, or",
        "query": "a SELECT that gives the records",
    }

    def takes(self, location: str) -> bool:
        """postgresql:NAME."""
        return location.startswith(("postgresql:", "postgres:"))

    def source(self, location: str, options: Mapping[str, str]) -> PostgresTable:
        """The records. DataError: no connection or no table is named."""
        refuse_secret(location, scheme="postgresql")
        connection = connection_of(
            options, what=location, example="postgresql://user:password@host:5432/database"
        )
        return PostgresTable(location, connection, query_of(options, what=location))
