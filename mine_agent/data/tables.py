"""First look at a CSV file: is it a table at all, and what kind of values does each column hold?

A table has a header of distinct, non-empty names and rows of exactly that many cells, in UTF-8, separated
by commas (RFC 4180). Rows are counted as a spreadsheet shows them: the header is row 1. What a column must
hold for a campaign is for the campaign's schema to say (see `pysonar.protocol.schema`); here nothing is
refused for its kind.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

from mine_agent.errors import BadTableError

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Column:
    """A column's name, kind ("integer", "number", "text" or "empty") and number of cells without a value.

    `first_text_row` is the first row with a value that is no finite number, in a column that has numbers,
    too: the owner sees at once where a typing error sits.
    """

    name: str
    kind: str
    empty_cells: int
    first_text_row: int | None = None


def describe_table(content: bytes, *, file: str) -> tuple[int, tuple[Column, ...]]:
    """Number of rows (without the header) and columns of the CSV in `content`. Raises BadTableError."""
    rows = _rows(content, file)
    first = next(rows, None)
    if first is None:
        raise BadTableError(file, "the file is empty; the first row must hold the columns' names")
    header = first[1]
    _check_header(header, file)
    tallies = [_Tally() for _ in header]
    count = 0
    for number, row in rows:
        count += 1
        if len(row) != len(header):
            raise BadTableError(file, f"has {len(row)} cells; the header has {len(header)}", row=number)
        for tally, cell in zip(tallies, row, strict=True):
            tally.add(cell, number)
    if not count:
        raise BadTableError(file, "there is no row under the header", row=first[0])
    return count, tuple(tally.column(name) for name, tally in zip(header, tallies, strict=True))


def _rows(content: bytes, file: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise BadTableError(file, "is not UTF-8 text; save the table as CSV in UTF-8", row=row) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise BadTableError(
                file, "a quoted cell is not closed, or a cell is too long or holds a NUL", row=number
            ) from None
        if cells:  # a line with nothing on it is no row
            yield number, cells


def _check_header(header: list[str], file: str) -> None:
    seen: set[str] = set()
    for position, name in enumerate(header, start=1):
        if not name.strip():
            raise BadTableError(file, f"column {position} has no name", row=1)
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise BadTableError(
                file,
                f"column {position}: its name is not printable or longer than {_LONGEST_NAME}",
                row=1,
            )
        if name in seen:
            raise BadTableError(file, "two columns have this name", row=1, column=name)
        seen.add(name)


class _Tally:
    """What was seen of one column so far."""

    def __init__(self) -> None:
        self._integers = self._numbers = self._empty = 0
        self._first_text: int | None = None

    def add(self, cell: str, row: int) -> None:
        value = cell.strip()
        if not value:
            self._empty += 1
        elif _is_integer(value):
            self._integers += 1
        elif _is_number(value):
            self._numbers += 1
        elif self._first_text is None:
            self._first_text = row

    def column(self, name: str) -> Column:
        numeric = self._integers + self._numbers
        if self._first_text is not None:
            return Column(name, "text", self._empty, self._first_text if numeric else None)
        kind = "number" if self._numbers else "integer" if self._integers else "empty"
        return Column(name, kind, self._empty)


def _is_integer(value: str) -> bool:
    return value.removeprefix("-").removeprefix("+").isdecimal() and value.isascii()


def _is_number(value: str) -> bool:
    try:
        return value.isascii() and "_" not in value and math.isfinite(float(value))
    except ValueError:
        return False
