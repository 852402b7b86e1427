"""A campaign's schema: from tables of records to the matrix X and the labels y, and back to labels.

One function for everybody: the scientist's estimator, Capsule and every mine encode with `Schema.encode`.
What the numbers mean is written in `pysonar.protocol.schema.field`; what is learned from them is
`openmined_syft`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from openmined_syft.features.text import SparseRows
from openmined_syft.models import Inputs
from pysonar.protocol.schema.columns import RowName, arrow_type, checked_column, class_indices
from pysonar.protocol.schema.errors import BadValueError, MissingColumnError, ProfileError, SchemaError
from pysonar.protocol.schema.field import Field, input_fields, output_field
from pysonar.protocol.schema.text import EXPECTED, are_numbers, count_numbers


class HasSchemas(Protocol):
    """What `Schema.from_spec` needs of a spec."""

    @property
    def input_schema(self) -> Mapping[str, Any]: ...
    @property
    def output_schema(self) -> Mapping[str, Any]: ...


class Schema:
    """Input fields in field order, and one label.

    Attributes:
        fields: the input fields.
        label: the label's field.
    """

    def __init__(self, input_schema: Mapping[str, Any], output_schema: Mapping[str, Any]) -> None:
        """From the two documents of a spec.

        Raises:
            ProfileError: a document is outside the profile, or the label is also an input.
        """
        try:
            self.fields: tuple[Field, ...] = input_fields(input_schema)
        except ProfileError as error:
            raise error.within("input_schema") from None
        try:
            self.label: Field = output_field(output_schema)
        except ProfileError as error:
            raise error.within("output_schema") from None
        if self.label.name in self.field_names:
            raise ProfileError(
                "output_schema.openmined.fields", self.label.name, "a label that is not also an input field"
            )

    @classmethod
    def from_spec(cls, spec: HasSchemas) -> Schema:
        """The schema of a campaign."""
        return cls(spec.input_schema, spec.output_schema)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the input columns, in field order."""
        return tuple(field.name for field in self.fields)

    @property
    def label_name(self) -> str:
        """Name of the label's column."""
        return self.label.name

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The label's values in schema order; None if the label is a number."""
        return self.label.classes or None

    @property
    def n_features(self) -> int:
        """Columns of X, one-hot columns counted, without a bias."""
        return sum(field.columns for field in self.fields)

    def missing(self, columns: Iterable[str]) -> list[str]:
        """What is needed to train (inputs and label) and not among `columns`; in schema order."""
        there = set(columns)
        return [name for name in (*self.field_names, self.label_name) if name not in there]

    def select(self, table: pa.Table, *, source: str = "the records") -> pa.Table:
        """Inputs and label only, in schema order and the schema's types; what records are sealed as.

        Gaps and unknown categories are filled, or their records left out, as the schema's rules say.

        Raises:
            MissingColumnError, BadValueError: rows are counted from 1.
        """
        checked = _checked(table, (*self.fields, self.label), source, lambda index: index + 1)
        for field in self.fields:
            if field.text is not None:
                _require_texts(checked.column(field.name), field.name, source)
        return without_gaps(checked)

    def encode(self, table: pa.Table, *, source: str = "the records") -> Inputs:
        """X, shape (rows, n_features), from the input columns; all others are not looked at. With a text
        among them it is sparse.

        Raises:
            MissingColumnError, BadValueError: rows are counted from 1.
        """
        checked = _complete(_checked(table, self.fields, source, lambda index: index + 1), source)
        parts = [_inputs(field, checked.column(field.name).combine_chunks()) for field in self.fields]
        dense = [part for part in parts if not isinstance(part, SparseRows)]
        return np.hstack(dense) if len(dense) == len(parts) else SparseRows.beside(parts)

    def encode_labels(self, table: pa.Table, *, source: str = "the records") -> NDArray[Any]:
        """y, shape (rows,): class indices (int64), or encoded numbers (float64).

        Raises:
            MissingColumnError, BadValueError: rows are counted from 1.
        """
        checked = _complete(_checked(table, (self.label,), source, lambda index: index + 1), source)
        column = checked.column(self.label.name).combine_chunks()
        if self.label.classes:
            return class_indices(self.label, column)
        return _encoded(self.label, column)

    def decode_labels(self, y: ArrayLike) -> NDArray[Any]:
        """The inverse of `encode_labels` for predictions: class values, or numbers scaled back (not clipped).

        Raises:
            SchemaError: a class index out of range.
        """
        values = np.asarray(y)
        if not self.label.classes:
            return np.asarray(values * self.label.scale + self.label.center, dtype=np.float64)
        places = values.astype(np.int64)
        most = len(self.label.classes)
        if values.size and (not np.array_equal(places, values) or places.min() < 0 or places.max() >= most):
            raise SchemaError(f"predicted classes outside 0 to {most - 1}")
        kinds: dict[str, Any] = {"string": object, "integer": np.int64, "boolean": np.bool_}
        return np.array(self.label.classes, dtype=kinds[self.label.json_type])[places]


def _require_texts(column: pa.ChunkedArray, name: str, source: str) -> None:
    if are_numbers(len(column) - column.null_count, count_numbers(column)):
        first = next(place for place, value in enumerate(column, start=1) if value.is_valid)
        raise BadValueError(source, first, name, column[first - 1].as_py(), EXPECTED)


def _checked(table: pa.Table, fields: Sequence[Field], source: str, row_name: RowName) -> pa.Table:
    names = table.column_names
    missing = [field.name for field in fields if field.name not in names]
    if missing:
        raise MissingColumnError(missing, source)
    for field in fields:
        if names.count(field.name) > 1:
            raise SchemaError(f"{source}: column {field.name!r} is there {names.count(field.name)} times")
    columns = [checked_column(field, table.column(field.name), source, row_name) for field in fields]
    return pa.table(columns, schema=pa.schema([pa.field(field.name, arrow_type(field)) for field in fields]))


def without_gaps(table: pa.Table) -> pa.Table:
    """The records of a checked table that have every value."""
    complete = _complete_rows(table)
    kept = table if complete.all() else table.filter(pa.array(complete))
    return kept.cast(pa.schema([pa.field(field.name, field.type, nullable=False) for field in kept.schema]))


def _complete_rows(table: pa.Table) -> NDArray[np.bool_]:
    complete = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        if column.null_count:
            complete &= np.asarray(column.is_valid().to_numpy(), dtype=bool)
    return complete


def _complete(table: pa.Table, source: str) -> pa.Table:
    """The table, unless a record is to be left out: rows and labels encoded apart would no longer match."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count:
            row = int(np.argmax(np.asarray(column.is_null().to_numpy(), dtype=bool))) + 1
            raise BadValueError(source, row, name, None, "a value (leave such records out with select)")
    return table


def _inputs(field: Field, column: pa.Array) -> Inputs:
    """The field's columns of X."""
    if field.text is not None:
        return field.text.transform(column.to_pylist())
    if field.kind == "category":
        places = class_indices(field, column)
        return np.asarray(places[:, None] == np.arange(field.columns), dtype=np.float64)
    return _encoded(field, column)[:, None]


def _encoded(field: Field, column: pa.Array) -> NDArray[np.float64]:
    values = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    if not field.numeric:
        return values
    result: NDArray[np.float64] = (np.clip(values, *field.clip) - field.center) / field.scale
    return result
