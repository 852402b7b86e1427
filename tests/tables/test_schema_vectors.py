"""What the schema's rules make of records, as known answers for other implementations: `vectors/schema`.

Each of `encoded` is two schema documents and a CSV text of one header line and plain values; `inputs` and
`labels` are the encodings, row by row, a float64 as 16 hexadecimal digits with the sign first. Each of
`unusable` has one record that no rule takes, named by `row` (the header is row 1) and `column`. Each of
`refused` is a schema document that is none, `path` naming the place. Run this file to write them anew.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from pysonar.protocol.schema import (
    BadValueError,
    ProfileError,
    Schema,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
)
from pysonar.tables import CsvFile, read_records
from tests.json_types import JsonObject
from tests.roles import dense

FILE = Path(__file__).parents[2] / "vectors/schema/vectors.json"


def with_rules(field: JsonObject, **rules: object) -> JsonObject:
    return {**field, "openmined": {**field["openmined"], **rules}}


NUMBER = number_field((-10, 10), center=2.5, scale=1.5)
COUNT = integer_field((0, 100), center=50, scale=25)
COLOUR = category_field(["red", "green", "other"])
SIZE = category_field([1, 2, 3])
LABEL = class_label(["no", "yes"])

ENCODED: list[tuple[str, JsonObject, JsonObject, str]] = [
    ("every kind, clipped, centred and scaled", {"n": NUMBER, "c": COUNT, "b": boolean_field(), "k": COLOUR},
     LABEL, "n,c,b,k,y\n1.25,3,true,red,no\n-11,1000,false,other,yes\n0.1,50,true,green,no\n"),
    ("an impossible number is clipped, a small one is kept", {"n": NUMBER}, LABEL,
     "n,y\n1e300,no\n-1e-300,yes\n0.30000000000000004,no\n"),
    ("a constant for a missing number", {"n": with_rules(NUMBER, missing={"value": 4})}, LABEL,
     "n,y\n1,no\n,yes\n3,no\n"),
    ("a constant beyond the clip is clipped", {"n": with_rules(NUMBER, missing={"value": 99})}, LABEL,
     "n,y\n,no\n1,yes\n"),
    ("a constant for a missing count and truth value",
     {"c": with_rules(COUNT, missing={"value": 7}),
      "b": with_rules(boolean_field(), missing={"value": True})},
     LABEL, "c,b,y\n,,no\n9,false,yes\n"),
    ("missing as a category of its own",
     {"k": with_rules(category_field(["red", "missing"]), missing={"value": "missing"})}, LABEL,
     "k,y\nred,no\n,yes\n"),
    ("unknown categories become one", {"k": with_rules(COLOUR, unknown={"value": "other"})}, LABEL,
     "k,y\nviolet,no\nred,yes\nRed,no\n"),
    ("unknown whole numbers become one", {"s": with_rules(SIZE, unknown={"value": 3})}, LABEL,
     "s,y\n1,no\n9,yes\n"),
    ("records are dropped for a gap, an unknown word and a missing label",
     {"n": with_rules(NUMBER, missing="drop"), "k": with_rules(COLOUR, unknown="drop")},
     with_rules(LABEL, missing="drop"), "n,k,y\n1,red,no\n,red,no\n2,violet,yes\n3,green,\n4,green,yes\n"),
    ("a label outside the classes drops its record", {"n": NUMBER}, with_rules(LABEL, unknown="drop"),
     "n,y\n1,no\n2,perhaps\n3,yes\n"),
    ("a label that is a number", {"n": NUMBER}, number_label((0, 100), center=50, scale=10),
     "n,y\n1,55\n2,200\n3,-5\n"),
    ("a label of whole numbers", {"n": NUMBER}, class_label([3, 1, 2]), "n,y\n1,1\n2,3\n3,2\n"),
]  # fmt: skip
UNUSABLE: list[tuple[str, JsonObject, JsonObject, str, int, str]] = [
    ("a required number", {"n": NUMBER}, LABEL, "n,y\n1,no\n,yes\n", 3, "n"),
    ("a word in a number", {"n": NUMBER}, LABEL, "n,y\ntwo,no\n", 2, "n"),
    ("a fraction in a count", {"c": COUNT}, LABEL, "c,y\n1.5,no\n", 2, "c"),
    ("an unknown category", {"k": COLOUR}, LABEL, "k,y\nviolet,no\n", 2, "k"),
    ("a missing label", {"n": NUMBER}, LABEL, "n,y\n1,\n", 2, "y"),
    ("an unknown label", {"n": NUMBER}, LABEL, "n,y\n1,perhaps\n", 2, "y"),
]
REFUSED: list[tuple[str, JsonObject, str]] = [
    ("a rule that there is not", with_rules(NUMBER, missing="mean"), "openmined.missing"),
    ("a word for a number", with_rules(NUMBER, missing={"value": "x"}), "openmined.missing.value"),
    (
        "a category that is not in the enum",
        with_rules(COLOUR, missing={"value": "violet"}),
        "openmined.missing.value",
    ),
    ("unknown where there is no enum", with_rules(NUMBER, unknown="drop"), "openmined.unknown"),
    ("more than a value", with_rules(NUMBER, missing={"value": 1, "by": "me"}), "openmined.missing"),
]


def hex_of(number: float) -> str:
    return struct.pack(">d", float(number)).hex()


def documents(fields: JsonObject, label: JsonObject) -> JsonObject:
    return {"input_schema": input_schema(fields), "output_schema": output_schema("y", label)}


def encoded(case: JsonObject, folder: Path) -> JsonObject:
    """What this implementation makes of the records."""
    path = folder / "records.csv"
    path.write_text(case["csv"])
    schema = Schema(case["input_schema"], case["output_schema"])
    table, reading = read_records(CsvFile(path), schema, limit=Fraction(0))
    return {
        "inputs": [[hex_of(value) for value in row] for row in dense(schema.encode(table))],
        "labels": [hex_of(value) for value in schema.encode_labels(table)],
        "kept": reading.kept,
        "dropped": dict(sorted(reading.dropped.items())),
        "filled": dict(sorted(reading.filled.items())),
    }


def made(folder: Path) -> Iterator[tuple[str, list[JsonObject]]]:
    cases = [{"name": name, **documents(fields, label), "csv": csv} for name, fields, label, csv in ENCODED]
    yield "encoded", [{**case, **encoded(case, folder)} for case in cases]
    yield (
        "unusable",
        [
            {"name": name, **documents(fields, label), "csv": csv, "row": row, "column": column}
            for name, fields, label, csv, row, column in UNUSABLE
        ],
    )
    yield "refused", [
        {
            "name": name,
            "input_schema": {
                "type": "object", "properties": {"x": field}, "required": ["x"],
                "openmined": {"fields": ["x"]},
            },
            "path": f"input_schema.properties.x.{path}",
        }
        for name, field, path in REFUSED
    ]  # fmt: skip


VECTORS = json.loads(FILE.read_text()) if FILE.exists() else {"encoded": [], "unusable": [], "refused": []}


@pytest.mark.parametrize("case", VECTORS["encoded"], ids=lambda case: str(case["name"]))
def test_records_become_these_very_bits(case: JsonObject, tmp_path: Path) -> None:
    found = encoded(case, tmp_path)
    assert found == {key: case[key] for key in found}


@pytest.mark.parametrize("case", VECTORS["unusable"], ids=lambda case: str(case["name"]))
def test_a_record_that_no_rule_takes_is_named(case: JsonObject, tmp_path: Path) -> None:
    with pytest.raises(BadValueError) as refused:
        encoded(case, tmp_path)
    assert (refused.value.row, refused.value.column) == (case["row"], case["column"])


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: str(case["name"]))
def test_a_rule_that_is_none_is_refused_with_its_place(case: JsonObject) -> None:
    with pytest.raises(ProfileError) as refused:
        Schema(case["input_schema"], output_schema("y", LABEL))
    assert refused.value.path == case["path"]


def test_the_vectors_are_those_that_this_file_writes(tmp_path: Path) -> None:
    assert dict(made(tmp_path)) == {key: VECTORS[key] for key in ("encoded", "unusable", "refused")}
    assert len(VECTORS["encoded"]) == len(ENCODED) > 10


if __name__ == "__main__":
    import tempfile

    FILE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        about = {"about": " ".join((__doc__ or "").split())}
        FILE.write_text(json.dumps(about | dict(made(Path(scratch))), indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{FILE}\n")
