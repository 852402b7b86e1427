"""Rows of a database in batches bounded in rows and in bytes: a table of long texts fills no memory."""

from __future__ import annotations

import hashlib
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from mine_agent.errors import DataError
from pysonar.tables.mixed import array_of
from pysonar.tables.source import Batch, require_columns
from pysonar.tables.text_files import LONGEST_LINE

MOST_ROWS = 16_384
MOST_BYTES = 1 << 25

Row = tuple[Any, ...]


def row_batches(rows: Iterable[Row], source: str) -> Iterator[list[Row]]:
    """The rows in lists of at most `MOST_ROWS`, which are cut earlier where texts come to `MOST_BYTES`.

    Raises:
        DataError: a row's texts are longer than `LONGEST_LINE`; names the row.
    """
    batch: list[Row] = []
    size = 0
    for number, row in enumerate(rows, start=1):
        length = sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if length > LONGEST_LINE:
            raise DataError(
                f"{source}: row {number} is longer than {LONGEST_LINE} characters; leave the long column out,"
                " with a SELECT that names the others (--set query='select ...')"
            )
        batch.append(row)
        size += length
        if len(batch) >= MOST_ROWS or size >= MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def digest_of_rows(columns: list[str], batches: Iterable[list[Row]]) -> bytes:
    """SHA-256 of the columns' names and the rows, in their order (docs/protocol.md, section 9). Not of what
    Python's `repr` makes of them: which characters it writes as they are differs between its versions.
    """
    digest = hashlib.sha256(b"openmined/rows/1\0" + _bytes_of(columns))
    for rows in batches:
        digest.update(b"".join(map(_bytes_of, rows)))
    return digest.digest()


def _bytes_of(row: Iterable[Any]) -> bytes:
    return b"".join(map(_value, row)) + b"\n"


def _value(value: Any) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"i%d;" % value
    if isinstance(value, float):
        return b"d" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return b"b%d;" % len(value) + value
    kind, text = (b"s", value) if isinstance(value, str) else (b"o", str(value))
    raw = text.encode("utf-8", "surrogatepass")
    return b"%s%d;" % (kind, len(raw)) + raw


class SelectedRows(ABC):
    """The records of one SELECT, for any database that gives its rows one after another."""

    name: str

    @abstractmethod
    def columns(self) -> list[str]:
        """The names that the SELECT gives."""

    @abstractmethod
    def rows(self) -> Iterator[list[Row]]:
        """All rows, as of `row_batches`, in one read transaction."""

    def digest(self) -> bytes:
        """SHA-256 of the SELECT's rows, in their order: other tables may change meanwhile."""
        return digest_of_rows(self.columns(), self.rows())

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The rows, numbered from 1."""
        there = self.columns()
        require_columns(columns, there, self.name)
        places = [there.index(name) for name in columns]
        first = 1
        for rows in self.rows():
            arrays = [array_of([row[place] for row in rows]) for place in places]
            records = pa.RecordBatch.from_arrays(arrays, names=list(columns))
            yield Batch(records, range(first, first + len(rows)))
            first += len(rows)
