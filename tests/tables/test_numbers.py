"""Numbers as people write them: what decides the decimal mark, and what is left unread."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.tables.numbers import Evidence, Notation, notations, parse_numbers


def mark_of(cells: list[str], *others: list[str]) -> str:
    columns = {}
    for place, column in enumerate([cells, *others]):
        columns[str(place)] = Evidence()
        columns[str(place)].add(pa.array(column))
    return notations(columns, None)["0"].mark


@pytest.mark.parametrize(
    ("cells", "others", "mark"),
    [
        (["1.5"], [], "."),
        (["1,5"], [], ","),
        (["0,125"], [], ","),
        (["1,500", "2,25"], [], ","),
        (["1,500", "2.25"], [], "."),
        (["1,500"], [], "?"),
        (["1,500"], [["2.25"]], "."),
        (["1,500"], [["2,25"]], ","),
        (["1,500"], [["2,25"], ["3.5"]], "?"),
        (["1.500"], [], "."),
        (["1.500"], [["2,25"]], ","),
        (["1.500", "1.5"], [["2,25"]], "."),
        (["1.500.000"], [], ","),
        (["1,500,000.5"], [], "."),
        (["1,5", "1.5"], [], "?"),
        (["7", "8"], [["2,25"]], "."),
    ],
)
def test_the_columns_own_cells_decide_then_the_files(
    cells: list[str], others: list[list[str]], mark: str
) -> None:
    assert mark_of(cells, *others) == mark


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1,5", ",", 1.5), ("-1.234.567,8", ",", -1234567.8), ("1.500", ",", 1500.0), (",5", ",", 0.5),
        ("1,500.25", ".", 1500.25), ("1,500", ".", 1500.0), ("1 500", ".", 1500.0),
        ("1\u00a0500,5", ",", 1500.5),
        ("1'500", ".", 1500.0), ("15%", ".", 0.15), ("12,5 %", ",", 0.125), ("1e3", ",", 1000.0),
        ("1,500", "?", None), ("1,5", ".", None), ("1.5", ",", None),
        ("1,50,000", ".", None), ("20.13 cm", ".", None),
        ("EURO 5", ".", None), ("\uff11\uff12", ".", None), ("0x10", ".", None),
        ("1_000", ".", None), ("", ".", None),
        ("--1", ".", None), ("1..5", ".", None), ("%", ".", None),
    ],
)  # fmt: skip
def test_what_a_text_means_with_each_mark(text: str, mark: str, number: float | None) -> None:
    assert parse_numbers(pa.array([text]), Notation(mark), Counter()).to_pylist() == [number]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_plain_numbers_are_read_exactly_and_without_a_note(numbers: list[float]) -> None:
    notes: Counter[str] = Counter()
    assert (
        parse_numbers(pa.array([repr(number) for number in numbers]), Notation(), notes).to_pylist()
        == numbers
    )
    assert not notes


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=8))
def test_german_and_english_spellings_mean_the_same(numbers: list[object]) -> None:
    english = pa.array([f"{number:,}" for number in numbers])
    german = pa.array([f"{number:,}".translate(str.maketrans(",.", ".,")) for number in numbers])
    read = parse_numbers(english, Notation(), Counter()).to_pylist()
    assert read == parse_numbers(german, Notation(","), Counter()).to_pylist()


@pytest.mark.parametrize(
    ("cells", "mark", "numbers", "note"),
    [
        (["57870.88 EUR", "5.5 EUR", ""], ".", [57870.88, 5.5, None], "'EUR' left out"),
        (["1.234,50 €", "2,5€", "-3 €"], ",", [1234.5, 2.5, -3.0], "'€' left out"),
        (["$1,261.50", "$3", "$4"], ".", [1261.5, 3.0, 4.0], "'$' left out"),
        (["1 EUR", "2 EUR", "3 USD"], ".", [1.0, 2.0, None], "'EUR' left out"),  # never one for the other
        (["EUR", "Euro 3", "3 EURO"], ".", [None, None, None], None),
    ],
)
def test_a_currency_that_all_amounts_have_is_left_out_and_said(
    cells: list[str], mark: str, numbers: list[float | None], note: str | None
) -> None:
    notes: Counter[str] = Counter()
    texts = pa.array(cells)
    evidence = Evidence()
    evidence.add(texts)
    seen = notations({"price": evidence}, None)["price"]
    assert parse_numbers(texts, seen, notes).to_pylist() == numbers
    assert note is None or notes[note] == sum(number is not None for number in numbers)
    assert seen.mark == mark
