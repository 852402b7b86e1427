"""A newcomer's files: German names, other units, yes and no for a class. What is guessed is said plainly."""

from __future__ import annotations

from pathlib import Path

import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.mapping import parse_mapping
from mine_agent.data.matching import fit_by_values
from mine_agent.data.suggesting import Suggestion, as_toml, doubts, suggest
from mine_agent.data.units import unit_in
from mine_agent.data.vocabulary import meanings
from pysonar.protocol.schema import Schema, input_schema, integer_field, number_label, output_schema
from pysonar.tables import read_records
from tests.mine.data.newcomers import (
    AREAS,
    CELLS,
    DIAGNOSIS,
    LABORATORIES,
    LOANS,
    OF_EACH,
    PERIMETERS,
    PUMPS,
    Wanted,
    bank,
    birthdays,
    castles,
    denied,
    laboratory,
    millimetres,
    pumps,
    rivals,
    unknown_words,
    yes_or_no,
)


def suggested(path: Path, table: str, of: Wanted = LOANS) -> dict[str, Suggestion]:
    path.write_text(table, encoding="utf-8")
    seen = DataShelf(path.parent / "shelf").look("own", str(path))[1]
    return {made.field: made for made in suggest(of.schema, seen)}


def test_german_names_and_words_and_thousands_of_euros_are_understood(tmp_path: Path) -> None:
    found = suggested(tmp_path / "bank.csv", bank(german=True))
    assert {field: (made.column, made.factor) for field, made in found.items()} == {
        "age": ("Alter", 1.0),
        "income": ("Einkommen (TEUR)", 1000.0),
        "debt": ("Schulden (TEUR)", 1000.0),
        "years_employed": ("Berufsjahre", 1.0),
        "home": ("Wohnen", 1.0),
        "late_payments": ("Verzug", 1.0),
        "outcome": ("Ergebnis", 1.0),
    }
    assert dict(found["home"].values) == {"Miete": "rent", "Eigentum": "own", "Hypothek": "mortgage"}
    assert dict(found["outcome"].values) == {"Ausfall": "default", "bezahlt": "repaid"}
    assert doubts(list(found.values())) == []


def test_months_become_years_and_yes_in_a_column_called_after_a_class_is_that_class(tmp_path: Path) -> None:
    path = tmp_path / "bank.csv"
    found = suggested(path, bank(german=False))
    assert (found["age"].column, found["age"].factor) == ("age_months", 1 / 12)
    assert (found["years_employed"].column, found["years_employed"].factor) == ("months employed", 1 / 12)
    assert dict(found["outcome"].values) == {"yes": "default", "no": "repaid"}
    shelf = DataShelf(tmp_path / "shelf")
    shelf.add("own", path, replace=False)
    mapped = shelf.keep_mapping("own", parse_mapping(as_toml(list(found.values())), source="m"))
    assert fit_by_values(LOANS.schema, mapped).fits
    with mapped.opened() as source:
        records = read_records(source, LOANS.schema)[0].to_pylist()
    assert [record["age"] for record in records[:3]] == [20, 21, 22]  # whole again, though 252 x 1/12 is not
    assert [record["outcome"] for record in records[:2]] == ["default", "repaid"]


