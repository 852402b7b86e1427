"""Files of separated values: one reader, for the scientist's records and the mines' alike.

Strict where leniency would lose records: a quote that is never closed, or text after a closing quote, is
refused with its row. Lenient where nothing can be lost: encoding and separator are recognised, spaces around
names are cut, and what is wrong with columns that nobody asked for does not matter. Rows are read in batches;
cells that are not wanted are dropped at once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.dialect import SEPARATORS, Dialect, dialect_of, records_of
from pysonar.tables.source import Batch, Fault, require_columns
from pysonar.tables.text_files import encoding_of, lines_of, open_binary, said

LONGEST_CELL = 1 << 25  # characters
BATCH_ROWS = 16_384
BATCH_CHARACTERS = 1 << 25
_TOTALS = ("total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "subtotal")


class CsvFile:
    """One file of separated values.

    Args:
        path: the file; or `content`, its bytes, with `name` to call them by.
        encoding, separator: the owner's word where what is recognised is wrong.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        content: bytes | None = None,
        name: str | None = None,
        encoding: str | None = None,
        separator: str | None = None,
    ) -> None:
        self._path, self._content = path, content
        self.name = name or str(path)
        self._given_encoding, self._given_separator = encoding, separator
        if separator is not None and separator not in SEPARATORS:
            known = ", ".join(SEPARATORS.values())
            raise FileFormatError(f"{separator!r} is not a separator that is known; one of {known}")

    def columns(self) -> list[str]:
        """The names in the header, spaces around them cut; a column without a name is called by its place."""
        return list(self._header[0])

    def remarks(self) -> list[str]:
        """Encoding, separator, and what is above the header or odd in it."""
        dialect = self._dialect
        found = [f"{said(self._encoding)}, separated by {SEPARATORS[dialect.separator]}"]
        if dialect.marked:
            found.append("a sep= line on top")
        if dialect.comments:
            found.append(f"{dialect.comments} comment lines on top")
        return found + self._header[1]

    def digest(self) -> bytes:
        """SHA-256 of the file's bytes."""
        digest = hashlib.sha256()
        with self._open() as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.digest()

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The records as texts."""
        require_columns(columns, self._header[0], self.name)
        by_name = {name: place for place, name in enumerate(self._header[0])}
        places = [by_name[name] for name in columns]
        pick: Callable[[list[str]], Sequence[str]]
        if len(places) == 1:
            pick = lambda cells: (cells[places[0]],)  # noqa: E731
        else:
            pick = itemgetter(*places) if places else lambda _: ()
        kinds = pa.schema([pa.field(name, pa.string()) for name in columns])
        collected = _Collected(kinds)
        rows = self._rows()
        next(rows)  # the header
        held: tuple[int, list[str]] | None = None
        for row, cells in rows:
            if held is not None:
                self._take(held, collected, pick)
                if collected.full:
                    yield collected.batch()
            held = (row, cells)
        if held is not None:
            if _is_total(held[1]) and len(collected):
                collected.left_out["total row at the end"] += 1
            else:
                self._take(held, collected, pick)
        yield collected.batch()

    def _take(
        self, record: tuple[int, list[str]], into: _Collected, pick: Callable[[list[str]], Sequence[str]]
    ) -> None:
        row, cells = record
        width, needed = self._widths
        if len(cells) != width:
            if not any(cell.strip() for cell in cells):
                into.left_out["blank row"] += 1
                return
            if len(cells) < needed or any(cell.strip() for cell in cells[width:]):
                if self._dialect.comments and cells[0].lstrip().startswith("#"):
                    into.left_out["comment"] += 1
                else:
                    into.faults.append(Fault(row, f"has {len(cells)} cells; {width} are expected"))
                return
            cells = cells + [""] * (width - len(cells))
        elif not any(cells) or not "".join(cells).strip():
            into.left_out["blank row"] += 1
            return
        into.add(row, pick(cells))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The records with their rows as a spreadsheet counts them, the header first; blank lines left out.

        Raises FileFormatError: a quote is not closed, or there is text after one.
        """
        dialect = self._dialect
        _allow_long_cells()
        with self._open() as file:
            lines = lines_of(file, self._encoding, self.name)
            for _ in range(dialect.above):
                next(lines)
            reader = records_of(lines, dialect.separator)
            row = dialect.above
            while True:
                row += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise FileFormatError(f"{self.name}: row {row}: {_quote_trouble(error)}") from None
                if cells and (len(cells) > 1 or cells[0].strip(" \t\0\x1a")):
                    yield row, cells

    @cached_property
    def _encoding(self) -> str:
        if self._given_encoding is not None:
            try:
                "".encode(self._given_encoding)
            except LookupError:
                raise FileFormatError(
                    f"{self._given_encoding!r} is not an encoding that is known; for instance utf-8 or cp1252"
                ) from None
            return self._given_encoding
        with self._open() as file:
            return encoding_of(file, self.name)

    @cached_property
    def _dialect(self) -> Dialect:
        with self._open() as file:
            return dialect_of(lines_of(file, self._encoding, self.name), self._given_separator)

    @cached_property
    def _header(self) -> tuple[list[str], list[str]]:
        """The columns' names, and what is odd about them."""
        first = next(self._rows(), None)
        if first is None:
            raise FileFormatError(f"{self.name}: the file is empty; a header line is expected")
        row, cells = first
        names = [unicodedata.normalize("NFC", cell.strip().strip("\ufeff")) for cell in cells]
        if not any(names):
            raise FileFormatError(f"{self.name}: row {row}: no column has a name; a header line is expected")
        if len(names) == 1 and not names[0].isprintable():
            raise FileFormatError(f"{self.name}: row {row}: not a header line of text")
        remarks = []
        padded = sum(name != cell for name, cell in zip(names, cells, strict=True))
        if padded:
            remarks.append(f"spaces around {padded} names are cut")
        unnamed = [place for place, name in enumerate(names, start=1) if not name]
        if unnamed:
            remarks.append(f"{len(unnamed)} columns have no name (column {unnamed[0]} first)")
        twice = [name for name, times in Counter(names).items() if name and times > 1]
        if twice:
            remarks.append(f"{len(twice)} names appear more than once ({twice[0]!r} first)")
        if all(_is_number(name) for name in names if name):
            remarks.append("the first row has only numbers: is it a header at all?")
        return [name or f"(column {place})" for place, name in enumerate(names, start=1)], remarks

    @cached_property
    def _widths(self) -> tuple[int, int]:
        """Cells of the header, and up to the last that has a name."""
        names = self._header[0]
        named = [place for place, name in enumerate(names, start=1) if name != f"(column {place})"]
        return len(names), max(named)

    def _open(self) -> BinaryIO:
        return io.BytesIO(self._content) if self._path is None else open_binary(self._path)  # type: ignore[arg-type]


