"""Comma-separated files of records, read by Arrow; what is wrong with one is said by row, column and value.

UTF-8, a header line with the column names, commas. Only the columns asked for are read.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from pysonar.protocol.schema.errors import FileFormatError, MissingColumnError

MAX_FILE_BYTES = 4 * 1024**3
_PIECE = 1 << 20


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        FileFormatError: missing, a directory, not readable, or larger than `MAX_FILE_BYTES`.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise FileFormatError(f"{path}: {size} bytes; at most {MAX_FILE_BYTES} are read")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileFormatError(f"{path}: no such file") from None
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror})") from None


def column_names(content: bytes, name: str) -> list[str]:
    """The names in the header line. Raises FileFormatError."""
    try:
        header = next(csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")))
    except StopIteration:
        raise FileFormatError(f"{name}: the file is empty; a header line is expected") from None
    except (UnicodeDecodeError, csv.Error):
        raise FileFormatError(f"{name}: the first line is not a header line of UTF-8 text") from None
    if not any(header):
        raise FileFormatError(f"{name}: the first line is empty; a header line is expected")
    return header


def read_texts(content: bytes, wanted: Sequence[str], *, name: str) -> pa.Table:
    """The wanted columns as texts, empty cells as gaps.

    Args:
        name: what to call the file in errors.

    Raises:
        FileFormatError: not such a file, a wanted column twice, or no record in it.
        MissingColumnError: a wanted column is not there.
    """
    _require_utf8(content, name)
    header = column_names(content, name)
    missing = [column for column in wanted if column not in header]
    if missing:
        raise MissingColumnError(missing, f"{name} (which has {_listed(header)})")
    for column in wanted:
        if header.count(column) > 1:
            raise FileFormatError(f"{name}: column {column!r} is there {header.count(column)} times")
    bad_rows: list[tuple[int | None, int, int]] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        bad_rows.append((row.number, row.expected_columns, row.actual_columns))
        return "error"

    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(content),
            # One thread: only then does Arrow know the number of a bad row.
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=note, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(wanted),
                column_types={column: pa.string() for column in wanted},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowException, ValueError):
        if bad_rows:
            number, expected, actual = bad_rows[0]
            where = "a row" if number is None else f"row {number}"
            raise FileFormatError(f"{name}: {where} has {actual} cells; {expected} are expected") from None
        raise FileFormatError(f"{name}: not a comma-separated file of UTF-8 text") from None
    if not table.num_rows:
        raise FileFormatError(f"{name}: no record follows the header line")
    return table


def _require_utf8(content: bytes, name: str) -> None:
    """Refuse other encodings before Arrow meets them: it says less about them, and only in some columns."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _PIECE):
        try:
            decoder.decode(content[start : start + _PIECE], final=start + _PIECE >= len(content))
        except UnicodeDecodeError:
            raise FileFormatError(f"{name}: not UTF-8 text (see the bytes from {start} on)") from None


def sheet_row(content: bytes, index: int) -> int:
    """The row, as a spreadsheet counts (the header is 1, empty lines count), of the record at `index`."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""))
    records = 0  # the header is the first
    try:
        for row, cells in enumerate(reader, start=1):
            records += bool(cells)
            if records == index + 2:
                return row
    except (csv.Error, UnicodeDecodeError):
        pass  # Arrow could read it, so the plain count is the best there is
    return index + 2


def _listed(header: list[str]) -> str:
    shown = ", ".join(name[:40] for name in header[:12])
    return shown if len(header) <= 12 else f"{shown}, ... {len(header)} columns"
