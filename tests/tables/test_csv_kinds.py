"""Every kind of file gets one answer, whether a scientist or a mine reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.matching import fit_by_values
from openmined_syft.errors import OpenMinedError
from pysonar.tables import read_csv

from .kinds_of_files import READABLE, REFUSED, SCHEMA


def scientists_answer(path: Path) -> pa.Table | str:
    try:
        return read_csv(path, SCHEMA)
    except OpenMinedError as error:
        return str(error)


def mines_answer(path: Path, folder: Path) -> str | None:
    """None if the mine would train on it."""
    try:
        data = DataShelf(folder / "shelf").add("data", path, replace=False)
    except OpenMinedError as error:
        return str(error)
    fit = fit_by_values(SCHEMA, data)
    if fit.missing:
        return f"no column {', '.join(map(repr, fit.missing))}"
    return fit.problem


@pytest.mark.parametrize("kind", READABLE)
def test_what_can_be_read_is_read_alike_by_scientist_and_mine(kind: str, tmp_path: Path) -> None:
    content, first, records = READABLE[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(content)
    read = scientists_answer(path)
    assert isinstance(read, pa.Table), read
    assert read.num_rows == records
    assert read.slice(0, 1).to_pylist()[0] == {
        "a": first, "b": 2, "ok": True, "c": "x", "kind": "setosa",
    }  # fmt: skip
    assert mines_answer(path, tmp_path) is None


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_alike_and_by_its_cause(kind: str, tmp_path: Path) -> None:
    content, words = REFUSED[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(content)
    said = scientists_answer(path)
    assert isinstance(said, str)
    assert re.search(words, said), said
    answer = mines_answer(path, tmp_path)
    assert answer is not None
    assert re.search(words.rpartition("no column 'a'")[2], answer), answer


def test_there_are_at_least_71_kinds() -> None:
    assert len(READABLE) + len(REFUSED) >= 71
