"""A newcomer's files: German names, other units, yes and no for a class. What is guessed is said plainly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.mapping import parse_mapping
from mine_agent.data.matching import fit_by_values
from mine_agent.data.suggesting import Suggestion, as_toml, doubts, suggest
from mine_agent.data.units import unit_in
from mine_agent.data.vocabulary import meanings
from pysonar.protocol.schema import (
    Schema,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
)
from pysonar.tables import read_records

LOANS = Schema(
    input_schema(
        {
            "age": integer_field((0, 128)),
            "income": number_field((0, 106_000)),
            "debt": number_field((0, 59_500)),
            "years_employed": number_field((0, 27.6)),
            "home": category_field(["mortgage", "own", "rent"]),
            "late_payments": number_field((0, 5)),
        }
    ),
    output_schema("outcome", class_label(["default", "repaid"])),
)
GERMAN = "Alter;Einkommen (TEUR);Schulden (TEUR);Berufsjahre;Wohnen;Verzug;Ergebnis"
MONTHS = "age_months,income,debt,months employed,home,late payments,defaulted"


def bank(path: Path, *, german: bool, rows: int = 200) -> Path:
    random = np.random.default_rng(3)
    lines = [GERMAN if german else MONTHS]
    for n in range(rows):
        age, income, years = 20 + n % 50, random.uniform(9_000, 150_000), random.uniform(0.1, 28)
        debt, late = income * random.uniform(0, 0.8), n % 7
        if german:
            home, end = ("Miete", "Eigentum", "Hypothek")[n % 3], ("Ausfall", "bezahlt")[n % 2]
            cells = f"{age};{income / 1e3:.3f};{debt / 1e3:.3f};{years:.1f};{home};{late};{end}"
            lines.append(cells.replace(".", ","))
        else:
            home, end = ("rent", "own", "mortgage")[n % 3], ("yes", "no")[n % 2]
            lines.append(f"{age * 12},{income:.2f},{debt:.2f},{round(years * 12)},{home},{late},{end}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def suggested(path: Path, schema: Schema = LOANS) -> dict[str, Suggestion]:
    seen = DataShelf(path.parent / "shelf").look("own", str(path))[1]
    return {made.field: made for made in suggest(schema, seen)}


def test_german_names_and_words_and_thousands_of_euros_are_understood(tmp_path: Path) -> None:
    found = suggested(bank(tmp_path / "bank.csv", german=True))
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
    path = bank(tmp_path / "bank.csv", german=False)
    found = suggested(path)
    assert (found["age"].column, found["age"].factor) == ("age_months", 1 / 12)
    assert (found["years_employed"].column, found["years_employed"].factor) == ("months employed", 1 / 12)
    assert dict(found["outcome"].values) == {"yes": "default", "no": "repaid"}
    shelf = DataShelf(tmp_path / "shelf")
    shelf.add("own", path, replace=False)
    mapped = shelf.keep_mapping("own", parse_mapping(as_toml(list(found.values())), source="m"))
    assert fit_by_values(LOANS, mapped).fits
    with mapped.opened() as source:
        records = read_records(source, LOANS)[0].to_pylist()
    assert [record["age"] for record in records[:3]] == [20, 21, 22]  # whole again, though 252 x 1/12 is not
    assert [record["outcome"] for record in records[:2]] == ["default", "repaid"]


def test_months_between_birthdays_are_rounded_to_whole_years_where_a_campaign_wants_those(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bank.csv"
    months = [240, 246, 258, 731, 732, 745, 500, 888] * 5
    path.write_text("age_months\n" + "\n".join(map(str, months)) + "\n", encoding="utf-8")
    found = suggested(path)["age"]
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
    path = tmp_path / "bank.csv"
    path.write_text(f"age,{header}\n" + "30,ja\n40,nein\n" * 20, encoding="utf-8")
    made = suggested(path)["outcome"]
    assert made.column == header
    assert dict(made.values) == (values or {})
    unclear = "it is not clear which of 'ja', 'nein' means which of 'default' and 'repaid'"
    assert (unclear in str(made.doubt)) == (values is None)


def test_what_was_guessed_stands_in_the_file_and_is_said_and_so_is_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "bank.csv"
    lines = "".join(f"{9_000 * n},{('rent', 'own', 'castle')[n % 3]}\n" for n in range(1, 100))
    path.write_text(f"incomes,home\n{lines}", encoding="utf-8")
    made = list(suggested(path).values())
    said = "\n".join(doubts(made))
    assert "income from 'incomes' is a guess: x 0.1 is guessed from the range alone" in said
    assert "not translated: 'castle'" in said
    assert "no column was found for age, debt, years_employed, late_payments, outcome" in said
    text = as_toml(made)
    assert "# CHECK: x 0.1 is guessed" in text
    assert "# no column is alike: [age]" in text
    assert parse_mapping(text, source="m").origins["income"].factor == 0.1


def test_a_word_that_says_no_is_not_what_it_denies(tmp_path: Path) -> None:
    path = tmp_path / "bank.csv"
    path.write_text("outcome,age\n" + "not repaid,3\nrepaid,4\n" * 20, encoding="utf-8")
    assert dict(suggested(path)["outcome"].values) == {}


@pytest.mark.parametrize(
    ("name", "dimension", "word"),
    [
        ("SepalLength (mm)", "length", "mm"),
        ("Income [T€]", "money", "T€"),
        ("height_cm", "length", "cm"),
        ("Laufzeit in Monaten", "time", "monaten"),
        ("Gewicht (in kg)", "mass", "kg"),
        ("Quote (%)", "share", "%"),
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


# Three laboratories that name the same statistics of the same quantities in their own way.
# The ranges do not tell which is which.
OF_EACH = ("radius", "area", "concave points", "smoothness")
CELLS = Schema(
    input_schema(
        {
            name: number_field((0, 100))
            for of in OF_EACH
            for name in (f"mean {of}", f"{of} error", f"worst {of}")
        }
    ),
    output_schema("diagnosis", class_label(["benign", "malignant"])),
)
GERMAN_NAMES = ("Radius", "Fläche", "Konkave Punkte", "Glätte")


@pytest.mark.parametrize(
    ("names", "mean", "error", "worst", "label", "words"),
    [
        (GERMAN_NAMES, "{} (Mittel)", "{} (Streuung)", "{} (größter)", "Befund", ("gutartig", "bösartig")),
        ([of.replace(" ", "_") for of in OF_EACH], "{}_mean", "{}_se", "{}_worst", "diagnosis", ("B", "M")),
        (
            [of.replace(" ", "").upper() for of in OF_EACH],
            "AVG_{}", "SD_{}", "MAX_{}", "Result", ("Benign", "Malign"),
        ),
    ],
)  # fmt: skip
def test_mean_spread_and_highest_of_a_quantity_are_told_apart_by_their_names_alone(
    tmp_path: Path,
    names: tuple[str, ...],
    mean: str,
    error: str,
    worst: str,
    label: str,
    words: tuple[str, str],
) -> None:
    columns = [pattern.format(name) for pattern in (worst, mean, error) for name in names]
    rows = [",".join([*(f"{(n * 7 + k) % 90}.5" for k in range(12)), words[n % 2]]) for n in range(60)]
    (tmp_path / "lab.csv").write_text("\n".join([",".join([*columns, label]), *rows]), encoding="utf-8")

    found = suggested(tmp_path / "lab.csv", CELLS)

    for of, name in zip(OF_EACH, names, strict=True):
        assert found[f"mean {of}"].column == mean.format(name)
        assert found[f"{of} error"].column == error.format(name)
        assert found[f"worst {of}"].column == worst.format(name)
        assert {found[field].doubt for field in (f"mean {of}", f"{of} error", f"worst {of}")} == {None}
    assert found["diagnosis"].column == label
    assert found["diagnosis"].doubt  # a guess, and said to be one
    assert dict(found["diagnosis"].values) == {words[0]: "benign", words[1]: "malignant"}


def test_a_column_that_is_as_much_alike_and_a_statistic_that_no_name_says_are_doubts(tmp_path: Path) -> None:
    lines = ["radius,area_a,area_b,colour", *(f"{n}.5,{n}.2,{n}.3,{'rg'[n % 2]}x" for n in range(60))]
    (tmp_path / "lab.csv").write_text("\n".join(lines))
    wanted = Schema(
        input_schema({"mean radius": number_field((0, 100)), "area": number_field((0, 100))}),
        output_schema("diagnosis", class_label(["benign", "malignant"])),
    )
    found = suggested(tmp_path / "lab.csv", wanted)
    assert "does not say that it is the mean" in str(found["mean radius"].doubt)
    assert "'area_b' is as much alike" in str(found["area"].doubt)
    assert found["diagnosis"].column is None


def test_the_file_shows_how_to_translate_the_words_that_are_not_understood(tmp_path: Path) -> None:
    lines = ["diagnosis", *("G1" if n % 2 else "G2" for n in range(60))]
    (tmp_path / "lab.csv").write_text("\n".join(lines))
    label = Schema(
        input_schema({"mean radius": number_field((0, 100))}),
        output_schema("diagnosis", class_label(["benign", "malignant"])),
    )
    text = as_toml([suggested(tmp_path / "lab.csv", label)["diagnosis"]])
    assert """# yours = the campaign's, "benign" or "malignant":""" in text
    example = text.replace("# values", "values")
    assert dict(parse_mapping(example, source="m").origins["diagnosis"].values) == {
        "G1": "benign", "G2": "benign",
    }  # fmt: skip


def test_millimetres_become_centimetres_and_not_inches_though_outliers_lie_beyond_the_clip(
    tmp_path: Path,
) -> None:
    lines = ["perimeter (mm)", *(f"{8 + n * 1.7:.1f}" for n in range(60))]
    (tmp_path / "lab.csv").write_text("\n".join(lines))
    wanted = Schema(
        input_schema({"perimeter": number_field((0, 8.6))}),
        output_schema("diagnosis", class_label(["benign", "malignant"])),
    )
    assert suggested(tmp_path / "lab.csv", wanted)["perimeter"].factor == 0.1
