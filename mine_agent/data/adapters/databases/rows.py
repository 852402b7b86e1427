"""Rows of a database in batches bounded in rows and in bytes: a table of long texts fills no memory."""

from __future__ import annotations

import hashlib
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
        digest = hashlib.sha256(repr(self.columns()).encode())
        for rows in self.rows():
            for row in rows:
                digest.update(repr(row).encode("utf-8", "surrogatepass"))
        return digest.digest()

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
