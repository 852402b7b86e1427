"""Sources that cannot be understood: each is refused by name, row and what would be right."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from mine_agent.data.adapters import adapter_for
from mine_agent.data.datasets import DataShelf
from mine_agent.errors import DataError
from openmined_syft.errors import OpenMinedError
from pysonar.protocol.schema import BadValueError, FileFormatError
from pysonar.tables import read_records

from ..conftest import SCHEMA, made_records
from ..writing import FILES


def add(location: Path | str, folder: Path, **options: str) -> None:
    DataShelf(folder / "shelf").add("bad", location, replace=True, options=options)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.parquet", b"PAR1 and no more", "a.parquet: not a Parquet file"),
        ("a.parquet", b"", "a.parquet: not a Parquet file"),
        ("a.arrow", b"ARROW1\0\0 and no more", "a.arrow: not an Arrow file"),
        ("a.arrows", b"\xff" * 40, "a.arrows: not an Arrow file"),
        ("a.sqlite", b"not a database", "a.sqlite: not an SQLite database"),
        ("a.sqlite", b"SQLite format 3\0" + bytes(100), "a.sqlite: SQLite says"),
        ("a.jsonl", b"[1, 2]\n", "a.jsonl: no line is a JSON object"),
        ("a.jsonl", b"\xff\xfe\n", "a.jsonl: no line is a JSON object"),
        ("a.jsonl", b"", "a.jsonl: no line is a JSON object"),
        ("a.csv", b"PAR1....PAR1", "a.csv: not a Parquet file"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(OpenMinedError) as caught:
        add(path, tmp_path, **({"table": "t"} if name == "a.sqlite" else {}))
    assert says in str(caught.value)


def test_lines_that_are_no_objects_are_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = '{"height": 1, "age": 2, "member": true, "colour": "red", "kind": "a"}\n'
    path.write_text(good * 199 + "oops\n" + good)
    table, reading = read_records(adapter_for(str(path)).source(str(path), {}), SCHEMA)
    assert (table.num_rows, dict(reading.unusable)) == (200, {"": 1})
    path.write_text("oops\n" + good)
    with pytest.raises(FileFormatError, match="row 1 is not a JSON object"):
        read_records(adapter_for(str(path)).source(str(path), {}), SCHEMA)


def test_brackets_without_end_are_one_bad_line_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    smileys = '{"height": ":[", "age": ":{", "member": "' + "[" * 500 + '"}\n'
    path.write_text(smileys + "[" * 200_000 + "\n" + '{"height": ' * 200_000 + "\n")
    batches = list(adapter_for(str(path)).source(str(path), {}).batches(["height"]))
    assert [batch.records.num_rows for batch in batches] == [1]
    assert [fault.row for batch in batches for fault in batch.faults] == [2, 3]


def damaged_in_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    at = len(content) // 2
    content[at : at + 200] = b"\xa5" * 200
    path.write_bytes(content)


def test_a_parquet_file_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    location, _ = FILES["parquet"](made_records(50_000), tmp_path)
    damaged_in_the_middle(Path(location))
    with pytest.raises(OpenMinedError, match=r"people\.parquet"):
        add(location, tmp_path)


def test_a_wrong_value_far_down_is_named_with_its_row(tmp_path: Path) -> None:
    """In the nine thousandth batch as in the first: rows are counted through all batches."""
    count = 200_000
    table = made_records(count)
    heights = [str(height) for height in table.column("height").to_pylist()]
    heights[177_776] = "tall"
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(table.set_column(0, "height", pa.array(heights)), path)
    source = adapter_for(str(path)).source(str(path), {})
    with pytest.raises(BadValueError, match="row 177777, column 'height' is 'tall'"):
        read_records(source, SCHEMA, limit=np.float64(0))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["drop", "rename"])
def test_a_table_that_loses_a_column_is_named(change: str, tmp_path: Path) -> None:
    location, options = FILES["sqlite"](made_records(10), tmp_path)
    data = DataShelf(tmp_path / "shelf").add("people", location, replace=True, options=options)
    with sqlite3.connect(location) as database:
        database.execute(
            "drop table people" if change == "drop" else "alter table people rename column age to years"
        )
    database.close()
    with pytest.raises(OpenMinedError, match=r"people\.sqlite|changed just now"), data.opened():
        pass


@pytest.mark.parametrize(
    ("location", "options", "says"),
    [
        ("people.sqlite", {"table": "t", "query": "select 1"}, "give either"),
        ("people.sqlite", {"table": "a..b"}, "not the name of a table"),
        ("postgresql:x", {"table": "t"}, "connection_env=VARIABLE"),
        ("postgresql:x", {"table": "t", "connection_env": "NOT_SET_AT_ALL"}, "NOT_SET_AT_ALL is not set"),
        ("sql:x", {"query": "delete from t", "connection_env": "HOME"}, "must be a SELECT"),
        ("sql:x", {"query": "select 1", "connection_env": "HOME"}, "refuses or went away"),
        ("python:no.such.module:f", {}, "no such function"),
        ("python:os:sep", {}, "not a function"),
        ("python:os:getcwd", {}, "has no __arrow_c_stream__"),
        ("python:os:abort_not", {}, "no such function"),
    ],
)
def test_a_place_that_is_none_is_refused(
    location: str, options: dict[str, str], says: str, tmp_path: Path
) -> None:
    if location.endswith(".sqlite"):
        location = FILES["sqlite"](made_records(2), tmp_path)[0]
    with pytest.raises(DataError, match=says):
        add(location, tmp_path, **options)


def test_a_query_is_opened_by_sqlite_itself_read_only(tmp_path: Path) -> None:
    location, _ = FILES["sqlite"](made_records(2), tmp_path)
    with pytest.raises(DataError):
        add(location, tmp_path, query="insert into people values (1, 2, 3, 4, 5) returning height")
    with sqlite3.connect(location) as database:
        assert database.execute("select count(*) from people").fetchone() == (2,)
    database.close()


@pytest.mark.parametrize("make", [lambda: 1 / 0, lambda: None])
def test_a_python_object_that_fails_is_named(make: Callable[[], object]) -> None:
    from mine_agent.data.adapters.tables.python_objects import StreamSource

    with pytest.raises(DataError, match="the records: "):
        StreamSource(make).columns()  # type: ignore[arg-type]


def test_half_a_character_in_json_is_one_odd_cell_and_not_the_end_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "halves.jsonl"
    path.write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": "\\ud800!", "\\udc00": 3}\n')
    data, seen = DataShelf(tmp_path / "shelf").look("halves", path)
    assert (data.rows, data.names, seen.faults) == (2, ("a", "b"), 0)
    with data.opened() as source:
        (batch,) = source.batches(["b"])
    assert batch.records.column(0).to_pylist() == ["x", "?!"]
