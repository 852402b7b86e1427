"""The text kind of the profile: what a spec may say of it, and which values are fit."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from openmined_syft.features.text import HashedText, SparseRows
from pysonar.protocol.artifacts import Algorithm, ArtifactError
from pysonar.protocol.artifacts.spec.algorithm import check_size
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.protocol.schema import (
    BadValueError,
    ProfileError,
    Schema,
    SchemaError,
    class_label,
    input_schema,
    number_field,
    output_schema,
    text_field,
)
from pysonar.protocol.schema.text import MAX_BYTES
from pysonar.tables import CsvFile, read_records
from tests.json_types import JsonObject

OUTPUT = output_schema("mood", class_label(["bad", "good"]))


def schema_of(**fields: JsonObject) -> Schema:
    return Schema(input_schema(fields), OUTPUT)


def test_a_text_becomes_its_columns_between_those_of_other_fields() -> None:
    schema = schema_of(
        before=number_field((0, 10)),
        text=text_field(32, characters=(3, 4), seed="s"),
        after=number_field((0, 1)),
    )
    table = pa.table({"before": [2.0, 3.0], "text": ["Good day", "bad"], "after": [1.0, 0.0]})
    encoded = schema.encode(table)
    assert isinstance(encoded, SparseRows)
    assert schema.n_features == 34
    X = np.asarray(encoded)
    np.testing.assert_array_equal(X[:, 0], [2.0, 3.0])
    np.testing.assert_array_equal(X[:, 33], [1.0, 0.0])
    hashed = HashedText(32, 1, (3, 4), b"s").transform(["Good day", "bad"])
    np.testing.assert_array_equal(X[:, 1:33], hashed)


def test_a_text_counts_as_one_in_the_length_that_records_are_clipped_to() -> None:
    schema = schema_of(text=text_field(64))
    family = Algorithm("logistic").build(schema)
    assert record_clip(schema, family).inputs == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("columns", 15, "a whole number from 16 to 4096"),
        ("columns", 4097, "a whole number from 16 to 4096"),
        ("columns", True, "a whole number"),
        ("columns", 64.0, "a whole number"),
        ("words", 4, "0 to 3"),
        ("words", 0, "1 to 3, as there are no characters"),
        ("characters", [3], r"\[shortest, longest\]"),
        ("characters", [3, 2], "a whole number from 3 to 8"),
        ("characters", [0, 2], "a whole number from 1 to 8"),
        ("characters", "3-5", r"\[shortest, longest\]"),
        ("seed", "x" * 65, "at most 64 printable"),
        ("seed", "\u00e9", "printable ASCII"),
        ("seed", 5, "at most 64 printable"),
        ("language", "en", "no such keyword"),
        ("clip", [0, 1], "no such keyword"),
        ("unknown", "drop", "only fields with an enum"),
        ("missing", {"value": 3}, "a text of 1 to 128"),
        ("missing", {"value": " "}, "a text of 1 to 128"),
        ("missing", {"value": "x" * 129}, "a text of 1 to 128"),
    ],
)
def test_what_the_profile_does_not_know_is_refused(keyword: str, value: object, expected: str) -> None:
    field = text_field(64)
    field["openmined"][keyword] = value
    with pytest.raises(ProfileError, match=expected) as refused:
        input_schema({"text": field})
    assert keyword in refused.value.path


def test_a_text_has_no_enum_and_is_no_label() -> None:
    with pytest.raises(ProfileError, match="no enum for a text"):
        input_schema({"text": {**text_field(64), "enum": ["a", "b"]}})
    with pytest.raises(ProfileError, match="string for kind text"):
        input_schema({"text": {**text_field(64), "type": "number"}})
    with pytest.raises(ProfileError, match="one of label"):
        output_schema("text", text_field(64))
    for keyword in ("columns", "words", "seed"):
        field = text_field(64)
        del field["openmined"][keyword]
        with pytest.raises(ProfileError, match="it is missing"):
            input_schema({"text": field})


def test_the_widest_field_that_a_scheme_carries_is_accepted_and_one_column_more_refused() -> None:
    widest = schema_of(text=text_field(4096))
    check_size(Algorithm("logistic", scheme="rlwe"), widest, 8192, 8.0)
    with pytest.raises(ArtifactError, match="at most 4096 inputs"):
        check_size(
            Algorithm("logistic", scheme="rlwe"),
            schema_of(text=text_field(4096), more=number_field((0, 1))),
            8192,
            8.0,
        )


@pytest.mark.parametrize("values", [[1, 2], [1.5, 2.5], [True, False], ["7"] * 20, ["1.5e3", "-2"] * 10])
def test_a_text_column_of_numbers_is_refused(values: list[object]) -> None:
    schema = schema_of(text=text_field(64))
    with pytest.raises(BadValueError, match="a column that does not hold numbers") as refused:
        schema.select(pa.table({"text": values, "mood": ["good"] * len(values)}))
    assert (refused.value.row, refused.value.column) == (1, "text")


@pytest.mark.parametrize("values", [["7"] * 19, ["7"] * 20 + ["seven"], ["2026"]])
def test_a_few_numbers_among_texts_are_texts(values: list[str]) -> None:
    table = pa.table({"text": values, "mood": ["good"] * len(values)})
    assert schema_of(text=text_field(64)).select(table).num_rows == len(values)


def test_what_a_text_becomes_does_not_depend_on_the_texts_beside_it() -> None:
    """Of a mine's records, one could else turn all others from left out to used."""
    schema, numbers = schema_of(text=text_field(64)), ["7"] * 20
    alone, beside = (
        np.asarray(schema.encode(pa.table({"text": texts}))) for texts in (numbers, [*numbers, "seven"])
    )
    np.testing.assert_array_equal(alone, beside[:-1])


def test_a_text_of_ten_megabytes_is_named_and_not_repeated() -> None:
    schema = schema_of(text=text_field(64))
    longest = "a" * MAX_BYTES
    assert len(schema.encode(pa.table({"text": [longest]}))) == 1
    with pytest.raises(BadValueError, match="at most 1,048,576 bytes") as refused:
        schema.encode(pa.table({"text": ["short", "a" * 10_000_000]}))
    assert refused.value.row == 2
    assert len(str(refused.value)) < 300


def test_a_file_with_one_text_too_many_bytes_loses_that_record_only(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["text", "mood"], ["fine", "good"], ["b" * 2_000_000, "bad"], ["", "bad"]]
        )
    schema = schema_of(text=text_field(64))
    table, reading = read_records(CsvFile(path), schema, limit=Fraction(1))
    assert table.column("text").to_pylist() == ["fine"]
    assert reading.unusable["text"] == 2
    with pytest.raises(SchemaError, match="text"):
        read_records(CsvFile(path), schema, limit=Fraction(0))


def test_a_file_whose_text_column_holds_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("text,mood\n" + "".join(f"{price}.50,good\n" for price in range(40)))
    with pytest.raises(SchemaError, match="does not hold numbers"):
        read_records(CsvFile(path), schema_of(text=text_field(64)), limit=Fraction(1, 10))


def test_a_missing_text_is_dropped_or_replaced_as_the_spec_says() -> None:
    table = pa.table({"text": ["good day", None, "  "], "mood": ["good", "bad", "bad"]})
    for rule, left in (("drop", 1), ({"value": "nothing"}, 3)):
        field = text_field(64)
        field["openmined"]["missing"] = rule
        assert schema_of(text=field).select(table).num_rows == left
    with pytest.raises(BadValueError, match="is missing"):
        schema_of(text=text_field(64)).select(table)
