"""Mappings: the owner's names, units and words become a campaign's, and nothing else changes."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from mine_agent.data.datasets import DataSet, DataShelf
from mine_agent.data.mapping import MOST_BYTES, parse_mapping, read_mapping
from mine_agent.data.matching import fit_by_names, fit_by_values
from mine_agent.data.suggesting import as_toml, suggest
from mine_agent.errors import DataError
from pysonar.protocol.schema import (
    Schema,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    output_schema,
)
from pysonar.tables import read_records

SCHEMA = Schema(
    input_schema(
        {
            "sepal_length_cm": number_field((3, 9)),
            "age": integer_field((0, 120)),
            "smoker": boolean_field(),
            "country": category_field(["DE", "FR"]),
            "born": integer_field((1900, 2030)),
        }
    ),
    output_schema("species", class_label(["setosa", "virginica"])),
)
OWN = (
    "SepalLength;Alter;Smoker;birth;Species\n"
    "51,5;33;ja;26.11.1990;Iris setosa\n"
    "63;44;nein;01.02.1985;Iris virginica\n"
)
MAPPING = """
[sepal_length_cm]
column = "SepalLength"
factor = 0.1
[age]
column = "Alter"
[smoker]
column = "Smoker"
[country]
constant = "DE"
[born]
column = "birth"
date = "year"
[species]
column = "Species"
values = { "Iris setosa" = "setosa", "Iris virginica" = "virginica" }
"""


@pytest.fixture
def shelf(tmp_path: Path) -> DataShelf:
    return DataShelf(tmp_path / "data")


@pytest.fixture
def data(shelf: DataShelf, tmp_path: Path) -> DataSet:
    path = tmp_path / "own.csv"
    path.write_text(OWN)
    return shelf.add("own", path, replace=False)


def records(data: DataSet) -> list[dict[str, object]]:
    with data.opened() as source:
        return read_records(source, SCHEMA)[0].to_pylist()


def test_other_names_units_words_dates_and_constants(shelf: DataShelf, data: DataSet) -> None:
    assert not fit_by_names(SCHEMA, data).fits
    mapped = shelf.keep_mapping("own", parse_mapping(MAPPING, source="m"))
    assert fit_by_values(SCHEMA, mapped).fits
    first, second = records(mapped)
    assert first == {
        "sepal_length_cm": pytest.approx(5.15), "age": 33, "smoker": True, "country": "DE", "born": 1990,
        "species": "setosa",
    }  # fmt: skip
    assert (second["species"], second["smoker"], second["born"]) == ("virginica", False, 1985)


def test_a_mapping_is_kept_forgotten_and_changes_what_the_data_are(shelf: DataShelf, data: DataSet) -> None:
    mapped = shelf.keep_mapping("own", parse_mapping(MAPPING, source="m"))
    assert shelf.get("own") == mapped
    assert mapped.digest != data.digest
    assert mapped.renewed() == mapped
    assert shelf.keep_mapping("own", None) == data
    shelf.keep_mapping("own", parse_mapping(MAPPING, source="m"))
    shelf.remove("own")
    assert not list((shelf._folder).iterdir())


def test_what_a_factor_or_a_date_cannot_be_applied_to_is_a_fault_never_a_gap(
    shelf: DataShelf, data: DataSet, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text(OWN + "tall;33;ja;26.11.1990;Iris setosa\n60;33;ja;soon;Iris setosa\n")
    shelf.add("own", tmp_path / "own.csv", replace=True)
    mapped = shelf.keep_mapping("own", parse_mapping(MAPPING, source="m"))
    fit = fit_by_values(SCHEMA, mapped)
    assert fit.problem is not None
    assert "row 4 column 'SepalLength' is not a number" in fit.problem
    assert "2 of 4" in fit.problem


def test_a_field_whose_column_is_not_there_is_missing_by_name(shelf: DataShelf, data: DataSet) -> None:
    text = MAPPING.replace('"Alter"', '"Jahre"')
    assert fit_by_names(SCHEMA, shelf.keep_mapping("own", parse_mapping(text, source="m"))).missing == (
        "age",
    )


def test_names_units_and_words_are_suggested(shelf: DataShelf, data: DataSet) -> None:
    suggestions = {made.field: made for made in suggest(SCHEMA, shelf.seen(data))}
    assert (suggestions["sepal_length_cm"].column, suggestions["sepal_length_cm"].factor) == (
        "SepalLength",
        0.1,
    )
    assert suggestions["smoker"].column == "Smoker"
    assert suggestions["country"].column is None
    assert dict(suggestions["species"].values) == {"Iris setosa": "setosa", "Iris virginica": "virginica"}
    again = parse_mapping(as_toml(list(suggestions.values())), source="m")
    assert again.origins["sepal_length_cm"].factor == 0.1
    assert "country" not in again.origins


def test_a_column_of_the_fields_own_name_goes_before_a_similar_one(shelf: DataShelf, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("ages,age\n1,2\n")
    seen = shelf.seen(shelf.add("two", path, replace=False))
    assert {made.field: made.column for made in suggest(SCHEMA, seen)}["age"] == "age"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_mapping_as_an_editor_saved_it_is_the_same_mapping(
    shelf: DataShelf, data: DataSet, tmp_path: Path, codec: str
) -> None:
    """Else the data would count as others, and a new release of them be charged."""
    (tmp_path / "plain.toml").write_text(MAPPING)
    (tmp_path / "edited.toml").write_bytes(MAPPING.replace("\n", "\r\n").encode(codec))
    plain, edited = (read_mapping(tmp_path / f"{name}.toml") for name in ("plain", "edited"))
    assert edited == plain
    kept = shelf.keep_mapping("own", plain)
    (tmp_path / "data" / "own.mapping.toml").write_bytes(MAPPING.encode(codec))
    assert shelf.get("own") == kept


def test_a_field_is_found_in_whatever_form_its_accents_were_typed() -> None:
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, '["Größe"]\ncolumn = "x"\n')
        assert list(parse_mapping(text, source="m").origins) == [unicodedata.normalize("NFC", "Größe")]


def test_a_mapping_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    with pytest.raises(FileNotFoundError):
        read_mapping(path)
    path.write_bytes(b'["Gr\xf6\xdfe"]\ncolumn = "x"\n')
    with pytest.raises(DataError, match=r"own\.toml: line 1 holds bytes that are not UTF-8"):
        read_mapping(path)
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(DataError, match="longer than"):
        read_mapping(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a", "not TOML"),
        ('[a]\ncolumn = "x"\n[a]\ncolumn = "y"', "not TOML|appears twice"),
        ("a = " + "[" * 100_000, "levels of brackets"),
        ("a = 1", "expected a table"),
        ("[a]", "either column or constant"),
        ('[a]\ncolumn = "x"\nconstant = 1', "either column or constant"),
        ('[a]\ncolumn = "x"\nfactor = 0', "factor is 0"),
        ('[a]\ncolumn = "x"\nfactor = inf', "a finite number"),
        ('[a]\ncolumn = "x"\nfactor = true', "a finite number"),
        ('[a]\ncolumn = "x"\ndate = "century"', "expected one of year"),
        ('[a]\ncolumn = "x"\nunit = "mm"', "known: column"),
        ('[a]\ncolumn = "x"\nvalues = [1]', "a table of words"),
        ('[a]\ncolumn = "x"\nfactor = 2\ndate = "year"', "only one of"),
        ("[a]\nconstant = 1\nfactor = 2", "no other keys"),
        ("[a]\ncolumn = 7", "expected a name"),
    ],
)
def test_mappings_that_are_none(text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        parse_mapping(text, source="my mapping")


@pytest.mark.parametrize(
    ("name", "largest", "factor"),
    [
        ("DEBT", 107_889, 1.0),
        ("debt", 430_000, 0.1),
        ("debts_of_all", 107_889, 1.0),
        ("debts_of_all", 430_000, 0.1),
        ("debt", 43, 100.0),
    ],
)
def test_outliers_beyond_the_clip_are_no_other_unit_and_a_unit_by_the_range_alone_is_said_to_be_a_guess(
    tmp_path: Path, name: str, largest: int, factor: float
) -> None:
    schema = Schema(
        input_schema({"debt": number_field((0, 43_200))}), output_schema("y", class_label(["a", "b"]))
    )
    path = tmp_path / "bank.csv"
    lines = "".join(f"{largest * row / 100},{'ab'[row % 2]}\n" for row in range(101))
    path.write_text(f"{name},y\n{lines}")
    seen = DataShelf(tmp_path / "shelf").look("bank", str(path))[1]
    suggested = {one.field: one for one in suggest(schema, seen)}["debt"]
    assert (suggested.column, suggested.factor) == (name, factor)
    assert ("guessed from the range alone" in str(suggested.doubt)) == (factor != 1.0)
