"""Records to numbers: the encoding every party shares, and the errors that name row, column and value."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.schema import (
    BadValueError,
    MissingColumnError,
    ProfileError,
    Schema,
    SchemaError,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
)
from tests.roles import dense

INPUT = input_schema(
    {
        "height": number_field((0, 200), center=100, scale=50),
        "age": integer_field((0, 120)),
        "member": boolean_field(),
        "colour": category_field(["red", "green"]),
        "wheels": category_field([4, 2]),
    }
)
SCHEMA = Schema(INPUT, output_schema("kind", class_label(["a", "b"])))
GOOD: dict[str, list[object]] = {
    "height": [150.0, -7.0, 1e9],
    "age": [1, 130, 50],
    "member": [True, False, True],
    "colour": ["green", "red", "green"],
    "wheels": [2, 4, 4],
    "kind": ["b", "a", "b"],
}
X = [[1, 1, 1, 0, 1, 0, 1], [-2, 120, 0, 1, 0, 1, 0], [2, 50, 1, 0, 1, 1, 0]]


def table(**columns: list[object]) -> pa.Table:
    return pa.table({**GOOD, **columns})


def test_encoding_by_hand():
    """Clipped, centred, scaled; one-hot in the order of the enum; columns in the order of the fields."""
    np.testing.assert_array_equal(SCHEMA.encode(table()), X)
    np.testing.assert_array_equal(SCHEMA.encode_labels(table()), [1, 0, 1])
    assert dense(SCHEMA.encode(table())).dtype == np.float64
    assert SCHEMA.encode_labels(table()).dtype == np.int64


def test_order_and_extra_columns_do_not_matter():
    turned = pa.table(dict(reversed(table(name=["x", None, "z"], salary=[1, 2, 3]).to_pydict().items())))
    np.testing.assert_array_equal(SCHEMA.encode(turned), X)
    assert SCHEMA.select(turned).column_names == ["height", "age", "member", "colour", "wheels", "kind"]


@pytest.mark.parametrize(
    "columns",
    [
        {"height": ["150", " -7 ", "1e9"]},
        {"height": pa.array([150, -7, 1000], pa.int32())},
        {"age": [1.0, 130.0, 50.0]},
        {"age": ["1", "130.0", "5e1"]},
        {"member": ["TRUE", "0", "1"]},
        {"member": [1, 0, 1]},
        {"colour": pa.array(["green", "red", "green"]).dictionary_encode()},
        {"colour": pa.array(["green ", "red", "green"], pa.large_string())},
        {"colour": pa.chunked_array([["green"], ["red", "green"]])},
        {"wheels": ["2", "4", "4"]},
    ],
)
def test_other_column_types_with_the_same_meaning(columns):
    np.testing.assert_array_equal(SCHEMA.encode(table(**columns)), X)


@pytest.mark.parametrize(
    ("column", "values", "row", "value"),
    [
        ("height", [1.0, None, 3.0], 2, "None"),
        ("height", [1.0, 2.0, float("nan")], 3, "nan"),
        ("height", [float("-inf"), 2.0, 3.0], 1, "-inf"),
        ("height", ["1", "2", "three"], 3, "'three'"),
        ("height", ["1", "", "3"], 2, "None"),
        ("height", ["0x10", "2", "3"], 1, "'0x10'"),
        ("height", ["1", "1_0", "3"], 2, "'1_0'"),
        ("height", [True, False, True], 1, "True"),
        ("height", [[1], [2], [3]], 1, r"\[1\]"),
        ("height", [b"1", b"2", b"3"], 1, "b'1'"),
        ("height", pa.nulls(3), 1, "None"),
        ("age", [1, 2, None], 3, "None"),
        ("age", [1.5, 2.0, 3.0], 1, "1.5"),
        ("age", [1.0, 2.0, 1e300], 3, "1e"),
        ("member", ["true", "yes", "no"], 2, "'yes'"),
        ("member", [1, 2, 0], 2, "2"),
        ("member", [True, None, False], 2, "None"),
        ("member", [1.0, 0.0, 1.0], 1, "1.0"),
        ("colour", ["red", "pink", "green"], 2, "'pink'"),
        ("colour", ["red", None, "green"], 2, "None"),
        ("colour", [1, 2, 3], 1, "1"),
        ("wheels", [4, 3, 2], 2, "3"),
        ("wheels", ["4", "two", "2"], 2, "'two'"),
    ],
)
def test_a_bad_value_is_named_by_row_column_and_value(column, values, row, value):
    with pytest.raises(BadValueError, match=f"row {row}, column '{column}' is (missing|{value})") as caught:
        SCHEMA.encode(table(**{column: values}), source="my table")
    assert (caught.value.source, caught.value.row, caught.value.column) == ("my table", row, column)


def test_a_bad_label_is_named():
    with pytest.raises(BadValueError, match="row 2, column 'kind' is 'c'; one of 'a', 'b'"):
        SCHEMA.encode_labels(table(kind=["a", "c", "b"]))
    assert SCHEMA.encode(table(kind=["a", "c", "b"])).shape == (3, 7)


def test_long_values_are_shortened():
    with pytest.raises(BadValueError) as caught:
        SCHEMA.encode(table(colour=["x" * 5000, "red", "red"]))
    assert len(str(caught.value)) < 200


def test_missing_columns_by_name_and_in_order():
    less = table().drop_columns(["wheels", "age", "kind"])
    assert SCHEMA.missing(less.column_names) == ["age", "wheels", "kind"]
    assert SCHEMA.missing(table().column_names) == []
    with pytest.raises(MissingColumnError, match="'age', 'wheels'") as caught:
        SCHEMA.encode(less)
    assert caught.value.columns == ["age", "wheels"]


def test_a_column_that_is_there_twice():
    twice = pa.Table.from_arrays([pa.array([1.0])] * 2, names=["height", "height"])
    schema = Schema(
        input_schema({"height": number_field((0, 1))}), output_schema("k", class_label(["a", "b"]))
    )
    with pytest.raises(SchemaError, match="2 times"):
        schema.encode(twice)


def test_no_rows():
    empty = table().slice(0, 0)
    assert SCHEMA.encode(empty).shape == (0, 7)
    assert SCHEMA.encode_labels(empty).shape == (0,)


def test_labels_back_and_forth():
    np.testing.assert_array_equal(SCHEMA.decode_labels([1, 0, 1]), ["b", "a", "b"])
    flags = Schema(INPUT, output_schema("kind", class_label([False, True])))
    assert flags.decode_labels(np.array([1, 0])).tolist() == [True, False]
    for wrong in ([2], [-1], [0.5]):
        with pytest.raises(SchemaError, match="0 to 1"):
            SCHEMA.decode_labels(wrong)


def test_number_labels_are_scaled_and_scaled_back():
    schema = Schema(INPUT, output_schema("price", number_label((0, 100), center=50, scale=25)))
    prices = table(price=[0.0, 75.0, 400.0])
    np.testing.assert_array_equal(schema.encode_labels(prices), [-2, 1, 2])
    np.testing.assert_array_equal(schema.decode_labels([-2, 1, 4]), [0, 75, 150])


@given(
    st.lists(
        st.tuples(st.floats(-1e12, 1e12), st.integers(-(2**53), 2**53), st.booleans()), min_size=1, max_size=8
    )
)
def test_encoding_agrees_with_the_formula(rows):
    heights, ages, members = zip(*rows, strict=True)
    n = len(rows)
    records = pa.table(
        {"height": heights, "age": ages, "member": members, "colour": ["red"] * n, "wheels": [2] * n}
    )
    expected = [[(min(max(h, 0), 200) - 100) / 50, min(max(a, 0), 120), m, 1, 0, 0, 1] for h, a, m in rows]
    np.testing.assert_array_equal(SCHEMA.encode(records), expected)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_texts_and_numbers_mean_the_same(values):
    """A CSV file written with Python's shortest form is read as exactly the same numbers."""
    schema = Schema(
        input_schema({"x": number_field((-1e15, 1e15))}), output_schema("k", class_label(["a", "b"]))
    )
    text = pa.table({"x": [repr(value) for value in values]})
    np.testing.assert_array_equal(schema.encode(text), schema.encode(pa.table({"x": values})))


