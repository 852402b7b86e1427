"""From the owner's columns to a campaign's fields: other names, other units, other words, constants.

A mapping is a TOML file beside the data set's registration, a table for each field:

    [sepal_length]
    column = "SepalLength"      # the owner's column
    factor = 0.1                # value x factor + offset, for other units
    [age]
    column = "age_months"
    factor = 0.08333333333333333
    round = true                # to the nearest whole number, halves to the even one: for whole numbers only
    [species]
    column = "Art"
    values = { "I. setosa" = "setosa" }     # other words; words not named stay as they are
    [country]
    constant = "DE"             # every record has it
    [birth_year]
    column = "born"
    date = "year"               # year, month, day, weekday, hour, or days since 1970-01-01

It is applied on this side only: nobody learns what the owner's columns are called.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tomli_w

from mine_agent.errors import DataError
from pysonar.files.documents import parse_toml
from pysonar.files.text import UnreadableFileError, normal, read_text
from pysonar.protocol.schema.field import Field
from pysonar.tables import Batch, Source
from pysonar.tables.mixed import each_type
from pysonar.tables.numbers import Evidence, Notation, Notations, notations
from pysonar.tables.reading import notations_in
from pysonar.tables.source import Fault
from pysonar.tables.values import Converted, convert, flat

DATE_PARTS = ("year", "month", "day", "weekday", "hour", "days")
_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
)
MOST_BYTES = 1 << 20
_KEYS = ("column", "factor", "offset", "round", "values", "constant", "date")


@dataclass(frozen=True)
class Origin:
    """Where one field's values come from; see the module."""

    column: str | None = None
    factor: float = 1.0
    offset: float = 0.0
    round: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    constant: str | None = None
    date: str | None = None

    @property
    def scales(self) -> bool:
        """Whether numbers are recalculated."""
        return self.factor != 1.0 or self.offset != 0.0 or self.round


@dataclass(frozen=True)
class FieldMapping:
    """A mapping as it was read: `text` is what its owner sees."""

    text: str
    origins: Mapping[str, Origin]

    def digest(self, data: bytes) -> bytes:
        """The digest of data seen through this mapping."""
        return hashlib.sha256(b"openmined/mapping/1\0" + data + self.text.encode()).digest()


def parse_mapping(text: str, *, source: str) -> FieldMapping:
    """The mapping that a TOML text gives.

    Raises:
        DataError: not such a text; names the table and the key.
    """
    document = _document(text, source)
    origins = {}
    for name, table in document.items():
        if not isinstance(table, dict):
            raise DataError(f"{source}: {name} is {table!r}; expected a table, [{name}]")
        origins[name] = _origin(f"{source}: [{name}]", table)
    return FieldMapping(text, origins)


def read_mapping(path: Path) -> FieldMapping:
    """The mapping in a file, saved by whichever editor.

    Raises:
        FileNotFoundError: there is none.
        DataError: it cannot be read, or is not a mapping.
    """
    try:
        text = read_text(path, most_bytes=MOST_BYTES)
    except UnreadableFileError as error:
        raise DataError(f"{error}; expected a mapping in TOML") from None
    # Ends of lines are not part of what a mapping says: its digest is that of the data seen through it.
    return parse_mapping(text.replace("\r\n", "\n").replace("\r", "\n"), source=str(path))


def _document(text: str, source: str) -> dict[str, Any]:
    """Fields with their tables. Campaigns write their names in the normal form; a column's stays as it is."""
    try:
        return {normal(name): table for name, table in parse_toml(text, source).items()}
    except UnreadableFileError as error:
        raise DataError(str(error)) from None


def changed_mapping(present: FieldMapping | None, changes: Mapping[str, Mapping[str, Any] | None]) -> str:
    """The TOML of a mapping in which some fields are made otherwise; None: the field is used as it is. No
    comment of the present text is kept. Raises DataError: a change cannot be written down.
    """
    document = {} if present is None else _document(present.text, "the mapping")
    for name, table in changes.items():
        document.pop(name, None)
        if table is not None:
            document[name] = dict(table)
    try:
        text = tomli_w.dumps(document)
    except (TypeError, ValueError):
        raise DataError("the mapping has a value that is neither text nor number") from None
    parse_mapping(text, source="the mapping")
    return text