def test_months_between_birthdays_are_rounded_to_whole_years_where_a_campaign_wants_those(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bank.csv"
    found = suggested(path, birthdays())["age"]
    assert (found.factor, found.rounds) == (1 / 12, True)
    assert "so that values are rounded" in str(found.doubt)
    whole = Schema(
        input_schema({"age": integer_field((0, 128))}), output_schema("age_months", number_label((0, 1500)))
    )
    shelf = DataShelf(tmp_path / "shelf")
    shelf.add("own", path, replace=False)
    text = as_toml([found])
    unrounded = shelf.keep_mapping("own", parse_mapping(text.replace("round = true\n", ""), source="m"))
    problem = str(fit_by_values(whole, unrounded).problem)
    assert "row 3, column 'age' is 20.5; a whole number is expected" in problem
    assert "round = true at [age] in its mapping takes the nearest whole number" in problem
    rounded = shelf.keep_mapping("own", parse_mapping(text, source="m"))
    assert fit_by_values(whole, rounded).fits
    with rounded.opened() as source:
        records = read_records(source, whole)[0].to_pylist()
    assert [record["age"] for record in records[:8]] == [20, 20, 22, 61, 61, 62, 42, 74]  # halves: to even


@pytest.mark.parametrize(
    ("header", "values"), [("outcome", None), ("Ausfall", {"ja": "default", "nein": "repaid"})]
)
def test_yes_and_no_are_never_a_class_by_chance(
    tmp_path: Path, header: str, values: dict[str, str] | None
) -> None:
    made = suggested(tmp_path / "bank.csv", yes_or_no(header))["outcome"]
    assert made.column == header
    assert dict(made.values) == (values or {})
    unclear = "it is not clear which of 'ja', 'nein' means which of 'default' and 'repaid'"
    assert (unclear in str(made.doubt)) == (values is None)


def test_what_was_guessed_stands_in_the_file_and_is_said_and_so_is_what_is_missing(tmp_path: Path) -> None:
    made = list(suggested(tmp_path / "bank.csv", castles()).values())
    said = "\n".join(doubts(made))
    assert "income from 'incomes' is a guess: x 0.1 is guessed from the range alone" in said
    assert "not translated: 'castle'" in said
    assert "no column was found for age, debt, years_employed, late_payments, outcome" in said
    text = as_toml(made)
    assert "# CHECK: x 0.1 is guessed" in text
    assert "# no column is alike: [age]" in text
    assert parse_mapping(text, source="m").origins["income"].factor == 0.1


def test_a_word_that_says_no_is_not_what_it_denies(tmp_path: Path) -> None:
    assert dict(suggested(tmp_path / "bank.csv", denied())["outcome"].values) == {}


@pytest.mark.parametrize(
    ("name", "dimension", "word"),
    [
        ("SepalLength (mm)", "length", "mm"),
        ("Income [T€]", "money", "T€"),
        ("height_cm", "length", "cm"),
        ("Laufzeit in Monaten", "time", "monaten"),
        ("Gewicht (in kg)", "mass", "kg"),
        ("Quote (%)", "share", "%"),
        ("Druck [bar]", "pressure", "bar"),
        ("Schwingung mm/s", "speed", "mm/s"),
        ("Schwingung [mm/s]", "speed", "mm/s"),
        ("vibration_in_s", "speed", "in/s"),
        ("age", "none", ""),
        ("in", "none", ""),
    ],
)
def test_units_are_found_where_people_write_them(name: str, dimension: str, word: str) -> None:
    found = unit_in(name)
    assert (("none", "") if found is None else (found.dimension, found.word)) == (dimension, word)


def test_compounds_and_both_spellings_of_umlauts_mean_the_same() -> None:
    assert meanings("Zahlungsverzug") == {"payment", "late"} == meanings("late_payments")
    assert meanings("Körpergröße") == meanings("Koerpergroesse") == {"height"}
    assert meanings("xyzzy") == frozenset()


@pytest.mark.parametrize(("names", "mean", "error", "worst", "label", "words"), LABORATORIES)
def test_mean_spread_and_highest_of_a_quantity_are_told_apart_by_their_names_alone(
    tmp_path: Path,
    names: tuple[str, ...],
    mean: str,
    error: str,
    worst: str,
    label: str,
    words: tuple[str, str],
) -> None:
    found = suggested(tmp_path / "lab.csv", laboratory(names, mean, error, worst, label, words), CELLS)

    for of, name in zip(OF_EACH, names, strict=True):
        assert found[f"mean {of}"].column == mean.format(name)
        assert found[f"{of} error"].column == error.format(name)
        assert found[f"worst {of}"].column == worst.format(name)
        assert {found[field].doubt for field in (f"mean {of}", f"{of} error", f"worst {of}")} == {None}
    assert found["diagnosis"].column == label
    assert found["diagnosis"].doubt  # a guess, and said to be one
    assert dict(found["diagnosis"].values) == {words[0]: "benign", words[1]: "malignant"}


def test_a_column_that_is_as_much_alike_and_a_statistic_that_no_name_says_are_doubts(tmp_path: Path) -> None:
    found = suggested(tmp_path / "lab.csv", rivals(), AREAS)
    assert "does not say that it is the mean" in str(found["mean radius"].doubt)
    assert "'area_b' is as much alike" in str(found["area"].doubt)
    assert found["diagnosis"].column is None


def test_the_file_shows_how_to_translate_the_words_that_are_not_understood(tmp_path: Path) -> None:
    text = as_toml([suggested(tmp_path / "lab.csv", unknown_words(), DIAGNOSIS)["diagnosis"]])
    assert """# yours = the campaign's, "benign" or "malignant":""" in text
    example = text.replace("# values", "values").replace("...", "benign")  # as its owner would say
    assert dict(parse_mapping(example, source="m").origins["diagnosis"].values) == {
        "G1": "benign", "G2": "benign",
    }  # fmt: skip
    some = Suggestion("f", "c", values=(("a", "x"),), doubt="d", untranslated=("b",), classes=("x", "y"))
    assert """# into values above: "b" = "...\"""" in as_toml([some]), "one table has no two values"


def test_units_of_pressure_speed_and_temperature_are_known_and_degrees_have_an_offset(tmp_path: Path) -> None:
    found = suggested(tmp_path / "works.csv", pumps(), PUMPS)
    assert found["pressure_bar"].factor == pytest.approx(0.0689475729)
    assert found["vibration_mm_s"].factor == 25.4
    assert found["pressure_bar"].doubt is None
    assert found["vibration_mm_s"].doubt is None
    assert str(found["bearing_temperature_c"].doubt) == (
        "it is in F, the campaign's in C: write factor = 0.5555555556 and offset = -17.7777777778 into the"
        " mapping"
    )


def test_a_unit_in_a_name_that_does_not_explain_the_range_is_not_denied(tmp_path: Path) -> None:
    table = pumps().replace("pressure_psi", "pressure_mm")
    doubt = str(suggested(tmp_path / "works.csv", table, PUMPS)["pressure_bar"].doubt)
    assert "is guessed from the range alone; 'mm' in its name does not say so" in doubt


def test_millimetres_become_centimetres_and_not_inches_though_outliers_lie_beyond_the_clip(
    tmp_path: Path,
) -> None:
    assert suggested(tmp_path / "lab.csv", millimetres(), PERIMETERS)["perimeter"].factor == 0.1