def with_rules(**changes):
    """The schema with keywords added to fields' `openmined`."""
    document = {**INPUT, "properties": {name: dict(field) for name, field in INPUT["properties"].items()}}
    for name, rule in changes.items():
        field = document["properties"][name]
        field["openmined"] = {**field["openmined"], **rule}
    return Schema(document, output_schema("kind", class_label(["a", "b"])))


@pytest.mark.parametrize(
    ("rules", "column", "values", "expected"),
    [
        ({"missing": {"value": 100.0}}, "height", [150.0, None, float("nan")], [150.0, 100.0, 100.0]),
        ({"missing": {"value": 7}}, "age", ["1", "", "3"], [1, 7, 3]),
        ({"missing": {"value": True}}, "member", [None, False, None], [True, False, True]),
        ({"missing": {"value": "red"}}, "colour", [None, "green", "red"], ["red", "green", "red"]),
        ({"unknown": {"value": "red"}}, "colour", ["pink", "green", "red"], ["red", "green", "red"]),
        (
            {"unknown": {"value": "red"}, "missing": {"value": "green"}},
            "colour", ["pink", None, "red"], ["red", "green", "red"],
        ),
        ({"unknown": {"value": 2}}, "wheels", [3, 4, 2], [2, 4, 2]),
    ],
)  # fmt: skip
def test_gaps_and_unknown_categories_are_filled_as_the_campaign_says(rules, column, values, expected):
    schema = with_rules(**{column: rules})
    assert schema.select(table(**{column: values})).column(column).to_pylist() == expected
    assert schema.encode(table(**{column: values})).shape == (3, 7)


