"""What a column of the scientist's own table becomes in a plan: a field, the label, or nothing, and why."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pysonar.protocol.schema import input_schema, number_field
from pysonar.protocol.schema.field import input_fields
from pysonar.tables import CsvFile, Reading, record_batches
from pysonar.tables.understanding import ColumnSeen, TableSeen

MOST_CATEGORIES = 32
FEW_VALUES = 12
"""A label of whole numbers with more different values than this is a number, with fewer it is classes."""
SPREAD = 4
"""A clip is at least this many scales from the center, and nothing that several records reach is beyond."""
BEYOND = 5
"""Records at the far ends that decide nothing: what a clip is made of is shared by more than these."""
MARGIN = 1.5
"""A clip is this many times as far from the center as the farthest value that counts: mines have others."""
LABELS = ("label", "target", "class", "y", "outcome", "diagnosis", "species", "result")
_GAP = 1e15
"""Stands for a missing number while columns are looked at."""
_NUMBERS = re.compile(r"(^|_|\b)(id|index|rownames?|row|nr|number|unnamed.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Drafted:
    """One field of the plan, as keys of its entry, and a remark."""

    name: str
    entry: dict[str, object]
    remark: str


@dataclass(frozen=True)
class Skipped:
    """A column that becomes no field, and why."""

    name: str
    why: str


def label_of(seen: TableSeen, wanted: str | None) -> ColumnSeen:
    """The column to predict: the one that was asked for, else one with a usual name, else the last.

    Raises:
        KeyError: there is no column with the wanted name, or none at all.
    """
    columns = {column.name: column for column in seen.columns}
    if wanted is not None:
        return columns[wanted]
    for name in LABELS:
        for column in seen.columns:
            if column.name.lower() == name:
                return column
    usable = [column for column in seen.columns if column.kind not in ("empty", "date", "other")]
    if not usable:
        raise KeyError("no column can be a label")
    return usable[-1]


def classes_of(label: ColumnSeen) -> list[str] | list[int] | None:
    """The label's classes, sorted; None if it is a number."""
    if label.kind == "boolean":
        return sorted(label.words or {"false": 1, "true": 1})
    if label.kind == "number" or label.words is None:
        return None
    if label.kind == "integer":
        values = sorted(int(word) for word in label.words)
        return values if len(values) <= FEW_VALUES else None
    return sorted(label.words) if len(label.words) <= MOST_CATEGORIES else None


def field_of(column: ColumnSeen, rows: int, numbers: NDArray[np.float64] | None) -> Drafted | Skipped:
    """What one column becomes. It has a rule for gaps even if there are none here: mines' files have some.

    Args:
        numbers: its values, if it has numbers; gaps are left out.
    """
    kind, name = column.kind, column.name
    if kind in ("empty", "date", "other"):
        return Skipped(name, {"empty": "it is empty", "date": "it holds dates"}.get(kind, "it holds lists"))
    gaps = f"{column.missing} of {rows} records have none" if column.missing else ""
    if kind == "boolean":
        return Drafted(name, {"kind": "boolean", "missing": _put(False) if gaps else "drop"}, gaps)
    if kind == "text":
        words = column.words
        if words is None or len(words) > MOST_CATEGORIES:
            return Skipped(
                name,
                f'it holds over {MOST_CATEGORIES} different texts; give it kind = "text" to learn from them',
            )
        values = sorted(words)
        if len(values) < 2:
            return Skipped(name, "all records have the same value")
        if column.missing:
            values = [*values, "missing"]
        rule = _put("missing") if gaps else "drop"
        return Drafted(name, {"kind": "category", "values": values, "missing": rule}, gaps)
    if numbers is None or numbers.size == 0 or float(np.ptp(numbers)) == 0.0:
        return Skipped(name, "all records have the same value")
    counts_up = kind == "integer" and len(np.unique(numbers)) == rows and float(np.ptp(numbers)) == rows - 1
    if counts_up or (_NUMBERS.search(name) and len(np.unique(numbers)) == rows):
        return Skipped(name, "it numbers the records")
    entry = scaled(numbers, whole=kind == "integer")
    entry["missing"] = _put(entry["center"])
    whole = "whole numbers here; others may have fractions" if kind == "integer" else ""
    remark = "; ".join(filter(None, (whole, gaps)))
    return Drafted(name, {"kind": "number", **entry}, remark)


def scaled(numbers: NDArray[np.float64], *, whole: bool = False) -> dict[str, object]:
    """center, scale and clip for a column, rounded to two digits: a plan is public, single values are not.

    The center is the median and the scale the spread of the middle 68 %, or more where many values are far
    out, as incomes are. The `BEYOND` outermost records of each end decide nothing, so that a few typing
    errors move none of them.
    """
    low, middle, high = np.quantile(numbers, (0.16, 0.5, 0.84))
    outer = min(BEYOND, (numbers.size - 1) // 2)
    ends = np.partition(numbers, (outer, numbers.size - 1 - outer))
    farthest = max(float(middle - ends[outer]), float(ends[numbers.size - 1 - outer] - middle))
    spread = max(float(high - low) / 2, farthest / SPREAD) or float(numbers.std()) or 1.0
    scale = _rounded(spread, 2)
    center = _at(float(middle), scale)
    reach = [max(SPREAD * scale, MARGIN * (center - ends[outer])),
             max(SPREAD * scale, MARGIN * (ends[numbers.size - 1 - outer] - center))]  # fmt: skip
    clip = [_at(center - reach[0], scale), _at(center + reach[1], scale)]
    if float(numbers.min()) >= 0 > clip[0]:
        clip[0] = 0.0
    if whole:
        center, clip = float(round(center)), [math.floor(clip[0]), math.ceil(clip[1])]
    return {"center": _plain(center), "scale": _plain(scale), "clip": [_plain(end) for end in clip]}


def values_of(source: CsvFile, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Columns of numbers, gaps left out.

    Raises:
        SchemaError: the source is not a table.
    """
    wide = number_field((-_GAP, _GAP))
    wide["openmined"]["missing"] = {"value": _GAP}
    fields = input_fields(input_schema(dict.fromkeys(names, wide)))
    reading = Reading(source.name)
    batches = list(record_batches(source, fields, reading, limit=Fraction(1)))
    found = {}
    for place, name in enumerate(names):
        numbers = np.concatenate([batch.column(place).to_numpy(zero_copy_only=False) for batch in batches])
        found[name] = numbers[np.abs(numbers) < _GAP]
    return found


def _put(value: object) -> dict[str, object]:
    """The rule that a gap counts as this value."""
    return {"value": value}


def _rounded(value: float, digits: int) -> float:
    """To this many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def _at(value: float, scale: float) -> float:
    """Rounded to a tenth of the scale."""
    places = 1 - math.floor(math.log10(scale))
    return round(value, places)


def _plain(value: float) -> float | int:
    """A whole number without a point."""
    return int(value) if value == int(value) and abs(value) < 1e15 else value
