"""Both mines make the same numbers of texts, wherever they lie and however they are encoded, to the bit."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mine_agent.data.datasets import DataShelf
from openmined_syft.errors import OpenMinedError
from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.rules import rule_from
from pysonar.protocol.artifacts import Algorithm, Spec, Zeros
from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema, text_field
from pysonar.tables import read_records
from tests.artifacts.test_golden_artifacts import classifying_spec
from tests.json_types import JsonObject
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import Ask, asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
OUTPUT = output_schema("label", class_label(["ham", "spam"]))
WORDS = [
    "der", "die", "Straße", "großartig", "Café", "\u2165", "FULL", "\U0001f600", "isn't", "x-y",
    "\u0645\u06cc\u200c", "\u6771\u4eac", "3,5", "a",
]  # fmt: skip


def asked_of(fields: JsonObject, output: JsonObject = OUTPUT) -> JsonObject:
    return {"inputs": input_schema(fields), "output": output}


TEXTS = asked_of(
    {"text": text_field(64, words=2, characters=[2, 4], seed="s"), "words": number_field((0, 100))}
)


@pytest.fixture(scope="module")
def by_node() -> Iterator[Ask]:
    """What records Mine.js makes of registered data."""
    with asking("records.mjs") as ask:
        yield ask


def by_python(shelf: DataShelf, asked: JsonObject) -> JsonObject:
    """The same of the Python mine."""
    try:
        schema = Schema(asked["inputs"], asked["output"])
        data = shelf.get("own")
        with data.opened() as source:
            table, _ = read_records(source, schema, limit=data.unusable, written=data.written())
    except OpenMinedError as error:
        return {"error": type(error).__name__, "says": str(error)}
    encoded = np.asarray(schema.encode(table)).tolist()
    return {"digest": data.digest.hex(), "encoded": encoded, "labels": schema.encode_labels(table).tolist()}


def sentences(count: int) -> list[str]:
    chance = random.Random(11)
    return [" ".join(chance.choices(WORDS, k=chance.randrange(1, 30))) for _ in range(count)]


def western(count: int) -> list[str]:
    return [text.encode("cp1252", "ignore").decode("cp1252") for text in sentences(count)]


def add_folder(folder: Path, hostile: bool) -> None:
    """Texts of both labels in every encoding, and, if wanted, what is not one of them."""
    encodings = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
    for number, text in enumerate(western(40)):
        place = folder / ("ham", "spam")[number % 2] / ("", "inner/ham")[number % 3 == 0]
        place.mkdir(parents=True, exist_ok=True)
        written = ("Plain words before it. " * 3 + text).encode(encodings[number % len(encodings)])
        (place / f"{'Zz'[number % 2]}{number}.{('txt', 'MD', 'text')[number % 3]}").write_bytes(written)
    if not hostile:
        return
    ham = folder / "ham"
    (ham / "latin.txt").write_bytes(b"five \x81 bytes, and \x80 euro")
    (ham / "binary.txt").write_bytes(bytes(range(1, 32)) * 300)
    (ham / "empty.txt").write_bytes(b"\0\0 \r\n")
    (ham / "page.txt").write_bytes(b"<!DOCTYPE html><p>no text")
    (ham / "broken.txt").write_bytes("\ufeffcut off".encode("utf-16-le") + b"\x00\xd8\x20\x00")
    (ham / "torn.txt").write_bytes("\ufeffwords".encode("utf-32-le") + b"\x00\x00\x11\x00")
    with (ham / "long.txt").open("wb") as file:
        file.truncate((1 << 24) + 1)
    (ham / "other.csv").write_text("not,a,text")
    (ham / "loop").symlink_to(folder)
    (ham / "link.txt").symlink_to(ham / "latin.txt")
    os.mkfifo(ham / "pipe.txt")
    strange = os.fsencode(folder) + b"/ham\xff\xc3\xa4"
    Path(os.fsdecode(strange)).mkdir()
    Path(os.fsdecode(strange + b"/\xfe\xf0\x9f\x98\x80.txt")).write_text("a name that is not UTF-8")


@pytest.mark.parametrize("hostile", [False, True], ids=["plain", "hostile"])
def test_a_folder_of_texts_gives_the_same_records(by_node: Ask, tmp_path: Path, hostile: bool) -> None:
    add_folder(tmp_path / "texts", hostile)
    shelf = DataShelf(tmp_path / "data")
    shelf.add("own", tmp_path / "texts", replace=False, unusable=Fraction(1))
    asked = TEXTS
    if hostile:  # so that the label of a name that is no text is compared, too
        label = class_label(["ham", "ham?ä"])
        label["openmined"] = {**label["openmined"], "unknown": "drop"}
        asked = {**TEXTS, "output": output_schema("label", label)}
    told = by_node({"home": str(tmp_path), "name": "own", **asked})
    assert told == by_python(shelf, asked)
    assert len(told["encoded"]) >= 20
    assert not hostile or 1 in told["labels"]


def test_mine_js_looks_at_a_folder_as_the_python_mine_does(tmp_path: Path) -> None:
    add_folder(tmp_path / "texts", hostile=True)
    shelf = DataShelf(tmp_path / "python")
    data, seen = shelf.look("own", str(tmp_path / "texts"), unusable=Fraction(1))
    with asking("look.mjs") as ask:
        told = ask({"home": str(tmp_path), "location": str(tmp_path / "texts")})
    assert (told["kind"], told["rows"], told["digest"]) == (data.kind, data.rows, data.digest.hex())
    assert (told["faults"], told["first_fault"]) == (seen.faults, seen.first_fault)
    assert seen.faults == 6
    for answer, column in zip(told["columns"], seen.columns, strict=True):
        expected = (column.name, column.kind, column.missing, column.low, column.high)
        assert (answer["name"], answer["kind"], answer["missing"], answer["low"], answer["high"]) == expected


@pytest.mark.parametrize(
    ("encoding", "given"),
    [
        ("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("utf-16-le", None), ("utf-16-be", None),
        ("utf-32", None), ("cp1252", None), ("cp1252", "latin-1"), ("latin-1", "latin-1"),
    ],
)  # fmt: skip
def test_a_table_is_read_in_every_encoding_as_it_is_recognised_or_named(
    by_node: Ask, tmp_path: Path, encoding: str, given: str | None
) -> None:
    path, shelf = tmp_path / "own.csv", DataShelf(tmp_path / "data")
    beside = "\x80\x81" if encoding == "latin-1" else "€" if given is None else ""
    texts = [text.encode("latin-1", "ignore").decode("latin-1") for text in sentences(30)]
    lines = [f"{n};{text} ä{beside};{('ham', 'spam')[n % 2]}" for n, text in enumerate(texts)]
    path.write_bytes("\n".join(["size;text;label", *lines]).encode(encoding))
    shelf.add("own", path, replace=False, options={} if given is None else {"encoding": given})
    asked = asked_of({"text": text_field(4096, characters=[1, 1]), "size": number_field((0, 9))})
    told = by_node({"home": str(tmp_path), "name": "own", **asked})
    assert told == by_python(shelf, asked)
    assert len(told["encoded"]) == 30


ROWS: list[JsonObject] = [
    {"text": text, "label": ("ham", "spam")[number % 2], "size": number}
    for number, text in enumerate(sentences(60))
]


def with_numbers(rows: list[JsonObject], values: list[object]) -> list[JsonObject]:
    return [{**row, "text": values[number % len(values)]} for number, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ROWS, None),
        (with_numbers(ROWS, ["1.5", "-2e3", " 7 "]), "all 60 values of column 'text' are numbers; a text of"),
        (with_numbers(ROWS, ["1.5", "1,5"]), None),
        (with_numbers(ROWS[:19], ["1.5"]), None),
        (with_numbers(ROWS, [5, "five"]), "row 1, column 'text' is 5; a text of at most 1,048,576 bytes"),
        (with_numbers(ROWS[:4], ["x" * (1 << 20), "y"]), None),
        (
            with_numbers(ROWS[:4], ["\u00e4" * (1 << 19) + "x", "y"]),
            "a text of at most 1,048,576 bytes, from a",
        ),
        (with_numbers(ROWS, ["N/A", "y"]), "column 'text' is missing; a text of at most"),
        (with_numbers(ROWS, ["\ud800 half", "__proto__ constructor"]), None),
    ],
    ids=["texts", "numbers", "commas", "few numbers", "whole", "longest", "too long", "gaps", "half a pair"],
)
def test_texts_of_a_table_are_the_same_or_refused_in_the_same_words(
    by_node: Ask, tmp_path: Path, rows: list[JsonObject], says: str | None
) -> None:
    path, shelf = tmp_path / "own.jsonl", DataShelf(tmp_path / "data")
    path.write_text("\n".join(map(json.dumps, rows)))
    shelf.add("own", path, replace=False)
    asked = asked_of({"text": text_field(256, words=1, characters=[3, 3]), "size": number_field((0, 9))})
    told = by_node({"home": str(tmp_path), "name": "own", **asked})
    expected = by_python(shelf, asked)
    if says is None:
        assert len(expected["encoded"]) == len(rows)
    else:
        assert says in expected["says"]
        told["says"], expected["says"] = (
            told["says"][-200:],
            expected["says"][-200:],
        )  # a long text is shown cut
    assert told == expected


def changed(**meaning: object) -> Callable[[JsonObject], JsonObject]:
    def make(field: JsonObject) -> JsonObject:
        kept = {key: value for key, value in {**field["openmined"], **meaning}.items() if value is not None}
        return {**field, "openmined": kept}

    return make


@pytest.mark.parametrize(
    "change",
    [
        changed(), changed(columns=15), changed(columns=4097), changed(columns="64"), changed(columns=None),
        changed(words=4), changed(words=0), changed(words=-1), changed(words=True), changed(seed="é"),
        changed(seed="s" * 65), changed(seed="\n"), changed(seed=None), changed(seed=1),
        changed(characters=[3]), changed(characters=[4, 3]), changed(characters=[0, 3]),
        changed(characters=[1, 9]), changed(words=0, characters=[1, 8]), changed(clip=[0, 1]),
        changed(unknown="drop"), changed(missing="drop"), changed(missing={"value": " "}),
        changed(missing={"value": "x" * 129}), changed(missing={"value": "none given"}),
        changed(constructor=1),
        lambda field: {**field, "enum": ["a", "b"]}, lambda field: {**field, "type": "number"},
    ],
)  # fmt: skip
def test_a_field_of_texts_means_the_same_or_is_refused_in_the_same_words(
    by_node: Ask, tmp_path: Path, change: Callable[[JsonObject], JsonObject]
) -> None:
    shelf = DataShelf(tmp_path / "data")
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, [*ROWS, {"label": "ham"}])))
    shelf.add("own", tmp_path / "own.jsonl", replace=False)
    inputs = input_schema({"text": text_field(64)})
    inputs["properties"]["text"] = change(inputs["properties"]["text"])
    asked = {"inputs": inputs, "output": OUTPUT}
    assert by_node({"home": str(tmp_path), "name": "own", **asked}) == by_python(shelf, asked)


@pytest.mark.parametrize(
    "rule", [{"name": "gradient_descent", "steps": 20}, {"name": "proximal", "rho": 0.1}]
)
@pytest.mark.parametrize("columns", [16, 100])  # fewer than records, and more
def test_a_visit_to_texts_is_the_same_map_to_the_bit(tmp_path: Path, rule: JsonObject, columns: int) -> None:
    shelf, campaign = DataShelf(tmp_path / "data"), bytes(range(32))
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    shelf.add("own", tmp_path / "own.jsonl", replace=False)
    asked = asked_of({"text": text_field(columns), "size": number_field((0, 60), scale=60)})
    spec: Spec = replace(
        classifying_spec(),
        input_schema=asked["inputs"],
        output_schema=asked["output"],
        algorithm=Algorithm("logistic", rule, {}),
        initial=Zeros(),
        privacy_floor=None,
    )
    data = shelf.get("own")
    with data.opened() as source:
        table, _ = read_records(source, spec.schema, limit=data.unusable, written=data.written())
    rows = Rows(spec.schema.encode(table), spec.schema.encode_labels(table))
    family = spec.family_for(campaign)
    assert isinstance(family, LinearFamily)
    visit = family.compiled(rows, rule_from(rule))
    weights = [[str(n - 3)] for n in range(columns + 2)]
    with asking("learn.mjs") as ask:
        told = ask(
            {"home": str(tmp_path), "name": "own", "spec": spec.to_bytes().decode(),
             "campaign": campaign.hex(), "weights": weights, "bound": 8}
        )  # fmt: skip
    assert told["A"] == visit.A.ravel().tolist()
    assert told["c"] == visit.c.ravel().tolist()
