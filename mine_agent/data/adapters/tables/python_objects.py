"""Anything in Python with `__arrow_c_stream__`: frames of pandas and Polars, relations of DuckDB.

Registered by the name of a function of the owner's own that makes one: `python:package.module:function`. The
function is called for each reading and decides what is streamed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, runtime_checkable

import pyarrow as pa

from mine_agent.errors import DataError
from pysonar.tables.cutting import cut
from pysonar.tables.mixed import array_of
from pysonar.tables.source import Batch, digest_of_batches, numbered, require_columns


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
        with self._reader() as reader:
            return list(reader.schema.names)

    def remarks(self) -> list[str]:
        """What kind of object it is."""
        made = self._made()
        return [f"{type(made).__module__}.{type(made).__qualname__}"]

    def digest(self) -> bytes:
        """Of names, types and values."""
        with self._reader() as reader:
            return digest_of_batches(reader.schema, cut(reader, self.name))

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The stream's batches, the long and the wide ones cut."""
        with self._reader() as reader:
            require_columns(columns, list(reader.schema.names), self.name)
            yield from numbered(cut(reader, self.name, columns))

    @contextmanager
    def _reader(self) -> Iterator[pa.RecordBatchReader]:
        made = self._made()
        try:
            reader = pa.RecordBatchReader.from_stream(made)
        except Exception as error:  # noqa: BLE001 - the stream is code of the owner's, or of another library
            reader = self._by_column(made, error)
        try:
            yield reader
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{self.name}: its stream of batches broke off ({type(error).__name__})"
            ) from None

    def _by_column(self, made: ArrowStream, error: Exception) -> pa.RecordBatchReader:
        """A frame that cannot be handed over whole, column by column: one that has no type of Arrow's, as
        pandas' columns of several types and Polars' 128-bit numbers, is taken value by value.
        """
        names = list(getattr(made, "columns", ()))
        if not names or not hasattr(made, "__getitem__"):
            raise DataError(f"{self.name}: it cannot be read as a table ({type(error).__name__})") from None
        require_columns([str(name) for name in names], [str(name) for name in names], self.name)
        arrays = [self._column(made, name) for name in names]
        return pa.table(arrays, names=[str(name) for name in names]).to_reader()

    def _column(self, made: Any, name: Any) -> pa.ChunkedArray | pa.Array:
        try:
            return pa.RecordBatchReader.from_stream(made[[name]]).read_all().column(0)
        except Exception:  # noqa: BLE001 - see _reader
            try:
                return array_of(made[name].to_list())
            except Exception as error:  # noqa: BLE001
                raise DataError(
                    f"{self.name}: column {str(name)!r} cannot be read ({type(error).__name__}); leave it out"
                    " of what the function returns, or give it a plain type"
                ) from None

    def _made(self) -> ArrowStream:
        try:
            made = self._make()
        except Exception as error:
            raise DataError(f"{self.name}: the function failed ({type(error).__name__})") from error
        if not isinstance(made, ArrowStream):
            lazy = "; its frame is lazy: return the frame that collect() gives" * hasattr(made, "collect")
            raise DataError(
                f"{self.name}: a {type(made).__name__} has no __arrow_c_stream__; expected for instance a"
                f" pandas or Polars frame, a relation of DuckDB, or an Arrow table{lazy}"
            )
        return made


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
