"""Arrow IPC files, also called Feather, and streams, as pandas, Polars and DuckDB write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.ipc

from mine_agent.data.adapters.tables.files import digest_of_file, starts_with
from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.source import BATCH_ROWS, Batch, numbered, require_columns
from pysonar.tables.text_files import open_binary

_FILE = b"ARROW1"


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
        """The batches in it, the long ones cut. FileFormatError: damaged."""
        require_columns(columns, self.columns(), self.name)
        row = 0
        try:
            with self._open() as (_, batches):
                for batch in numbered(_cut(batches, columns)):
                    row += batch.records.num_rows
                    yield batch
        except (pa.ArrowException, OSError):
            raise FileFormatError(f"{self.name}: damaged after row {row}; write the file anew") from None

    @contextmanager
    def _open(self) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        open_binary(self._path).close()
        # Read, not mapped into memory: a mapped file that somebody shortens meanwhile ends the process.
        with pa.OSFile(str(self._path)) as file:
            try:
                opened = self._opened(file)
            except (pa.ArrowException, OSError):
                raise FileFormatError(f"{self.name}: not an Arrow file, or a damaged one") from None
            yield opened

    def _opened(self, file: pa.NativeFile) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        if starts_with(str(self._path), _FILE):
            reader = pa.ipc.open_file(file)
            return reader.schema, (reader.get_batch(at) for at in range(reader.num_record_batches))
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)


def _cut(batches: Iterator[pa.RecordBatch], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        wanted = batch.select(list(columns))
        wanted.validate(full=True)  # offsets are as the file has them: a damaged one leads anywhere
        for first in range(0, wanted.num_rows, BATCH_ROWS):
            yield wanted.slice(first, BATCH_ROWS)


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