def _origin(at: str, table: Mapping[str, Any]) -> Origin:
    for key in table:
        if key not in _KEYS:
            raise DataError(f"{at} has the key {key!r}; known: {', '.join(_KEYS)}")
    if ("column" in table) == ("constant" in table):
        raise DataError(f"{at}: expected either column or constant")
    if "constant" in table and len(table) > 1:
        raise DataError(f"{at}: a constant has no other keys")
    numbers = {}
    for key in ("factor", "offset"):
        value = table.get(key, 1.0 if key == "factor" else 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise DataError(f"{at}: {key} is {value!r}; expected a finite number")
        numbers[key] = float(value)
    if numbers["factor"] == 0:
        raise DataError(f"{at}: factor is 0; use constant")
    values, date, column = table.get("values", {}), table.get("date"), table.get("column")
    rounds = table.get("round", False)
    if not isinstance(rounds, bool):
        raise DataError(f"{at}: round is {rounds!r}; expected true or false")
    if not isinstance(values, dict) or any(isinstance(value, dict | list) for value in values.values()):
        raise DataError(f"{at}: values is {values!r}; expected a table of words and what they become")
    if date is not None and date not in DATE_PARTS:
        raise DataError(f"{at}: date is {date!r}; expected one of {', '.join(DATE_PARTS)}")
    if column is not None and not isinstance(column, str):
        raise DataError(f"{at}: column is {column!r}; expected a name")
    ways = [bool(values), date is not None, rounds or numbers != {"factor": 1.0, "offset": 0.0}]
    if sum(ways) > 1:
        raise DataError(f"{at}: expected only one of values, date, and factor with offset and round")
    return Origin(
        column,
        numbers["factor"],
        numbers["offset"],
        rounds,
        {key: _word(value) for key, value in values.items()},
        _word(table["constant"]) if "constant" in table else None,
        date,
    )


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class MappedSource:
    """A source whose mapped fields are there under their own names, beside the columns it has.

    `settled`: how the source's columns write numbers; None: as a look at them says, `decimal` being the
    owner's word on the mark.
    """

    def __init__(
        self,
        source: Source,
        mapping: FieldMapping,
        settled: Notations | None = None,
        decimal: str | None = None,
    ) -> None:
        self._source, self._mapping, self._settled, self._decimal = source, mapping, settled, decimal
        self.name = source.name

    def columns(self) -> list[str]:
        """The mapped fields, and the source's columns that none of them replaces."""
        return mapped_names(self._source.columns(), self._mapping)

    def remarks(self) -> list[str]:
        """The source's, and the number of mapped fields."""
        return [*self._source.remarks(), f"{len(self._mapping.origins)} fields are mapped"]

    def digest(self) -> bytes:
        """Of the source and the mapping."""
        return self._mapping.digest(self._source.digest())

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The records. A value that a factor or date cannot be applied to makes its record a fault."""
        origins = [self._mapping.origins.get(name, Origin(name)) for name in columns]
        needed = list(dict.fromkeys(origin.column for origin in origins if origin.column is not None))
        written = self._settled
        if written is None:
            scaled = dict.fromkeys(origin.column for origin in origins if origin.scales)
            fields = [_number(column) for column in scaled if column is not None]
            written = notations_in(self._source, fields, self._decimal)
        for batch in self._source.batches(needed or self._source.columns()[:1]):
            yield _mapped(batch, columns, origins, written)


def mapped_names(names: Sequence[str], mapping: FieldMapping) -> list[str]:
    """The names there are once the mapping is applied; a field whose column is not there is left out."""
    there = set(names)
    fields = [
        name for name, origin in mapping.origins.items() if origin.column is None or origin.column in there
    ]
    return [*fields, *(name for name in names if name not in mapping.origins)]


def mapped_notations(written: Notations, mapping: FieldMapping) -> dict[str, Notation]:
    """How fields write numbers: as the columns they are made of do. A constant speaks for itself."""
    found = dict(written)
    for name, origin in mapping.origins.items():
        if origin.constant is not None:
            evidence = Evidence()
            evidence.add(pa.array([origin.constant]))
            found[name] = notations({name: evidence}, None)[name]
        elif origin.column is not None:
            found[name] = written.get(origin.column, Notation())
    return found


def _mapped(batch: Batch, columns: Sequence[str], origins: Sequence[Origin], written: Notations) -> Batch:
    records = batch.records
    bad = np.zeros(records.num_rows, dtype=bool)
    arrays, problem = [], ""
    for origin in origins:
        if origin.column is None:
            arrays.append(pa.repeat(pa.scalar(origin.constant), records.num_rows))
            continue
        column = records.column(records.schema.get_field_index(origin.column))
        unfit = np.zeros(records.num_rows, dtype=bool)
        if origin.scales:
            converted: Converted = convert(
                _number(origin.column), column, written.get(origin.column, Notation())
            )
            made = pc.add(_times(converted.values, origin.factor), origin.offset)
            column = pc.round(made, round_mode="half_to_even") if origin.round else _whole_where_it_is(made)
            unfit = converted.unfit
        elif origin.date is not None:
            column, unfit = _date_part(flat(column), origin.date)
        elif origin.values:
            words = origin.values
            column = each_type(column, lambda part, words=words: _translated(flat(part), words))  # type: ignore[misc]
        if unfit.any() and not problem:
            problem = f"column {origin.column!r} is not a {'date' if origin.date else 'number'}"
        bad |= unfit
        arrays.append(column)
    mapped = pa.RecordBatch.from_arrays(arrays, names=list(columns))
    if not bad.any():
        return Batch(mapped, batch.rows, batch.faults, batch.left_out)
    faults = [Fault(batch.rows[int(place)], problem) for place in np.flatnonzero(bad)]
    rows = [row for row, wrong in zip(batch.rows, bad, strict=True) if not wrong]
    return Batch(mapped.filter(pa.array(~bad)), rows, [*batch.faults, *faults], batch.left_out)


def _times(numbers: pa.Array, factor: float) -> pa.Array:
    """One tenth is not a float, and ten is: 51 mm are 5.1 cm, and 51 x 0.1 are not."""
    parts = 1 / factor
    return pc.divide(numbers, parts) if parts.is_integer() else pc.multiply(numbers, factor)


def _whole_where_it_is(column: pa.Array) -> pa.Array:
    """What differs from a whole number by the noise of a factor only (732 months x 1/12) is that number."""
    whole = pc.round(column)
    near = pc.less_equal(pc.abs(pc.subtract(column, whole)), pc.multiply(pc.abs(whole), 1e-12))
    return pc.if_else(near, whole, column)


def _translated(column: pa.Array, words: Mapping[str, str]) -> pa.Array:
    texts = column if pa.types.is_string(column.type) else column.cast(pa.string(), safe=False)
    places = pc.index_in(texts, value_set=pa.array(list(words)))
    return pc.coalesce(pa.array(list(words.values())).take(places), texts)


def _date_part(column: pa.Array, part: str) -> tuple[pa.Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    if pa.types.is_string(column.type):
        times = pa.nulls(len(column), pa.timestamp("s"))
        for form in _FORMATS:
            times = pc.coalesce(times, pc.strptime(column, format=form, unit="s", error_is_null=True))
        empty = pc.fill_null(pc.equal(column, ""), True)
    elif pa.types.is_temporal(column.type):
        times, empty = column.cast(pa.timestamp("s"), safe=False), pc.is_null(column)
    else:
        times, empty = pa.nulls(len(column), pa.timestamp("s")), pc.is_null(column)
    unfit = np.asarray(
        pc.and_(pc.is_null(times), pc.invert(empty)).to_numpy(zero_copy_only=False), dtype=bool
    )
    if part == "days":
        return pc.divide(times.cast(pa.int64()).cast(pa.float64()), 86_400.0), unfit
    take = {"year": pc.year, "month": pc.month, "day": pc.day, "weekday": pc.day_of_week, "hour": pc.hour}[
        part
    ]
    return take(times), unfit


def _number(name: str) -> Field:
    return Field(name, "number", "number")
