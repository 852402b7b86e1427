"""Both mines suggest the same mapping, word for word: for the tables of newcomers, and random ones."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.suggesting import as_toml, doubts, suggest
from mine_agent.data.units import unit_in
from mine_agent.data.vocabulary import GROUPS, STATISTICS, meanings, negated, statistic, tokens
from mine_agent.rows.data import suggestion_rows
from pysonar.protocol.schema import boolean_field, category_field, integer_field, number_field
from tests.json_types import JsonObject
from tests.mine.data.newcomers import TABLES, Wanted, wanted
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import Ask, asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
WORDS = f"{GROUPS} {STATISTICS}".split()
UNITS = (
    "", "", "", " (mm)", " [T€]", "_cm", " in Monaten", " (in kg)", " (%)", "_days", " (lbs)", " k€", "_pct",
    " [h]", "_h", " t", " (per year)", " [bar]", "_psi", " (mm/s)", "_run_in_s", " temp_f",
    " Temperatur (°C)",
)  # fmt: skip
LETTERS = "aAbBzZäÄßẞéÅςΣ\u0131İﬁŁœ9٣½Ⅷ_- .ꭰᏣ'\"\\\n\x7f\u200b\u0301\U0001d518漢"


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Mine.js, for questions about suggestions."""
    with asking("suggest.mjs") as answer:
        yield answer


def by_python(folder: Path, table: str, of: Wanted) -> JsonObject:
    """What the Python mine suggests; the data stay registered as "own" in the home `folder`."""
    path, shelf = folder / "own.csv", DataShelf(folder / "data")
    path.write_text(table, encoding="utf-8")
    data = shelf.add("own", path, replace=True)
    made = suggest(of.schema, shelf.seen(data))
    return {"rows": suggestion_rows(made), "toml": as_toml(made), "doubts": doubts(made)}


@pytest.mark.parametrize("name", TABLES)
def test_both_suggest_the_same_for_newcomers(ask: Ask, tmp_path: Path, name: str) -> None:
    table, of = TABLES[name]
    expected = by_python(tmp_path, table, of)
    assert ask({"home": str(tmp_path), "name": "own", "inputs": of.inputs, "output": of.output}) == expected
    assert any(row["column"] for row in expected["rows"]), "nothing is suggested: nothing is compared"


def test_both_suggest_the_same_for_random_tables_and_campaigns(ask: Ask, tmp_path: Path) -> None:
    chance = random.Random(17)
    found = []
    for _ in range(16):
        table, of = random_case(chance)
        expected = by_python(tmp_path, table, of)
        asked = {"home": str(tmp_path), "name": "own", "inputs": of.inputs, "output": of.output}
        assert ask(asked) == expected, table[:200]
        found += expected["rows"]
    # What a comparison is worth depends on what there was to compare.
    assert sum(row["column"] is not None for row in found) > 40
    assert sum(row["factor"] is not None for row in found) > 8
    assert sum(row["values"] is not None for row in found) > 8
    assert sum("as much alike" in row["why"] for row in found) > 1


def test_both_understand_the_same_by_every_known_word_its_compounds_and_any_letters(ask: Ask) -> None:
    chance = random.Random(5)
    names = list(WORDS)
    for _ in range(3000):
        names.append(
            chance.choice(WORDS) + chance.choice(("", "s", "n", "_", " ", "es")) + chance.choice(WORDS)
        )
        names.append(chance.choice(("un", "not ", "Nicht ", "kein", "")) + chance.choice(WORDS).title())
        names.append(chance.choice(WORDS) + chance.choice(UNITS))
        names.append("".join(chance.choices(LETTERS, k=chance.randrange(9))))
    told = ask({"names": names})
    assert len(told) == len(names)
    for name, answer in zip(names, told, strict=True):
        assert answer == understood(name), name


