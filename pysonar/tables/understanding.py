"""What the columns of a source hold, for its owner's eyes: kind, gaps, range, and three values each.

A campaign's schema says what a column must hold. All that training takes from here is how a column's texts
write numbers (`Notation`), which the owner sees beside the rest before the data are registered, and which
stays as it is from then on: a comma that was taken for a decimal mark, a currency that was left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pysonar.tables.numbers import Evidence, Notation, notations, parse_numbers
from pysonar.tables.source import Source
from pysonar.tables.values import flat, missing_in, truth_in, value_at

MOST_COLUMNS = 1_000
"""Columns of wider tables are named, not looked at: a cell each for 250,000 columns takes minutes."""
SAMPLES = 3
MOST_WORDS = 64
_DATE = (
    r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
    r"|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$"
)


@dataclass
class ColumnSeen:
    """One column.

    Attributes:
        kind: integer, number, boolean, date, text, other (nested values) or empty.
        missing: values that are not there, or a word for that. low, high: of its numbers.
        notation: how its texts write numbers. samples: the first different values.
        words: different texts with their number, as long as there are few; None if there are many.
        odd_row: the first row whose value is not a number, in a column that has numbers, too.
        conversions: what was not written plainly, with its number.
    """

    name: str
    kind: str = "empty"
    missing: int = 0
    low: float | None = None
    high: float | None = None
    notation: Notation = field(default_factory=Notation)
    samples: list[str] = field(default_factory=list)
    words: dict[str, int] | None = field(default_factory=dict)
    odd_row: int | None = None
    conversions: Counter[str] = field(default_factory=Counter)


@dataclass
class TableSeen:
    """All of a source: its rows, its columns (the first `MOST_COLUMNS` of them), and what is odd about it.

    Attributes:
        names: every column. faults: rows that could not be taken apart; first_fault says why.
        left_out: rows that are not records, by kind.
    """

    names: list[str]
    rows: int
    columns: list[ColumnSeen]
    remarks: list[str]
    faults: int = 0
    first_fault: str | None = None
    left_out: Counter[str] = field(default_factory=Counter)


def understand(
    source: Source, *, decimal: str | None = None, progress: Callable[[int], None] = lambda _: None
) -> TableSeen:
    """Look through the whole source twice: once for how numbers are written, once for the values.

    Args:
        progress: called with the rows seen so far.

    Raises:
        SchemaError: it is not a table.
    """
    names = source.columns()
    counts = Counter(names)
    once = [name for name in names if counts[name] == 1][:MOST_COLUMNS]
    evidence = {name: Evidence() for name in once}
    seen = TableSeen(names, 0, [ColumnSeen(name) for name in once], source.remarks())
    rows = 0
    for batch in source.batches(once):
        for name, column in zip(once, batch.records.columns, strict=True):
            column = flat(column)
            if pa.types.is_string(column.type):
                evidence[name].add(column)
        rows += batch.records.num_rows
        progress(rows // 2)
    written = notations(evidence, decimal)
    tallies = [_Tally(column, written[column.name]) for column in seen.columns]
    for batch in source.batches(once):
        seen.left_out.update(batch.left_out)
        seen.faults += len(batch.faults)
        if batch.faults and seen.first_fault is None:
            seen.first_fault = f"row {batch.faults[0].row} {batch.faults[0].problem}"
        for tally, column in zip(tallies, batch.records.columns, strict=True):
            tally.add(flat(column), batch.rows)
        seen.rows += batch.records.num_rows
        progress((rows + seen.rows) // 2)
    for tally in tallies:
        tally.finish()
    return seen


class _Tally:
    """What was seen of one column so far."""

    def __init__(self, column: ColumnSeen, notation: Notation) -> None:
        self.column = column
        column.notation = notation
        self.kinds: Counter[str] = Counter()

    def add(self, column: pa.Array, rows: Sequence[int]) -> None:
        seen = self.column
        missing = missing_in(column, (), seen.conversions)
        seen.missing += int(missing.sum())
        there = column.filter(pa.array(~missing))
        if not len(there):
            return
        self._sample(there)
        kind = column.type
        if pa.types.is_string(kind):
            self._texts(there, np.flatnonzero(~missing), rows)
        elif pa.types.is_boolean(kind):
            self.kinds["boolean"] += len(there)
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            self.kinds["integer" if pa.types.is_integer(kind) else "number"] += len(there)
            self._range(there.cast(pa.float64(), safe=False))
        elif pa.types.is_temporal(kind):
            self.kinds["date"] += len(there)
        else:
            self.kinds["other"] += len(there)

    def _texts(self, texts: pa.Array, places: NDArray[np.int64], rows: Sequence[int]) -> None:
        seen = self.column
        if seen.words is not None:
            for entry in pc.value_counts(texts).to_pylist() if len(texts) else []:
                seen.words[entry["values"]] = seen.words.get(entry["values"], 0) + entry["counts"]
                if len(seen.words) > MOST_WORDS:
                    seen.words = None
                    break
        numbers = parse_numbers(texts, seen.notation, seen.conversions)
        finite = pc.fill_null(pc.is_finite(numbers), False)
        count = int(pc.sum(finite).as_py() or 0)
        if count:
            self._range(numbers.filter(finite))
            whole = pc.equal(pc.floor(numbers), numbers)
            plain = pc.invert(pc.match_substring(texts, "."))
            whole_count = int(pc.sum(pc.and_(pc.fill_null(whole, False), plain)).as_py() or 0)
            self.kinds["integer"] += whole_count
            self.kinds["number"] += count - whole_count
        if count == len(texts):
            return
        rest = texts.filter(pc.invert(finite))
        truths = int(pc.sum(truth_in(rest)).as_py() or 0)
        dates = int(pc.sum(pc.match_substring_regex(rest, _DATE)).as_py() or 0)
        self.kinds["boolean"] += truths
        self.kinds["date"] += dates
        self.kinds["text"] += len(rest) - truths - dates
        if seen.odd_row is None:
            at = int(np.argmin(np.asarray(finite.to_numpy(zero_copy_only=False), dtype=bool)))
            seen.odd_row = rows[int(places[at])]

    def _range(self, numbers: pa.Array) -> None:
        found = pc.min_max(numbers)
        low, high = found["min"].as_py(), found["max"].as_py()
        seen = self.column
        if low is not None:
            seen.low = low if seen.low is None else min(low, seen.low)
            seen.high = high if seen.high is None else max(high, seen.high)

    def _sample(self, there: pa.Array) -> None:
        if len(self.column.samples) == SAMPLES:
            return
        for place in range(min(50, len(there))):
            shown = str(value_at(there, place))[:40]
            if shown not in self.column.samples:
                self.column.samples.append(shown)
            if len(self.column.samples) == SAMPLES:
                return

    def finish(self) -> None:
        """Decide the kind."""
        seen, kinds = self.column, self.kinds
        numeric = kinds["integer"] + kinds["number"]
        present = {kind for kind, count in kinds.items() if count}
        if not present:
            seen.kind = "empty"
        elif len(present) == 1:
            seen.kind = present.pop()
        elif present == {"integer", "number"}:
            seen.kind = "number"
        elif (
            present == {"integer", "boolean"}
            and seen.low is not None
            and seen.low >= 0
            and seen.high in (0, 1)
        ):
            seen.kind = "boolean"
        else:
            seen.kind = "text"
        if not numeric or seen.kind != "text":
            seen.odd_row = None
        if seen.kind not in ("integer", "number"):
            for note in ("decimal comma", "thousands separator", "percent sign"):
                seen.conversions.pop(note, None)
            seen.low = seen.high = None
