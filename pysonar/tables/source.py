"""What every source of records looks like to its reader: columns by name, and batches of some of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from pysonar.protocol.schema.errors import FileFormatError, MissingColumnError

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Fault:
    """A record that cannot be read: its row, and what is wrong with it."""

    row: int
    problem: str


@dataclass
class Batch:
    """Some records of the wanted columns.

    Attributes:
        records: texts or typed values; a gap is a null or, in texts, what `understanding` takes for one.
        rows: what each record's row is called: in a file as a spreadsheet counts, else from 1.
        faults: records that could not be taken apart into cells; they are not in `records`.
        left_out: rows that hold no record (blank ones, comments, totals), by kind.
    """

    records: pa.RecordBatch
    rows: Sequence[int]
    faults: list[Fault] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class Source(Protocol):
    """A source of records. Reading it twice gives the same records, or raises."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    def columns(self) -> list[str]:
        """The columns' names, in order. SchemaError if it is not a table."""
        ...

    def remarks(self) -> list[str]:
        """What was understood of the source as a whole, for people: encoding, separator and the like."""
        ...

    def digest(self) -> bytes:
        """SHA-256 of all that decides the records; equal as long as they are."""
        ...

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The records in batches of bounded size, `columns` only, in that order.

        Raises:
            MissingColumnError, FileFormatError: a column is not there, or there twice; the source is damaged.
        """
        ...


def require_columns(wanted: Sequence[str], there: Sequence[str], source: str) -> None:
    """Raises MissingColumnError, with the nearest name where one is near, or FileFormatError for a name that
    two columns have.
    """
    counts = Counter(there)
    missing = [name for name in wanted if name not in counts]
    if missing:
        raise MissingColumnError(missing, f"{source} (which has {_listed(there)}{_near(missing, there)})")
    for name in wanted:
        if counts[name] > 1:
            at = ", ".join(str(place) for place, known in enumerate(there, start=1) if known == name)
            raise FileFormatError(
                f"{source}: column {name!r} appears {counts[name]} times (columns {at}); rename all but one"
            )


def _near(missing: Sequence[str], there: Sequence[str]) -> str:
    """Names that differ only in case, spaces or punctuation are named: such a difference is easily missed."""
    by_letters = {_letters(name): name for name in there}
    near = [
        f"{by_letters[_letters(name)]!r} is not {name!r}" for name in missing if _letters(name) in by_letters
    ]
    return f"; {', '.join(near[:3])}" if near else ""


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:12])
    return shown if len(names) <= 12 else f"{shown}, ... {len(names)} columns"


class TableSource:
    """An Arrow table, or anything that gives one stream of Arrow batches again and again, as a source."""

    def __init__(self, table: pa.Table, name: str = "the records") -> None:
        self._table, self.name = table, name

    def columns(self) -> list[str]:
        """The table's own."""
        return list(self._table.column_names)

    def remarks(self) -> list[str]:
        """None."""
        return []

    def digest(self) -> bytes:
        """Of the columns' names, types and values."""
        return digest_of_batches(self._table.schema, self._table.to_batches(BATCH_ROWS))

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """Slices of the table."""
        require_columns(columns, self.columns(), self.name)
        yield from numbered(self._table.select(list(columns)).to_batches(BATCH_ROWS))


def numbered(records: Iterator[pa.RecordBatch] | Sequence[pa.RecordBatch]) -> Iterator[Batch]:
    """Batches whose rows are counted from 1."""
    first = 1
    for batch in records:
        yield Batch(batch, range(first, first + batch.num_rows))
        first += batch.num_rows


def digest_of_batches(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch] | Sequence[pa.RecordBatch]
) -> bytes:
    """SHA-256 of names, types and values, however the batches are cut."""
    columns = [hashlib.sha256(f"{field.name}\0{field.type}".encode()) for field in schema]
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        for digest, column in zip(columns, batch.columns, strict=True):
            for text in (
                column.cast(pa.string(), safe=False) if _plain(column.type) else map(repr, column.to_pylist())
            ):
                value = text.as_py() if isinstance(text, pa.Scalar) else text
                digest.update(b"\0" if value is None else b"\1" + value.encode() + b"\0")
    whole = hashlib.sha256(rows.to_bytes(8, "big"))
    for digest in columns:
        whole.update(digest.digest())
    return whole.digest()


def _plain(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_primitive(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
    )