def test_both_take_case_and_letters_alike_for_all_of_unicode(ask: Ask) -> None:
    there = (chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    known = [letter for letter in there if unicodedata.category(letter) not in ("Cn", "Co")]
    letters = [letter for letter in known if letter.casefold() != letter or unicodedata.decomposition(letter)]
    letters += known[:12_000] + random.Random(2).sample(known, 5000)
    for first in range(0, len(letters), 20_000):
        some = letters[first : first + 20_000]
        told = ask({"names": some})
        wrong = [
            letter
            for letter, answer in zip(some, told, strict=True)
            if answer["tokens"] != tokens(letter) or answer["shown"] != repr(letter)
        ]
        assert wrong == []


def test_both_find_texts_as_much_alike_to_the_bit(ask: Ask) -> None:
    chance = random.Random(3)
    texts = [("", ""), ("a", ""), ("ab" * 150, "ba" * 120), ("x" * 300, "x" * 250)]
    for _ in range(500):
        few = chance.choice(("ab", "abcde", "abcdefghijklmnopqrstuvwxyzäöü\U0001d518"))
        one, other = ("".join(chance.choices(few, k=chance.randrange(1, 300))) for _ in range(2))
        texts.append((one, other))
    told = ask({"texts": texts})
    assert told == [SequenceMatcher(None, one, other).ratio() for one, other in texts]


def understood(name: str) -> JsonObject:
    """What the Python mine understands of a name."""
    unit = unit_in(name)
    return {
        "tokens": tokens(name),
        "meanings": sorted(meanings(name)),
        "statistic": statistic(name),
        "negated": negated(name),
        "shown": repr(name),
        "unit": None
        if unit is None
        else {
            "dimension": unit.dimension,
            "size": unit.size,
            "word": unit.word,
            "factors": unit.factors(None),
        },
    }


def random_name(chance: random.Random) -> str:
    words = [chance.choice(WORDS) for _ in range(chance.choice((1, 1, 2, 3)))]
    return chance.choice(("_", " ", "")).join(words) + chance.choice(UNITS)


def random_case(chance: random.Random) -> tuple[str, Wanted]:
    """A campaign, and a table whose columns are its fields under other names, or others."""
    groups = [line.split(" ") for line in GROUPS.strip().splitlines()]
    meant = chance.sample(groups, 5)
    high = chance.choice((1, 8.6, 128, 5_000, 106_000))
    fields: dict[str, JsonObject] = {
        meant[0][0] + chance.choice(("", "_mm", "_years", " (kg)")): number_field((0, high)),
        chance.choice(("mean ", "worst ", "")) + meant[1][0]: number_field((-high, high)),
        meant[2][0]: integer_field((0, 128)),
        meant[3][0] + "_": category_field(sorted({chance.choice(WORDS) for _ in range(4)} | {"other"})),
        "member": boolean_field(),
    }
    classes = sorted({chance.choice(WORDS), *chance.sample(("default", "repaid", "benign", "malignant"), 2)})
    of = wanted(fields, "outcome", *classes)
    names = list(dict.fromkeys(random_name(chance) for _ in range(4)))
    names += [chance.choice(group) + chance.choice(UNITS) for group in meant]
    names += [
        chance.choice(meant[1]) + chance.choice((" max", "_avg", "_b", " SD")),
        chance.choice(classes),
        "Ergebnis",
    ]
    names = list(dict.fromkeys(names))
    columns = [random_column(chance, classes, high) for _ in names]
    lines = [";".join(f'"{name}"' for name in names)]
    lines += [";".join(column[row] for column in columns) for row in range(40)]
    return "\n".join(lines) + "\n", of


def random_column(chance: random.Random, classes: list[str], high: float) -> list[str]:
    kind = chance.randrange(6)
    if kind == 0:
        return [f"{chance.uniform(0, high * chance.choice((1, 1.5, 3))):.3f}" for _ in range(40)]
    if kind == 1:
        factor = chance.choice((10, 0.1, 12, 1 / 2.54, 1000, 0.01, 77))
        return [f"{chance.uniform(0, high) * factor:.5f}" for _ in range(40)]
    if kind == 2:
        return [str(chance.randrange(1600)) for _ in range(40)]
    if kind == 3:
        return chance.choices(("ja", "nein"), k=40)
    if kind == 4:
        letters = [known[:1] for known in classes]
        return chance.choices(
            chance.choice((classes, letters, [known.title() + "s" for known in classes])), k=40
        )
    return chance.choices(WORDS, k=40)
