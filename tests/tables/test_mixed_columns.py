"""What a cell becomes is its own affair: one record more turns no other, whatever is in it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mine_agent.data.mapping import Origin, _mapped
from pysonar.protocol.schema.field import (
    Field,
    boolean_field,
    category_field,
    class_label,
    input_fields,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_field,
    output_schema,
)
from pysonar.protocol.schema.text import text_field
from pysonar.tables import Batch
from pysonar.tables.mixed import array_of
from pysonar.tables.numbers import Notation
from pysonar.tables.values import Converted, convert

WORDS = ["1", "2", "1.5", "true", "red", "NaN"]
FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        *input_fields(
            input_schema(
                {
                    "number": number_field((-9.0, 9.0)),
                    "integer": integer_field((-9.0, 9.0)),
                    "boolean": boolean_field(),
                    "words": category_field(WORDS),
                    "whole words": category_field([1, 2, 3]),
                    "text": text_field(16),
                }
            )
        ),
        output_field(output_schema("label", class_label(WORDS))),
        output_field(output_schema("yes", class_label([False, True]))),
        output_field(output_schema("amount", number_label((-9.0, 9.0)))),
    )
}
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**63, -(2**70), 10**400]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [
            *WORDS,
            "1,5",
            "1.234",
            "1,234",
            "1 234",
            "1,5 EUR",
            "1.5 USD",
            "$ 2",
            "50%",
            "0",
            "-0.0",
            "1e999",
            "NA",
            "",
            " ",
            "ja",
            "\x00",
            "é",
        ]
    ),
    st.sampled_from([[1], {"a": "\ud800"}, b"\xff"]),
    st.sampled_from(["seven", "\u0130", "e\u0301", "\u00a0", "half \ud800"]),
)

notations = st.builds(Notation, st.sampled_from([".", ",", "?"]), st.sampled_from([None, "EUR", "USD", "$"]))


def seen(converted: Converted) -> list[tuple[object, ...]]:
    """Cell by cell; texts that stand for numbers are compared as the numbers that they become."""
    flags = zip(converted.missing, converted.unfit, converted.unknown, strict=True)
    return [
        (repr(value), *map(bool, each))
        for value, each in zip(converted.values.to_pylist(), flags, strict=True)
    ]


@pytest.mark.parametrize("name", FIELDS)
@settings(max_examples=40, deadline=None)
@given(st.lists(cells, min_size=1, max_size=4) | st.just(["7"] * 20), cells, notations)
def test_one_record_more_turns_no_other(
    name: str, column: list[object], more: object, notation: Notation
) -> None:
    field = FIELDS[name]
    before = seen(convert(field, array_of(column), notation))
    assert seen(convert(field, array_of([*column, more]), notation))[:-1] == before
    assert seen(convert(field, array_of([more, *column]), notation))[1:] == before
    alone = [seen(convert(field, array_of([cell]), notation))[0] for cell in column]
    assert alone == before


@pytest.mark.parametrize(
    "origin",
    [
        Origin("c"),
        Origin("c", factor=2.0, offset=1.0),
        Origin("c", values={"1": "one", "1.5": "half", "true": "yes"}),
        Origin("c", date="year"),
    ],
    ids=["renamed", "scaled", "translated", "dated"],
)
@settings(max_examples=40, deadline=None)
@given(st.lists(cells, min_size=1, max_size=4), cells)
def test_one_record_more_turns_no_other_seen_through_a_mapping(
    origin: Origin, column: list[object], more: object
) -> None:
    def mapped(values: list[object]) -> dict[int, tuple[object, ...]]:
        records = pa.RecordBatch.from_arrays([array_of(values)], names=["c"])
        batch = _mapped(Batch(records, range(len(values))), ["f"], [origin], {"c": Notation()})
        made = [convert(FIELDS[name], batch.records.column(0), Notation()) for name in ("number", "words")]
        cells = zip(batch.rows, *map(seen, made), strict=True)
        return {row: tuple(each) for row, *each in cells} | dict.fromkeys(
            (fault.row for fault in batch.faults), ("fault",)
        )

    after = mapped([*column, more])
    after.pop(len(column))
    assert after == mapped(column)


def test_a_column_of_several_types_is_cut_and_filtered_like_any_other() -> None:
    column = array_of([1, 1.5, None, True, "red", 2**70])
    assert column.to_pylist() == [1, 1.5, None, True, "red", str(2**70)]
    field = FIELDS["number"]
    whole, cut = convert(field, column, Notation()), convert(field, column.slice(1, 4), Notation())
    np.testing.assert_array_equal(whole.missing[1:5], cut.missing)
    assert whole.values.slice(1, 4).equals(cut.values)
