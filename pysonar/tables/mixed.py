"""Columns whose cells are of several types, as JSON, SQLite and other databases have them.

What a cell becomes must not depend on the cells beside it: a single record could else turn thousands of
others, and no noise for one record would hide that. So a column of several types stays one, a union in
Arrow's words, and each of its types is read as a column of that type alone would be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LEAST, _MOST = -(2**63), 2**63 - 1
_KINDS: tuple[tuple[type, pa.DataType], ...] = (
    (int, pa.int64()), (float, pa.float64()), (bool, pa.bool_()), (str, pa.string())
)  # fmt: skip


def array_of(values: list[Any]) -> pa.Array:
    """Values of one column as an array of their type, or a union of their types; a decimal is the float64
    next to it, what is neither a number nor a boolean is a text, and so is a whole number beyond 64 bits.
    """
    plain = [_plain(value) for value in values]
    kinds = {type(value) for value in plain if value is not None}
    if len(kinds) <= 1:
        wanted = kinds.pop() if kinds else str
        return pa.array(plain, dict(_KINDS)[wanted])
    parts: list[list[Any]] = [[] for _ in _KINDS]
    order = [kind for kind, _ in _KINDS]
    codes, offsets = [], []
    for value in plain:
        code = order.index(str if value is None else type(value))
        codes.append(code)
        offsets.append(len(parts[code]))
        parts[code].append(value)
    children = [pa.array(part, kind) for part, (_, kind) in zip(parts, _KINDS, strict=True)]
    return pa.UnionArray.from_dense(pa.array(codes, pa.int8()), pa.array(offsets, pa.int32()), children)


def is_mixed(column: pa.Array) -> bool:
    """Whether it has several types."""
    return bool(pa.types.is_union(column.type))


def parts_of(column: pa.Array) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """For each type in a mixed column: the places of its cells, and these as a column of their own."""
    if column.offset:  # pyarrow 25 cuts the codes of a slice, and not its offsets
        column = column.take(pa.array(np.arange(len(column))))
    codes, offsets = column.type_codes.to_numpy(), column.offsets.to_numpy()
    for code in range(column.type.num_fields):
        places = np.flatnonzero(codes == code)
        if len(places):
            yield places, column.field(code).take(pa.array(offsets[places]))


def each_type(column: pa.Array, apply: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """`apply` to the cells of each type apart, put together again in their order. It keeps the number of
    cells, and gives the same type for each.
    """
    if not is_mixed(column):
        return apply(column)
    places, made = zip(*((places, apply(part)) for places, part in parts_of(column)), strict=True)
    return pa.concat_arrays(made).take(pa.array(np.argsort(np.concatenate(places))))


def as_one_type(column: pa.Array) -> pa.Array:
    """A mixed column for people to look at: as numbers if it has no others, else as texts."""
    types = {str(part.type) for _, part in parts_of(column)}
    if types <= {"int64", "double"}:
        return each_type(column, lambda part: part.cast(pa.float64(), safe=False))
    return pa.array([None if value is None else _text(value) for value in column.to_pylist()], pa.string())


def _plain(value: Any) -> int | float | bool | str | None:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return well_formed(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float | Decimal):
        return float(value)
    if isinstance(value, int) and _LEAST <= value <= _MOST:
        return value
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return well_formed(json.dumps(value, ensure_ascii=False, default=str))
    return well_formed(str(value))


def well_formed(text: str) -> str:
    """The text with a question mark for each half of a pair of surrogates, as JSON may have them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
