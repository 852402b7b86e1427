"""Parquet files, a batch of rows at a time: never a whole row group's columns that nobody wants."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mine_agent.data.adapters.tables.files import digest_of_file
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.cutting import MOST_BYTES, cut
from pysonar.tables.source import BATCH_ROWS, Batch, numbered, require_columns
from pysonar.tables.text_files import open_binary

_TAIL = 8  # bytes at the end of a file: the footer's size, and what it is
_LEAST_BUFFER, _BUFFER = 1 << 12, 1 << 16  # bytes of a column that are read at a time
_WIDE = 1 << 27  # bytes of a row group, from which on fewer of its rows are read at a time
_DICTIONARY = 1 << 23  # bytes of a column of a row group beside eight for each place in its dictionary


class ParquetFile:
    """One file; with `group` only the rows of that row group, from 0. `name`: what to call it in messages."""

    def __init__(self, path: Path, group: int | None = None, *, name: str | None = None) -> None:
        self.path, self._group = path, group
        self.name = path.name if name is None else name

    def row_groups(self) -> list[int]:
        """How many rows each row group has. FileFormatError."""
        with self._open() as file:
            about = file.metadata
            return [about.row_group(group).num_rows for group in range(about.num_row_groups)]

    def footer_digest(self) -> bytes:
        """SHA-256 of the file's length and footer, which says where everything lies and how large it is: what
        tells two files apart without reading them. FileFormatError.
        """
        with open_binary(self.path) as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - _TAIL))
            size = int.from_bytes(file.read(4), "little")
            if not 0 < size <= length - _TAIL or file.read(4) != b"PAR1":
                raise FileFormatError(f"{self.name}: not a Parquet file, or one that is encrypted")
            file.seek(length - _TAIL - size)
            return hashlib.sha256(length.to_bytes(8, "big") + file.read(size)).digest()

    def columns(self) -> list[str]:
        """The columns at the top; nested ones are one column each."""
        with self._open() as file:
            return list(file.schema_arrow.names)

    def remarks(self) -> list[str]:
        """Rows and row groups."""
        with self._open() as file:
            about = file.metadata
            return [f"Parquet, {about.num_rows} rows in {about.num_row_groups} row groups"]

    def digest(self) -> bytes:
        """SHA-256 of the file's bytes."""
        return digest_of_file(self.path)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The rows, in constant memory. FileFormatError: damaged, or encrypted."""
        require_columns(columns, self.columns(), self.name)
        row = 0
        try:
            for batch in numbered(cut(self._in_parts(columns), self.name, columns)):
                row += batch.records.num_rows
                yield batch
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{self.name}: damaged after row {row}; write the file anew") from None

    def _in_parts(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows, so few at a time as are no wider than they may be on an average of their row group."""
        with self._open() as file:
            about, schema = file.metadata, file.schema_arrow
        texts = {name for name in columns if _is_text(schema.field(name).type)}
        numbers = range(about.num_row_groups) if self._group is None else [self._group]
        groups = [_Group.of(about.row_group(number), number, columns, texts) for number in numbers]
        for (rows, repeated), together in groupby(groups, key=attrgetter("rows_at_once", "repeated")):
            # Not pyarrow.dataset, and no buffering ahead: both keep what was read (apache/arrow#39808).
            with pq.ParquetFile(
                self.path,
                metadata=about,
                read_dictionary=list(repeated),
                pre_buffer=False,
                # Each column has one; without them its part of a row group is read in one piece.
                buffer_size=max(_LEAST_BUFFER, min(_BUFFER, MOST_BYTES // max(1, len(columns)))),
            ) as file:
                yield from file.iter_batches(
                    batch_size=rows,
                    row_groups=[group.number for group in together],
                    columns=list(columns),
                    use_threads=False,
                )

    def _open(self) -> pq.ParquetFile:
        open_binary(self.path).close()
        try:
            return pq.ParquetFile(self.path, pre_buffer=False)
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{self.name}: not a Parquet file, or one that is encrypted") from None


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


@dataclass(frozen=True)
class _Group:
    """How a row group is read.

    Attributes:
        rows_at_once: a power of two.
        repeated: columns of texts that are all in a dictionary. They are read as one: a long text that is
            there once and meant a million times would else be written out a million times.
    """

    number: int
    rows_at_once: int
    repeated: tuple[str, ...]

    @classmethod
    def of(cls, group: pq.RowGroupMetaData, number: int, columns: Sequence[str], texts: set[str]) -> _Group:
        wanted, size, repeated = set(columns), 0, []
        for place in range(group.num_columns):
            chunk = group.column(place)
            path = chunk.path_in_schema
            top = path if path in wanted else path.partition(".")[0]
            if top not in wanted:
                continue
            # Numbers count eight bytes each, whatever the file has packed them to.
            size += max(chunk.total_uncompressed_size, 8 * chunk.num_values)
            few = chunk.total_uncompressed_size <= _DICTIONARY + 8 * chunk.num_values
            if top in texts and chunk.has_dictionary_page and few:
                repeated.append(top)
        # Of long texts some are far longer than others, and may all lie together.
        target = MOST_BYTES // 2 if size <= _WIDE else MOST_BYTES // 32
        rows = max(target * group.num_rows // max(size, 1), 1)
        return cls(number, min(1 << (rows.bit_length() - 1), BATCH_ROWS), tuple(repeated))
