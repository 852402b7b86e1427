"""JSON lines: an object on each line, its keys the columns. A key that a line lacks is a gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from mine_agent.data.adapters.strangers_json import parse_strangers_json
from mine_agent.data.adapters.tables.files import digest_of_file
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.mixed import array_of, well_formed
from pysonar.tables.source import Batch, Fault, require_columns
from pysonar.tables.text_files import LONGEST_LINE, open_binary

_ROWS = 16_384
_BYTES = 1 << 25


class JsonLines:
    """One file. Lines that are not objects are faults; numbers, texts and booleans keep their type, also
    where a column has several.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        self._columns: list[str] | None = None

    def columns(self) -> list[str]:
        """The keys of all lines, in the order in which they first appear."""
        if self._columns is None:
            names: dict[str, None] = {}
            for _, record, _ in self._lines():
                if isinstance(record, dict):
                    names.update(dict.fromkeys(name for name in record if well_formed(name) == name))
            if not names:
                raise FileFormatError(f"{self.name}: no line is a JSON object; one on each line is expected")
            self._columns = list(names)
        return list(self._columns)

    def remarks(self) -> list[str]:
        """That it is JSON lines."""
        return ["JSON lines"]

    def digest(self) -> bytes:
        """SHA-256 of the file's bytes."""
        return digest_of_file(self._path)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The lines' values."""
        require_columns(columns, self.columns(), self.name)
        rows: list[int] = []
        values: list[list[Any]] = [[] for _ in columns]
        faults: list[Fault] = []
        size = 0
        for row, record, length in self._lines():
            size += length
            if not isinstance(record, dict):
                faults.append(Fault(row, "is not a JSON object"))
                continue
            rows.append(row)
            for name, column in zip(columns, values, strict=True):
                column.append(record.get(name))
            if len(rows) >= _ROWS or size >= _BYTES:
                yield _batch(columns, values, rows, faults)
                rows, values, faults, size = [], [[] for _ in columns], [], 0
        yield _batch(columns, values, rows, faults)

    def _lines(self) -> Iterator[tuple[int, object, int]]:
        """Line numbers, what is on the lines (None for what is not JSON), and bytes. Blank lines are passed
        over.
        """
        with open_binary(self._path) as file:
            row = 0
            while line := file.readline(LONGEST_LINE + 1):
                row += 1
                if len(line) > LONGEST_LINE:
                    raise FileFormatError(f"{self.name}: line {row} is longer than {LONGEST_LINE} bytes")
                text = line.removeprefix(b"\xef\xbb\xbf") if row == 1 else line
                if not text.strip():
                    continue
                try:
                    yield row, parse_strangers_json(text), len(line)
                except ValueError:
                    yield row, None, len(line)


def _batch(columns: Sequence[str], values: list[list[Any]], rows: list[int], faults: list[Fault]) -> Batch:
    arrays = [array_of(column) for column in values]
    return Batch(pa.RecordBatch.from_arrays(arrays, names=list(columns)), rows, faults)


class JsonLinesAdapter:
    """Files with one JSON object on each line."""

    kind: ClassVar[str] = "jsonl"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """By the file's ending."""
        return location.lower().endswith((".jsonl", ".ndjson"))

    def source(self, location: str, options: Mapping[str, str]) -> JsonLines:  # noqa: ARG002
        """The file at a path."""
        return JsonLines(Path(location))
