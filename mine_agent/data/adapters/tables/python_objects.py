"""Anything in Python with `__arrow_c_stream__`: frames of pandas and Polars, relations of DuckDB.

Registered by the name of a function of the owner's own that makes one: `python:package.module:function`. The
function is called for each reading and decides what is streamed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

import pyarrow as pa

from mine_agent.errors import DataError
from pysonar.tables.source import BATCH_ROWS, Batch, digest_of_batches, numbered, require_columns


@runtime_checkable
class ArrowStream(Protocol):
    """The PyCapsule interface of Arrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A stream of batches."""
        ...


class StreamSource:
    """Records of an object that `make` gives anew for each reading."""

    def __init__(self, make: Callable[[], ArrowStream], name: str = "the records") -> None:
        self._make, self.name = make, name

    def columns(self) -> list[str]:
        """Of the stream's schema."""
        return list(self._reader().schema.names)

    def remarks(self) -> list[str]:
        """What kind of object it is."""
        made = self._made()
        return [f"{type(made).__module__}.{type(made).__qualname__}"]

    def digest(self) -> bytes:
        """Of names, types and values."""
        reader = self._reader()
        return digest_of_batches(reader.schema, reader)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The stream's batches, the long ones cut."""
        reader = self._reader()
        require_columns(columns, list(reader.schema.names), self.name)
        try:
            yield from numbered(_cut(reader, columns))
        except pa.ArrowException:
            raise DataError(f"{self.name}: its stream of batches broke off") from None

    def _reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_stream(self._made())

    def _made(self) -> ArrowStream:
        try:
            made = self._make()
        except Exception as error:
            raise DataError(f"{self.name}: the function failed ({type(error).__name__})") from error
        if not isinstance(made, ArrowStream):
            raise DataError(
                f"{self.name}: a {type(made).__name__} has no __arrow_c_stream__; expected for instance a"
                " pandas or Polars frame, or an Arrow table"
            )
        return made


def _cut(reader: pa.RecordBatchReader, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        for first in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(first, BATCH_ROWS).select(list(columns))


class PythonAdapter:
    """What a Python function of yours returns, if it has __arrow_c_stream__."""

    kind: ClassVar[str] = "python"
    live: ClassVar[bool] = True
    options: ClassVar[Mapping[str, str]] = {}

    def takes(self, location: str) -> bool:
        """python:module:function."""
        return location.startswith("python:")

    def source(self, location: str, options: Mapping[str, str]) -> StreamSource:  # noqa: ARG002
        """What the function gives. DataError: there is none of that name."""
        module, _, function = location.removeprefix("python:").partition(":")
        try:
            make = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError, ValueError):
            raise DataError(
                f"{location}: no such function; expected python:package.module:function"
            ) from None
        if not callable(make):
            raise DataError(f"{location}: not a function")
        return StreamSource(make, location)
