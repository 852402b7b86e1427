"""Cuts Arrow batches into ones bounded in rows and in bytes, so that neither many rows nor wide ones fill the
memory of whoever reads them.

A row is as wide as its cells are once they are decoded: a dictionary of one long text takes no room, and as
much as a library once each of its rows is written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pysonar.protocol.schema.errors import FileFormatError
from pysonar.tables.source import BATCH_ROWS
from pysonar.tables.text_files import LONGEST_LINE

MOST_BYTES = 1 << 25


def cut(
    batches: Iterable[pa.RecordBatch], source: str, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The batches' rows, in batches of at most `BATCH_ROWS` rows and `MOST_BYTES`, or of one row.

    Args:
        columns: those wanted, in their order; None for all.

    Raises:
        FileFormatError: a row takes more than `LONGEST_LINE` bytes, names it; offsets lead anywhere, or texts
            are not UTF-8, names the column.
    """
    row = 0
    for batch in batches:
        wanted = _sound(batch if columns is None else batch.select(list(columns)), source, row)
        for first in range(0, wanted.num_rows, BATCH_ROWS):
            for part in _by_bytes(wanted.slice(first, BATCH_ROWS), source, row):
                row += part.num_rows
                yield part


def _sound(batch: pa.RecordBatch, source: str, before: int) -> pa.RecordBatch:
    """The batch, if its cells are what its types say; runs of equal cells as places in a dictionary, as few
    of pyarrow's functions take runs.
    """
    for field, column in zip(batch.schema, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowException:
            raise FileFormatError(
                f"{source}: column {field.name!r} is damaged after row {before}, or has texts that are not"
                " UTF-8; write it anew"
            ) from None
    if not any(pa.types.is_run_end_encoded(kind) for kind in batch.schema.types):
        return batch
    return pa.RecordBatch.from_arrays([_places(column) for column in batch.columns], batch.schema.names)


def _places(column: pa.Array) -> pa.Array:
    if not pa.types.is_run_end_encoded(column.type):
        return column
    places = pa.RunEndEncodedArray.from_arrays(column.run_ends, pa.array(range(len(column.values))))
    each = pc.run_end_decode(places).slice(column.offset, len(column))
    return pa.DictionaryArray.from_arrays(each, column.values)


def _by_bytes(batch: pa.RecordBatch, source: str, before: int) -> Iterator[pa.RecordBatch]:
    if not batch.num_columns:
        yield batch
        return
    widths = sum(widths_of(column) for column in batch.columns)
    assert isinstance(widths, np.ndarray)  # noqa: S101 - a column at least
    ends = np.cumsum(widths)
    if len(ends) and ends[-1] <= MOST_BYTES:
        yield batch
        return
    first = 0
    while first < batch.num_rows:
        before_it = ends[first - 1] if first else 0.0
        last = max(int(np.searchsorted(ends, before_it + MOST_BYTES, side="right")), first + 1)
        if widths[first] > LONGEST_LINE:
            raise FileFormatError(
                f"{source}: row {before + first + 1} is longer than {LONGEST_LINE} bytes; leave its long"
                " column out of the table"
            )
        yield batch.slice(first, last - first)
        first = last


def widths_of(column: pa.Array) -> NDArray[np.float64]:
    """Bytes of each cell, written out; the same share of the whole for each where a type says no more."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return widths_of(column.storage)
    if pa.types.is_dictionary(kind):
        places = pc.fill_null(column.indices.cast(pa.int64()), len(column.dictionary))
        each = np.append(widths_of(column.dictionary), 0.0)  # the last one for gaps
        cells: NDArray[np.float64] = each[places.to_numpy(zero_copy_only=False)]
        return cells
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return _lengths_of_views(column)
    if _is_long(kind):
        lengths = pc.fill_null(pc.binary_length(column), 0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.float64)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        total = max(float(lengths.sum()), 1.0)
        return np.asarray(lengths, dtype=np.float64) * (float(widths_of(column.flatten()).sum()) / total)
    return np.full(len(column), column.nbytes / max(len(column), 1))


def _is_long(kind: pa.DataType) -> bool:
    types = pa.types
    longs = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(is_one(kind) for is_one in longs)


def _lengths_of_views(column: pa.Array) -> NDArray[np.float64]:
    """Each view is 16 bytes, its length the first four of them (Arrow's columnar format); pyarrow's own
    kernel for lengths does not take views. A gap's length says nothing.
    """
    lengths = np.frombuffer(column.buffers()[1], dtype="<i4")[::4][
        column.offset : column.offset + len(column)
    ]
    there = column.is_valid().to_numpy(zero_copy_only=False)
    return np.where(there, lengths, 0).astype(np.float64)
