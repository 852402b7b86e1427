"""One column of records, checked against its field and turned into the field's own type. Vectorised.

A row is looked at by itself only to name the first bad one in an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pysonar.protocol.schema.errors import BadValueError
from pysonar.protocol.schema.field import Field
from pysonar.protocol.schema.text import EXPECTED, fit_texts

MAX_WHOLE = 2**53
RowName = Callable[[int], int]


def arrow_type(field: Field) -> pa.DataType:
    """The type a field's checked column has."""
    return {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "string": pa.string()}[
        field.json_type
    ]


def checked_column(field: Field, column: pa.ChunkedArray, source: str, row_name: RowName) -> pa.Array:
    """The column in `arrow_type(field)`, every value allowed; a gap is left where the field's rules drop the
    record, and nowhere else.

    Args:
        column: any Arrow type that can hold the field's values; texts are parsed, spaces around them cut.
        source: what to call the records in errors.
        row_name: what to call the row at an index in errors.

    Raises:
        BadValueError: names the first row with an unfit value, or one that is missing or unknown where the
            field has no rule for it.
    """
    column = _plain(column)
    if field.missing.strict and field.unknown.strict:
        return _checked(field, column, source, row_name)
    gaps = _gaps(column)
    if not field.missing.strict:
        there = np.flatnonzero(~gaps)
        column, named = column.take(pa.array(there)), row_name
        row_name = lambda index: named(int(there[index]))  # noqa: E731
    values = _typed(field, column, source, row_name)
    unknown = _unknown(field, values)
    if field.unknown.strict:
        _require_known(field, values, unknown, source, row_name)
    if not field.missing.strict:
        places = np.where(gaps, 0, np.cumsum(~gaps) - 1)
        values = values.take(pa.array(places, mask=gaps))
        full = np.zeros(len(gaps), dtype=bool)
        full[there] = unknown
        unknown = full
    return with_rules(field, values, gaps, unknown)


def with_rules(
    field: Field, values: pa.Array, missing: NDArray[np.bool_], unknown: NDArray[np.bool_]
) -> pa.Array:
    """`values` in `arrow_type(field)`, with the field's substitutes where they are missing or unknown; a gap
    where the rules give none.
    """
    for rule, mask in ((field.missing, missing), (field.unknown, unknown & ~missing)):
        if mask.any():
            put = pa.scalar(rule.value, type=values.type)
            values = pc.if_else(pa.array(mask), put, values)
    return values


def _checked(field: Field, column: pa.Array, source: str, row_name: RowName) -> pa.Array:
    values = _typed(field, column, source, row_name)
    _require_known(field, values, _unknown(field, values), source, row_name)
    return values


def _gaps(column: pa.Array) -> NDArray[np.bool_]:
    gaps = pc.is_null(column, nan_is_null=True)
    return np.asarray(gaps.to_numpy(zero_copy_only=False), dtype=bool)


def _unknown(field: Field, values: pa.Array) -> NDArray[np.bool_]:
    """Which values of a checked type are not among the field's classes."""
    if not field.classes:
        return np.zeros(len(values), dtype=bool)
    known = pc.is_in(values, value_set=pa.array(field.classes, type=values.type))
    return ~np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool)


def _require_known(
    field: Field, values: pa.Array, unknown: NDArray[np.bool_], source: str, row_name: RowName
) -> None:
    _require(field, values, pa.array(~unknown), source, row_name, f"one of {listed(field.classes)}")


def _typed(field: Field, column: pa.Array, source: str, row_name: RowName) -> pa.Array:
    """The column in the field's type, without gaps; categories are not yet looked up."""
    if field.json_type in ("number", "integer"):
        result = _numbers(field, column, source, row_name)
    elif field.json_type == "boolean":
        result = _booleans(field, column, source, row_name)
    else:
        result = _texts(field, column, source, row_name)
    return result


