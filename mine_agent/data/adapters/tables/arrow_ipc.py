"""Arrow IPC files, also called Feather, and streams, as pandas, Polars and DuckDB write them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.ipc

from mine_agent.data.adapters.tables.arrow_sizes import sizes_of_batches
from mine_agent.data.adapters.tables.files import digest_of_file, starts_with
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.cutting import cut
from pysonar.tables.source import Batch, numbered, require_columns
from pysonar.tables.text_files import open_binary

_FILE = b"ARROW1"
LARGEST_BATCH = 1 << 29  # bytes: a batch is loaded in one piece


class ArrowFile:
    """One file, in either of the two layouts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name

    def columns(self) -> list[str]:
        """Of the schema at its beginning."""
        with self._open() as (schema, _):
            return list(schema.names)

    def remarks(self) -> list[str]:
        """Which of the two layouts it has."""
        return ["Arrow file" if starts_with(str(self._path), _FILE) else "Arrow stream"]

    def digest(self) -> bytes:
        """SHA-256 of the file's bytes."""
        return digest_of_file(self._path)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The batches in it, the long and the wide ones cut; of other columns nothing is read.

        Raises:
            FileFormatError: damaged, or a batch is too large to be loaded.
        """
        require_columns(columns, self.columns(), self.name)
        row = 0
        try:
            with self._open(columns) as (_, batches):
                for batch in numbered(cut(batches, self.name, columns)):
                    row += batch.records.num_rows
                    yield batch
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{self.name}: damaged after row {row}; write the file anew") from None

    @contextmanager
    def _open(
        self, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        """The schema, and the batches with `columns` only."""
        open_binary(self._path).close()
        # Read, not mapped into memory: a mapped file that somebody shortens meanwhile ends the process.
        with pa.OSFile(str(self._path)) as file:
            try:
                opened = self._opened(file, None)
                if columns is not None:
                    self._require_small()
                    places = [opened[0].get_field_index(name) for name in columns]
                    file.seek(0)
                    opened = self._opened(file, pa.ipc.IpcReadOptions(included_fields=places))
            except (pa.ArrowException, OSError):
                raise FileFormatError(f"{self.name}: not an Arrow file, or a damaged one") from None
            yield opened

    def _opened(
        self, file: pa.NativeFile, options: pa.ipc.IpcReadOptions | None
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        if starts_with(str(self._path), _FILE):
            reader = pa.ipc.open_file(file, options=options)
            return reader.schema, (reader.get_batch(at) for at in range(reader.num_record_batches))
        stream = pa.ipc.open_stream(file, options=options)
        return stream.schema, iter(stream)

    def _require_small(self) -> None:
        """Raises FileFormatError for a batch that is loaded in one piece and too large for that."""
        with open_binary(self._path) as file:
            try:
                largest = max(sizes_of_batches(file, start=_start(self._path)), default=0)
            except (ValueError, struct.error):
                raise FileFormatError(f"{self.name}: damaged; write the file anew") from None
        if largest > LARGEST_BATCH:
            raise FileFormatError(
                f"{self.name}: a record batch of {largest} bytes; at most {LARGEST_BATCH} are loaded at once."
                " Write the file in smaller ones: write_table(table, max_chunksize=65536) of pyarrow,"
                " write_ipc(..., record_batch_size=65536) of Polars"
            )


def _start(path: Path) -> int:
    return 8 if starts_with(str(path), _FILE) else 0


class ArrowAdapter:
    """Arrow IPC files and streams (also called Feather)."""

    kind: ClassVar[str] = "arrow"
    live: ClassVar[bool] = False
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """By the file's ending or its first bytes."""
        endings = (".arrow", ".arrows", ".feather", ".ipc")
        return location.lower().endswith(endings) or starts_with(location, _FILE)

    def source(self, location: str, options: Mapping[str, str]) -> ArrowFile:  # noqa: ARG002
        """The file at a path."""
        return ArrowFile(Path(location))
