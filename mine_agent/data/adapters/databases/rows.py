"""Rows of a database in batches bounded in rows and in bytes: a table of long texts fills no memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mine_agent.errors import DataError
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
