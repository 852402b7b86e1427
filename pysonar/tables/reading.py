"""A source's records in the types of a campaign's schema, batch by batch.

Every conversion and every record left out is counted in a `Reading`. A record with a value that is missing or
does not fit, where the schema has no rule for that, is left out, too, as long as such records are few: more
than the limit (1 % unless set) refuse the whole source, naming the first of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pysonar.protocol.schema import Schema
from pysonar.protocol.schema.columns import arrow_type, with_rules
from pysonar.protocol.schema.errors import BadValueError, FileFormatError
from pysonar.protocol.schema.field import Field
from pysonar.protocol.schema.text import EXPECTED, are_numbers, count_numbers
from pysonar.tables.csv_file import CsvFile
from pysonar.tables.numbers import UNDECIDED, Evidence, Notation, Notations, notations
from pysonar.tables.source import Batch, Source, require_columns
from pysonar.tables.values import Converted, convert, expected, flat, value_at

UNUSABLE = Fraction(1, 100)
"""Share of the records that may be left out because they cannot be used."""

MOST_NAMED = 3
"""Where the same became of more columns than these many, they share a sentence."""


@dataclass
class Reading:
    """What was read, and what became of it.

    Attributes:
        records: all that were there; kept: those that came out.
        unusable: left out since they do not fit, by column ("" for records with a wrong number of cells).
        dropped: left out by a rule of the schema, by column.
        left_out: rows that are not records (blank, comments, totals), by kind.
        filled: values put in place of gaps or unknown categories by a rule of the schema, by column.
        converted: by column and kind of conversion.
        texts, numbers: values of fields that are texts, and how many of those are numbers, by column.
        first: the first unusable record, as the error it would be.
    """

    source: str
    records: int = 0
    kept: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    converted: Counter[tuple[str, str]] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    first: BadValueError | FileFormatError | None = None

    def sentences(self) -> list[str]:
        """All that is not plain, in words for people; no value of a record is in them."""
        said = [f"{count} x {what} left out" for what, count in self.left_out.items()]
        for column, count in self.unusable.items():
            why = f"column {column!r} is missing or does not fit" if column else "wrong number of cells"
            said.append(f"{count} of {self.records} records left out: {why}")
        said += [
            f"{count} records left out by the campaign's rule for column {column!r}"
            for column, count in self.dropped.items()
        ]
        said += _briefly(self.filled, "filled in by the campaign's rule")
        for what in dict.fromkeys(what for _, what in self.converted):
            of_it = {column: count for (column, kind), count in self.converted.items() if kind == what}
            said += _briefly(of_it, what)
        return said

    def check(self, limit: Fraction) -> None:
        """Raises the first unusable record's error if there are more of them than `limit`; FileFormatError
        if no record is left, or a column of texts holds numbers.
        """
        for column, count in self.texts.items():
            if are_numbers(count, self.numbers[column]):
                found = f"all {count} values of column {column!r} are numbers"
                raise FileFormatError(f"{self.source}: {found}; {EXPECTED} is expected")
        bad = sum(self.unusable.values())
        if bad > limit * self.records:
            assert self.first is not None  # noqa: S101 - set with the first count
            raise self._error(bad, limit)
        if not self.kept:
            what = "no record is left" if self.records else "no record follows the header line"
            raise FileFormatError(f"{self.source}: {what}")

    def _error(self, bad: int, limit: Fraction) -> BadValueError | FileFormatError:
        first = self.first
        if bad == 1 and self.records == 1:
            return first  # type: ignore[return-value]
        share = f"at most {float(100 * limit):.4g} % of them may be left out"
        more = f"{bad} of {self.records} records cannot be used; {share}"
        if isinstance(first, BadValueError):
            made = BadValueError(first.source, first.row, first.column, None, first.expected, more=more)
            made.value = first.value
            made.args = (f"{first} ({more})",)
            return made
        return FileFormatError(f"{first} ({more})")


def read_records(
    source: Source,
    schema: Schema,
    *,
    label: bool = True,
    limit: Fraction = UNUSABLE,
    written: Notations | None = None,
) -> tuple[pa.Table, Reading]:
    """All records at once, in schema order and the schema's types.

    Args:
        label: whether the label is wanted, too.
        limit: share of unusable records that may be left out; 0 where each counts.
        written: how the columns' texts write numbers; None: as a look at all of them says.

    Raises:
        MissingColumnError, FileFormatError: the source has no such column, or is not a table.
        BadValueError: more than `limit` cannot be used; names the first.
    """
    fields = (*schema.fields, schema.label) if label else schema.fields
    reading = Reading(source.name)
    batches = list(record_batches(source, fields, reading, limit=limit, written=written))
    return pa.Table.from_batches(batches), reading


def read_csv(path: str | Path, schema: Schema, *, label: bool = True, limit: Fraction = UNUSABLE) -> pa.Table:
    """The records of a file of separated values; see `read_records`."""
    return read_records(CsvFile(Path(path)), schema, label=label, limit=limit)[0]


def record_batches(
    source: Source,
    fields: Sequence[Field],
    reading: Reading,
    *,
    limit: Fraction | None = UNUSABLE,
    written: Notations | None = None,
) -> Iterator[pa.RecordBatch]:
    """The records in batches, in the fields' types, without gaps; `reading` counts along. `limit` None: any
    number may be left out, all of them included. `written` as of `read_records`.

    Raises what `read_records` raises; that too many records are unusable only after the last batch, since
    only then their share is known.
    """
    names = [wanted.name for wanted in fields]
    require_columns(names, source.columns(), source.name)
    if written is None:
        written = notations_in(source, fields)
    for batch in source.batches(names):
        made = _one_batch(batch, fields, written, reading)
        if made.num_rows:
            reading.kept += made.num_rows
            yield made
    if limit is not None:
        reading.check(limit)


def notations_in(source: Source, fields: Sequence[Field], given: str | None = None) -> dict[str, Notation]:
    """How each numeric field's column writes numbers in its texts: one pass over the source, if there are
    such fields. `given`: the owner's word on all decimal marks.
    """
    numeric = [wanted.name for wanted in fields if wanted.json_type in ("number", "integer")]
    evidence = {name: Evidence() for name in numeric}
    for batch in source.batches(numeric) if numeric else ():
        for name, column in zip(numeric, map(flat, batch.records.columns), strict=True):
            if pa.types.is_string(column.type):
                evidence[name].add(column)
    return notations(evidence, given)


def _one_batch(batch: Batch, fields: Sequence[Field], written: Notations, reading: Reading) -> pa.RecordBatch:
    rows = batch.records.num_rows
    reading.records += rows + len(batch.faults)
    reading.left_out.update(batch.left_out)
    good = np.ones(rows, dtype=bool)
    dropped = np.zeros(rows, dtype=bool)
    first: tuple[int, BadValueError | FileFormatError] | None = None
    if batch.faults:
        reading.unusable[""] += len(batch.faults)
        fault = batch.faults[0]
        first = (fault.row, FileFormatError(f"{reading.source}: row {fault.row} {fault.problem}"))
    columns = []
    for wanted, column in zip(fields, batch.records.columns, strict=True):
        converted = convert(wanted, column, written.get(wanted.name, Notation()))
        if wanted.text is not None:
            reading.texts[wanted.name] += len(converted.values) - converted.values.null_count
            reading.numbers[wanted.name] += count_numbers(converted.values)
        bad = _bad(wanted, converted)
        for note, count in converted.notes.items():
            reading.converted[wanted.name, note] += count
        if bad.any():
            at = int(np.argmax(bad))
            row = batch.rows[at]
            if first is None or row < first[0]:
                value = None if converted.missing[at] else value_at(converted.found, at)
                first = (
                    row,
                    BadValueError(reading.source, row, wanted.name, value, _wants(wanted, written)),
                )
            fresh = bad & good
            if fresh.any():
                reading.unusable[wanted.name] += int(fresh.sum())
            good &= ~bad
        values = with_rules(wanted, converted.values, converted.missing, converted.unknown)
        gone = (converted.missing & wanted.missing.drop) | (converted.unknown & wanted.unknown.drop)
        if (gone & ~dropped).any():
            reading.dropped[wanted.name] += int((gone & ~dropped & good).sum())
        dropped |= gone
        filled = int(
            (converted.missing.sum() if wanted.missing.value is not None else 0)
            + (converted.unknown.sum() if wanted.unknown.value is not None else 0)
        )
        if filled:
            reading.filled[wanted.name] += filled
        columns.append(values)
    if first is not None and reading.first is None:
        reading.first = first[1]
    kinds = pa.schema([pa.field(wanted.name, arrow_type(wanted)) for wanted in fields])
    made = pa.RecordBatch.from_arrays(columns, schema=kinds)
    keep = good & ~dropped
    made = made if keep.all() else made.filter(pa.array(keep))
    exact = pa.schema([pa.field(wanted.name, arrow_type(wanted), nullable=False) for wanted in fields])
    return pa.RecordBatch.from_arrays(made.columns, schema=exact)


def _bad(wanted: Field, converted: Converted) -> NDArray[np.bool_]:
    bad = converted.unfit.copy()
    if wanted.missing.strict:
        bad |= converted.missing
    if wanted.unknown.strict:
        bad |= converted.unknown
    return bad


def _wants(wanted: Field, written: Notations) -> str:
    if written.get(wanted.name, Notation()).mark == UNDECIDED:
        return f"{expected(wanted)}; it is not clear whether the comma is a decimal mark: name it (decimal)"
    return expected(wanted)


def _briefly(counts: Mapping[str, int], what: str) -> list[str]:
    """A sentence for each column, or one for all of them where they are many."""
    if len(counts) <= MOST_NAMED:
        return [f"column {column!r}: {count} x {what}" for column, count in counts.items()]
    named = ", ".join(map(repr, list(counts)[:MOST_NAMED]))
    return [f"{sum(counts.values())} x {what}, in {len(counts)} columns ({named}, ...)"]