class _Collected:
    """Records on their way into a batch."""

    def __init__(self, kinds: pa.Schema) -> None:
        self._kinds = kinds
        self._rows: list[int] = []
        self._cells: list[Sequence[str]] = []
        self._characters = 0
        self._all = 0
        self.faults: list[Fault] = []
        self.left_out: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._all

    def add(self, row: int, cells: Sequence[str]) -> None:
        self._rows.append(row)
        self._cells.append(cells)
        self._characters += sum(map(len, cells))
        self._all += 1

    @property
    def full(self) -> bool:
        return len(self._rows) >= BATCH_ROWS or self._characters >= BATCH_CHARACTERS

    def batch(self) -> Batch:
        columns = zip(*self._cells, strict=True) if self._cells else ([] for _ in self._kinds)
        arrays = [pa.array(column, pa.string()) for column in columns]
        records = pa.RecordBatch.from_arrays(arrays, schema=self._kinds)
        made = Batch(records, self._rows, self.faults, self.left_out)
        self._rows, self._cells, self._characters = [], [], 0
        self.faults, self.left_out = [], Counter()
        return made


def _allow_long_cells() -> None:
    """The limit is the process's own; 131,072 characters are fewer than people's longest cells have."""
    if csv.field_size_limit() < LONGEST_CELL:
        csv.field_size_limit(LONGEST_CELL)


def _quote_trouble(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "a quote is opened and never closed; close it, or write it twice inside quotes"
    if "field larger" in text:
        return f"a cell is longer than {LONGEST_CELL} characters: a quote may be opened and not closed there"
    return "text follows a closing quote; inside quotes a quote is written twice"


def _is_total(cells: Sequence[str]) -> bool:
    first = next((cell for cell in cells if cell.strip()), "")
    return first.strip().rstrip(":").casefold() in _TOTALS and len(cells) > 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
