"""Files of a data owner that nobody thought of: read, or refused in words, never the end of the process."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from mine_agent.data.adapters.tables.arrow_ipc import ArrowFile
from mine_agent.data.datasets import DataShelf
from openmined_syft.errors import OpenMinedError
from pysonar.protocol.schema import (
    BadValueError,
    FileFormatError,
    Schema,
    class_label,
    input_schema,
    number_field,
    output_schema,
)
from pysonar.tables import TableSource, read_records
from pysonar.tables.understanding import TableSeen

HALF_TEXTS = pa.Array.from_buffers(
    pa.string(),
    2,
    [None, pa.py_buffer(np.array([0, 2, 4], dtype=np.int32).tobytes()), pa.py_buffer(b"ab\xff\xfe")],
)


def write(table: pa.Table, path: Path) -> Path:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    return path


def looked(path: Path, folder: Path, **options: str) -> TableSeen:
    """What is seen of it; it is kept, and is the same a moment later."""
    shelf = DataShelf(folder / "shelf")
    data, seen = shelf.look("odd", path, options=options)
    shelf.keep(data, replace=True)
    assert shelf.get("odd").renewed() == data
    return seen


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_texts_that_are_not_utf_8_are_named_by_their_column(name: str, tmp_path: Path) -> None:
    path = write(pa.table({"a": [1, 2], "note": HALF_TEXTS}), tmp_path / name)
    with pytest.raises(
        FileFormatError, match=rf"{name}: column 'note' is damaged after row 0, or has texts that"
    ):
        looked(path, tmp_path)
    assert not (tmp_path / "shelf").exists()


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (pa.timestamp("s"), "a timestamp[s] that no calendar has"),
        (pa.timestamp("s", "Mars/Olympus"), "a timestamp[s, tz=Mars/Olympus] that no calendar has"),
    ],
)
def test_a_time_that_no_calendar_has_is_shown_by_its_type(
    kind: pa.DataType, shown: str, tmp_path: Path
) -> None:
    table = pa.table({"a": pa.array([2**61, 2**61 - 1], kind), "kind": ["p", "q"]})
    seen = looked(write(table, tmp_path / "t.arrow"), tmp_path)
    assert (seen.columns[0].kind, seen.columns[0].samples) == ("date", [shown[:40]])
    schema = Schema(input_schema({"a": number_field((0, 1))}), output_schema("kind", class_label(["p", "q"])))
    with pytest.raises(BadValueError, match="row 1, column 'a' is"):
        read_records(TableSource(table), schema)


def test_runs_of_equal_cells_are_the_cells_that_they_mean(tmp_path: Path) -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 5], pa.int32()), pa.array(["x", None, "y"]))
    path = write(pa.table({"a": runs, "b": range(5)}), tmp_path / "t.arrow")
    seen = looked(path, tmp_path)
    assert (seen.rows, seen.columns[0].missing, seen.columns[0].words) == (5, 1, {"x": 2, "y": 2})


def test_a_long_text_in_a_run_is_not_written_out_at_once(tmp_path: Path) -> None:
    ends, texts = pa.array([1000, 1001], pa.int32()), pa.array(["x" * 1_000_000, "y"])
    path = write(pa.table({"a": pa.RunEndEncodedArray.from_arrays(ends, texts)}), tmp_path / "t.arrow")
    rows = [batch.records.num_rows for batch in ArrowFile(path).batches(["a"])]
    assert sum(rows) == 1001
    assert max(rows) < 40


def test_names_of_files_and_folders_need_not_be_utf_8(tmp_path: Path) -> None:
    texts, pictures = tmp_path / "texts", tmp_path / "pictures"
    for folder, label in ((texts, b"caf\xe9"), (pictures, b"rain\xff")):
        (folder / os.fsdecode(label)).mkdir(parents=True)
    (texts / os.fsdecode(b"caf\xe9") / os.fsdecode(b"a\xff.txt")).write_text("hello")
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(pictures / os.fsdecode(b"rain\xff") / os.fsdecode(b"\xfe.png"))
    assert looked(texts, tmp_path).columns[1].samples == ["caf?"]
    assert looked(pictures, tmp_path).columns[-1].samples == ["rain?"]
    (pictures / os.fsdecode(b"rain\xff") / os.fsdecode(b"\xfe.png")).write_bytes(b"no image")
    with pytest.raises(OpenMinedError, match=r"\(\?\.png\) is not an image"):
        looked(pictures, tmp_path)


def database(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as made:
        for statement in statements:
            made.execute(statement)
        made.commit()
    return path


def test_a_text_of_sqlite_that_is_none_ends_no_reading_and_is_in_no_message(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.sqlite",
        "create table p (a, note text)",
        "insert into p values (1, cast(x'ff736563726574' as text)), (2, 'plain')",
    )
    seen = looked(path, tmp_path)
    assert (seen.rows, seen.columns[1].samples) == (2, ["\ufffdsecret", "plain"])


def test_names_of_tables_and_remarks_in_queries_are_the_owners(tmp_path: Path) -> None:
    table = '"visits ""2.0"".csv"'
    path = database(tmp_path / "t.sqlite", f"create table {table} (a)", f"insert into {table} values (7)")  # noqa: S608
    assert looked(path, tmp_path).rows == 1
    assert looked(path, tmp_path, table='visits "2.0".csv').rows == 1
    assert looked(path, tmp_path, query=f"select a from {table} -- all of them").rows == 1  # noqa: S608


def test_a_count_of_five_thousand_digits_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    post = '{"tweet": {"full_text": "hi", "favorite_count": "%s", "retweet_count": "12"}}' % ("9" * 5000)
    (tmp_path / "data" / "tweets.js").write_text(f"window.YTD.tweets.part0 = [{post}]")
    seen = {column.name: column for column in looked(tmp_path, tmp_path / "own").columns}
    assert (seen["favorites"].missing, seen["retweets"].samples) == (1, ["12"])