def class_indices(field: Field, column: pa.Array) -> NDArray[np.int64]:
    """The place of every value in the field's `enum`; the column must be a checked one."""
    places = pc.index_in(column, value_set=pa.array(field.classes, type=column.type))
    return np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.int64)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array, dictionaries decoded, texts trimmed, empty texts as gaps."""
    array = pa.chunked_array(column) if isinstance(column, pa.Array) else column
    array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # no chunk, or more than one array can hold
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], type=array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    if pa.types.is_string(array.type):
        array = pc.utf8_trim_whitespace(array)
        array = pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)
    return array


def _numbers(field: Field, column: pa.Array, source: str, row_name: RowName) -> pa.Array:
    whole = field.json_type == "integer"
    expected = "a whole number" if whole else "a finite number"
    kind = column.type
    readable = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_string(kind)
    if not readable:
        _refuse_all(field, column, source, row_name, expected)
    try:
        numbers = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        _refuse_unparsable(field, column, source, row_name, expected)
    _require(field, column, pc.is_finite(numbers), source, row_name, expected)
    if not whole:
        return numbers
    fits = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less_equal(pc.abs(numbers), MAX_WHOLE))
    _require(field, column, fits, source, row_name, expected)
    return numbers.cast(pa.int64())


def _booleans(field: Field, column: pa.Array, source: str, row_name: RowName) -> pa.Array:
    expected = "true or false (or 1 or 0)"
    if pa.types.is_string(column.type):
        lower = pc.utf8_lower(column)
        _require(
            field, column, pc.is_in(lower, pa.array(["true", "false", "1", "0"])), source, row_name, expected
        )
        return pc.is_in(lower, pa.array(["true", "1"]))
    if pa.types.is_integer(column.type):
        fits = pc.and_(pc.greater_equal(column, 0), pc.less_equal(column, 1))
        _require(field, column, fits, source, row_name, expected)
        return column.cast(pa.bool_())
    if not pa.types.is_boolean(column.type):
        _refuse_all(field, column, source, row_name, expected)
    _require(field, column, pc.is_valid(column), source, row_name, expected)
    return column


def _texts(field: Field, column: pa.Array, source: str, row_name: RowName) -> pa.Array:
    if field.text is not None:
        _require(field, column, pa.array(fit_texts(column)), source, row_name, EXPECTED)
        return column.cast(pa.string())
    if not pa.types.is_string(column.type):
        _refuse_all(field, column, source, row_name, f"one of {listed(field.classes)}")
    _require(field, column, pc.is_valid(column), source, row_name, f"one of {listed(field.classes)}")
    return column


def _require(
    field: Field, column: pa.Array, good: pa.Array, source: str, row_name: RowName, expected: str
) -> None:
    """Raise for the first row where `good` is not true."""
    flags = np.asarray(pc.fill_null(good, False).to_numpy(zero_copy_only=False), dtype=bool)
    if not flags.all():
        index = int(np.argmin(flags))
        raise BadValueError(source, row_name(index), field.name, column[index].as_py(), expected)


def _refuse_all(field: Field, column: pa.Array, source: str, row_name: RowName, expected: str) -> None:
    """The column's type can hold no value of the field: name its first row, unless there is none."""
    if len(column):
        raise BadValueError(source, row_name(0), field.name, _shown(column), expected)


def _refuse_unparsable(field: Field, column: pa.Array, source: str, row_name: RowName, expected: str) -> None:
    """Halve down to the first text that is not a number."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low).cast(pa.float64())
            low = middle
        except pa.ArrowInvalid:
            high = middle
    raise BadValueError(source, row_name(low), field.name, column[low].as_py(), expected)


def _shown(column: pa.Array) -> Any:
    return column[0].as_py()


def listed(classes: tuple[Any, ...]) -> str:
    """The values of an enum, at most eight of them, for errors."""
    shown = ", ".join(repr(value) for value in classes[:8])
    return shown if len(classes) <= 8 else f"{shown}, ... ({len(classes)} values)"