@pytest.mark.parametrize(
    ("rules", "column", "values", "kept"),
    [
        ({"missing": "drop"}, "height", [150.0, None, float("nan")], [0]),
        ({"unknown": "drop"}, "colour", ["pink", "green", "red"], [1, 2]),
        ({"missing": "drop", "unknown": "drop"}, "colour", ["pink", None, "red"], [2]),
    ],
)
def test_records_are_left_out_as_the_campaign_says(rules, column, values, kept):
    schema = with_rules(**{column: rules})
    selected = schema.select(table(**{column: values}))
    assert selected.column("kind").to_pylist() == [GOOD["kind"][index] for index in kept]
    with pytest.raises(BadValueError, match="leave such records out"):
        schema.encode(table(**{column: values}))


@pytest.mark.parametrize(
    ("rules", "column", "values", "row"),
    [
        ({"missing": {"value": "red"}}, "colour", [None, "green", "pink"], 3),
        ({"unknown": "drop"}, "colour", ["pink", "green", None], 3),
        ({"missing": "drop"}, "height", ["x", None, "1"], 1),
    ],
)
def test_a_rule_for_one_kind_of_gap_is_none_for_another(rules, column, values, row):
    with pytest.raises(BadValueError, match=f"row {row}, column '{column}'"):
        with_rules(**{column: rules}).select(table(**{column: values}))


@pytest.mark.parametrize(
    ("column", "rules"),
    [
        ("height", {"missing": "mean"}),
        ("height", {"missing": {"value": "high"}}),
        ("height", {"missing": {"value": float("inf")}}),
        ("height", {"missing": {"value": 2e15}}),
        ("height", {"missing": {"value": True}}),
        ("height", {"unknown": "drop"}),
        ("age", {"missing": {"value": 1.5}}),
        ("member", {"missing": {"value": 1}}),
        ("colour", {"missing": {"value": "pink"}}),
        ("colour", {"unknown": {"value": "pink"}}),
        ("colour", {"unknown": {"values": "red"}}),
        ("wheels", {"missing": {"value": "4"}}),
    ],
)
def test_rules_for_gaps_that_are_none(column, rules):
    with pytest.raises(ProfileError, match=f"properties.{column}.openmined.(missing|unknown)"):
        with_rules(**{column: rules})


def test_a_label_has_no_substitute():
    label = class_label(["a", "b"])
    label["openmined"] = {**label["openmined"], "missing": "drop", "unknown": "drop"}
    schema = Schema(INPUT, output_schema("kind", label))
    assert schema.select(table(kind=["a", None, "c"])).num_rows == 1
    label["openmined"]["missing"] = {"value": "a"}
    with pytest.raises(ProfileError, match="no substitute"):
        output_schema("kind", label)
