"""Records with a text and some values beside it, gathered into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pysonar.tables.mixed import array_of
from pysonar.tables.source import Batch, Fault, require_columns

_ROWS = 1024
_CHARACTERS = 1 << 24


@dataclass(frozen=True)
class Document:
    """`values` by column; `text` is what `characters` and `words` count."""

    values: Mapping[str, Any]
    text: str

    def value(self, column: str) -> Any:
        """The record's value of a column."""
        if column == "characters":
            return len(self.text)
        return len(self.text.split()) if column == "words" else self.values.get(column)


def batches_of(
    documents: Iterator[Document | str], columns: Sequence[str], there: Sequence[str], source: str
) -> Iterator[Batch]:
    """The documents in batches; a text instead of one says what is wrong with it."""
    require_columns(columns, there, source)
    values: list[list[Any]] = [[] for _ in columns]
    rows: list[int] = []
    faults: list[Fault] = []
    characters = 0
    for row, document in enumerate(documents, start=1):
        if isinstance(document, str):
            faults.append(Fault(row, document))
            continue
        for name, column in zip(columns, values, strict=True):
            column.append(document.value(name))
        rows.append(row)
        characters += len(document.text)
        if len(rows) >= _ROWS or characters >= _CHARACTERS:
            yield _batch(columns, values, rows, faults)
            values, rows, faults, characters = [[] for _ in columns], [], [], 0
    yield _batch(columns, values, rows, faults)


def _batch(columns: Sequence[str], values: list[list[Any]], rows: list[int], faults: list[Fault]) -> Batch:
    arrays = [array_of(column) for column in values]
    return Batch(pa.RecordBatch.from_arrays(arrays, names=list(columns)), rows, faults)
