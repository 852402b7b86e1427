"""Parquet files, a batch of rows at a time: never a whole row group's columns that nobody wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from mine_agent.data.adapters.tables.files import digest_of_file, starts_with
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.source import BATCH_ROWS, Batch, numbered, require_columns
from pysonar.tables.text_files import open_binary


class ParquetFile:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name

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
        return digest_of_file(self._path)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The rows, in constant memory. FileFormatError: damaged, or encrypted."""
        require_columns(columns, self.columns(), self.name)
        row = 0
        try:
            with self._open() as file:
                # Not pyarrow.dataset, and no buffering ahead: both keep what was read (apache/arrow#39808).
                for batch in numbered(self._in_order(file, columns)):
                    row += batch.records.num_rows
                    yield batch
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{self.name}: damaged after row {row}; write the file anew") from None

    def _in_order(self, file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns), use_threads=False):
            yield batch.select(list(columns))

    def _open(self) -> pq.ParquetFile:
        open_binary(self._path).close()
        try:
            return pq.ParquetFile(self._path, pre_buffer=False)
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{self.name}: not a Parquet file, or one that is encrypted") from None


class ParquetAdapter:
    """Parquet files."""

    kind: ClassVar[str] = "parquet"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """By the file's ending or its first bytes."""
        return location.lower().endswith((".parquet", ".pq")) or starts_with(location, b"PAR1")

    def source(self, location: str, options: Mapping[str, str]) -> ParquetFile:  # noqa: ARG002
        """The file at a path."""
        return ParquetFile(Path(location))
