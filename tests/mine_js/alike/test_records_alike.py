"""Both mines read the same records from the same data: every kind of file, mapped or not, to the bit."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.mapping import parse_mapping
from openmined_syft.errors import OpenMinedError
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
from tests.json_types import JsonObject
from tests.mine.mine_commands import is_built
from tests.mine_js.alike.asking import asking

pytestmark = pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js")
Asked = Callable[..., JsonObject]
Record = dict[str, object]


def with_rule(field: JsonObject, keyword: str, rule: object) -> JsonObject:
    """The field with a rule for its gaps or unknown classes."""
    return {**field, "openmined": {**field["openmined"], keyword: rule}}


INPUTS = input_schema(
    {
        "width": number_field((-1e6, 1e6)),
        "age": with_rule(integer_field((0, 120)), "missing", {"value": 7}),
        "member": boolean_field(),
        "zone": with_rule(category_field(["1", "2", "DE"]), "unknown", "drop"),
    }
)
OUTPUT = output_schema("kind", class_label(["a", "größe"]))
SCHEMA = Schema(INPUTS, OUTPUT)


def records(count: int = 1000) -> list[Record]:
    """Records with numbers of all sizes, gaps, an unknown class, and letters that are not ASCII."""
    chance = random.Random(17)
    return [
        {
            "width": chance.choice([chance.uniform(-1e6, 1e6), chance.uniform(-1, 1) * 1e-9, 0.1 * place]),
            "age": None if place % 31 == 5 else chance.randrange(121),
            "member": chance.random() < 0.5,
            "zone": chance.choice(["1", "2", "DE", "FR"]),
            "kind": chance.choice(["a", "größe"]),
        }
        for place in range(count)
    ]


def write_csv(rows: list[Record], folder: Path) -> Path:
    path = folder / "records.csv"
    cells = [["" if value is None else str(value) for value in row.values()] for row in rows]
    path.write_text("\n".join(",".join(line) for line in [list(rows[0]), *cells]) + "\n")
    return path


def write_csv_with_commas(rows: list[Record], folder: Path) -> Path:
    path = folder / "commas.csv"
    cells = [
        ["NA" if row["age"] is None else str(row["age"]), f"{row['width']:.9f}".replace(".", ",") + " €",
         "ja" if row["member"] else "nein", str(row["zone"]), str(row["kind"])]
        for row in rows
    ]  # fmt: skip
    path.write_text(
        "\n".join(";".join(line) for line in [["age", "width", "member", "zone", "kind"], *cells])
    )
    return path


def write_json_lines(rows: list[Record], folder: Path) -> Path:
    path = folder / "records.jsonl"
    # A column of several types, a key with no use, a blank line, and numbers that JSON has not.
    lines = [
        json.dumps(row | {"zone": int(str(row["zone"]))} if row["zone"] in ("1", "2") else row)
        for row in rows
    ]
    lines[3] = lines[3].replace(
        "{", '{"__proto__": {"zone": "DE"}, "10": NaN, "extra": [1, {"b": 1e300}], ', 1
    )
    path.write_text("\n\n".join(lines) + "\n")
    return path


def write_parquet(rows: list[Record], folder: Path) -> Path:
    path = folder / "records.parquet"
    table = pa.Table.from_pylist(rows).append_column("more", pa.array([[1]] * len(rows)))
    table = table.set_column(3, "zone", table["zone"].dictionary_encode())
    pq.write_table(table, path, row_group_size=300, compression="zstd")
    return path


def write_parquet_with_lz4(rows: list[Record], folder: Path) -> Path:
    path = folder / "packed.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=300, compression="lz4")
    return path


def write_parquet_with_decimals(rows: list[Record], folder: Path) -> Path:
    path = folder / "decimals.parquet"
    exact = pa.array(
        [Decimal(repr(round(float(str(row["width"])), 6))) for row in rows], pa.decimal128(30, 6)
    )
    columns = {name: [row[name] for row in rows] for name in ("member", "kind")}
    age = pa.array([row["age"] for row in rows], pa.uint64())
    zone = pa.array([3 if row["zone"] == "DE" else 1 for row in rows], pa.int32())
    pq.write_table(pa.table({"width": exact, "age": age, "zone": zone, **columns}), path)
    return path


def write_parquet_folder(rows: list[Record], folder: Path) -> Path:
    """Parts with columns in other orders and types, a name not in ASCII, and what is none of the data."""
    path, table = folder / "parts", pa.Table.from_pylist(rows)
    (path / "b").mkdir(parents=True)
    (path / "_SUCCESS").write_bytes(b"")
    (path / ".c.parquet").write_bytes(b"no data")
    pq.write_table(table.slice(0, 400), path / "z.parquet", row_group_size=300)
    other = table.slice(400, 100).select(["zone", "width", "kind", "member", "age"])
    pq.write_table(other.set_column(4, "age", other["age"].cast(pa.float64())), path / "größe.PQ")
    pq.write_table(table.slice(500), path / "b" / "a.parquet", row_group_size=300)
    return path


def write_parquet_pattern(rows: list[Record], folder: Path) -> Path:
    """Two files of three, in folders whose names have letters that mean something elsewhere."""
    table = pa.Table.from_pylist(rows)
    for place, name in enumerate(("year[1]+", "year[2]+", "year[33]+")):
        (folder / name).mkdir()
        pq.write_table(table.slice(place * 500, 500), folder / name / "records.parquet")
    return folder / "year[?]+" / "rec*s.parquet"


def write_arrow(rows: list[Record], folder: Path) -> Path:
    path = folder / "records.arrow"
    table = pa.Table.from_pylist(rows)
    table = table.set_column(1, "age", table["age"].cast(pa.float32()))
    table = table.set_column(3, "zone", table["zone"].dictionary_encode())
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    return path


def write_arrow_stream(rows: list[Record], folder: Path) -> Path:
    path = folder / "records.arrows"
    table = pa.Table.from_pylist(rows)
    exact = pa.array(
        [Decimal(repr(round(float(str(row["width"])), 6))) for row in rows], pa.decimal128(30, 6)
    )
    table = table.set_column(0, "width", exact)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema, options=options) as writer:
        writer.write_table(table)
    return path


def write_sqlite(rows: list[Record], folder: Path) -> Path:
    path = folder / "records.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table things (width, age, member, zone, kind, note)")
        notes = [None, b"\0\xff", "it's \u200b \U0001fae8 new", 2**62, 1e16, ""]  # what no field asks for
        database.executemany(
            "insert into things values (?, ?, ?, ?, ?, ?)",
            [(*row.values(), notes[place % 6]) for place, row in enumerate(rows)],
        )
        database.commit()
    return path


def write_csv_with_currencies(rows: list[Record], folder: Path) -> Path:
    """Few amounts in another currency than the others; a column of commas beside one of points."""
    path = folder / "currencies.csv"
    cells = [
        ["NA" if row["age"] is None else f"{row['age']}.0",
         f"{row['width']:.9f} {'USD' if place % 200 == 0 else 'EUR'}".replace(".", ","),
         str(row["member"]), str(row["zone"]), str(row["kind"])]
        for place, row in enumerate(rows)
    ]  # fmt: skip
    path.write_text(
        "\n".join(";".join(line) for line in [["age", "width", "member", "zone", "kind"], *cells])
    )
    return path


WAYS = [
    write_csv, write_csv_with_commas, write_csv_with_currencies, write_json_lines, write_parquet,
    write_parquet_with_lz4, write_parquet_folder, write_parquet_pattern,
    write_parquet_with_decimals, write_arrow, write_arrow_stream, write_sqlite,
]  # fmt: skip


@pytest.fixture(scope="module")
def by_node() -> Iterator[Asked]:
    """`by_node(home, name, schema)`: the records that Mine.js makes of registered data."""
    with asking("records.mjs") as ask:

        def records(
            home: Path, name: str, inputs: JsonObject = INPUTS, output: JsonObject = OUTPUT
        ) -> JsonObject:
            return ask({"home": str(home), "name": name, "inputs": inputs, "output": output})

        yield records


def by_python(shelf: DataShelf, name: str, schema: Schema = SCHEMA) -> JsonObject:
    data = shelf.get(name)
    try:
        with data.opened() as source:
            table, _ = read_records(source, schema, limit=data.unusable, written=data.written())
    except OpenMinedError as error:
        return {"error": type(error).__name__, "says": str(error)}
    encoded = np.asarray(schema.encode(table)).tolist()
    return {"digest": data.digest.hex(), "encoded": encoded, "labels": schema.encode_labels(table).tolist()}


@pytest.mark.parametrize("write", WAYS, ids=lambda write: write.__name__.removeprefix("write_"))
def test_a_thousand_records_are_the_same_numbers_to_the_bit(
    write: Callable[[list[Record], Path], Path], by_node: Asked, tmp_path: Path
) -> None:
    path, shelf = write(records(), tmp_path), DataShelf(tmp_path / "data")
    data = shelf.add("things", path, replace=False)
    told = by_node(tmp_path, "things")
    assert told == by_python(shelf, "things")
    assert 600 < len(told["encoded"]) <= 1000
    assert told["digest"] == data.digest.hex()


MAPPING = """
[width]
column = "cm"
factor = 0.1
[weeks]
column = "cm"
factor = 0.5
round = true
[age]
column = "born"
date = "year"
[member]
column = "answer"
values = { "5" = "yes", "2.5" = "no", "maybe" = "no" }
[zone]
constant = "DE"
[kind]
column = "Art"
values = { "GROSS" = "größe" }
"""
OWN = [
    {"cm": "12,5", "born": "26.11.1990", "answer": 5, "Art": "GROSS"},
    {"cm": "732", "born": "1985-02-01 10:30", "answer": 2.5, "Art": "a"},
    {"cm": 7, "born": "2001-12-31T23:59:59", "answer": "maybe", "Art": " a "},
    {"cm": "1,1", "born": "", "answer": True, "Art": "a"},
]


def test_a_mapping_gives_both_mines_the_same_records(by_node: Asked, tmp_path: Path) -> None:
    path, shelf = tmp_path / "own.jsonl", DataShelf(tmp_path / "data")
    path.write_text("\n".join(map(json.dumps, OWN)))
    shelf.add("own", path, replace=False)
    shelf.keep_mapping("own", parse_mapping(MAPPING, source="m"))
    inputs = input_schema(
        {
            "width": number_field((0, 100)),
            "weeks": integer_field((0, 1000)),
            "age": with_rule(integer_field((1900, 2100)), "missing", "drop"),
            "member": boolean_field(),
            "zone": category_field(["DE", "FR"]),
        }
    )
    told = by_node(tmp_path, "own", inputs)
    assert told == by_python(shelf, "own", Schema(inputs, OUTPUT))
    assert len(told["encoded"]) == 3


@pytest.mark.parametrize("part", ["year", "month", "day", "weekday", "hour", "days"])
def test_each_part_of_a_date_is_the_same_of_texts_and_of_typed_times(
    part: str, by_node: Asked, tmp_path: Path
) -> None:
    shelf, times = (
        DataShelf(tmp_path / "data"),
        [datetime(1969, 12, 31, 23, 59, 59), datetime(2024, 2, 29, 7)],
    )
    table = pa.table(
        {
            "at": pa.array(times, pa.timestamp("us")),
            "day": pa.array([time.date() for time in times]),
            "text": [f"{time:%Y-%m-%d %H:%M:%S}" for time in times],
            "kind": ["a", "a"],
        }
    )
    pq.write_table(table, tmp_path / "times.parquet")
    shelf.add("times", tmp_path / "times.parquet", replace=False)
    tables = [f'[{name}_part]\ncolumn = "{name}"\ndate = "{part}"\n' for name in ("at", "day", "text")]
    shelf.keep_mapping("times", parse_mapping("".join(tables), source="m"))
    inputs = input_schema({f"{name}_part": number_field((-1e5, 1e5)) for name in ("at", "day", "text")})
    told = by_node(tmp_path, "times", inputs)
    assert told == by_python(shelf, "times", Schema(inputs, OUTPUT))
    assert len(told["encoded"]) == len(times)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"width": "wide", "age": 1, "member": true, "zone": "1", "kind": "a"}', "column 'width' is 'wide'"),
        ('{"width": 1, "age": 1.5, "member": true, "zone": "1", "kind": "a"}', "column 'age' is 1.5"),
        ('{"width": 1, "age": 9007199254740993, "member": true, "zone": "1", "kind": "a"}', "90071992547"),
        ('{"width": 1, "age": 1, "zone": "1", "kind": "a"}', "column 'member' is missing"),
        ('["a list"]', "is not a JSON object"),
        ('{"width": 1' + ', "a": [' * 300, "is not a JSON object"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_in_the_same_words(
    line: str, says: str, by_node: Asked, tmp_path: Path
) -> None:
    good = json.dumps(records(1)[0] | {"age": 5, "zone": "1"})
    path, shelf = tmp_path / "things.jsonl", DataShelf(tmp_path / "data")
    path.write_text("\n".join([good] * 30 + [line]) + "\n")
    shelf.add("things", path, replace=False, unusable=1)
    registration = tmp_path / "data" / "things.json"
    document = json.loads(registration.read_text())
    registration.write_text(json.dumps(document | {"unusable": "1/1000"}))
    told = by_node(tmp_path, "things")
    assert told == by_python(shelf, "things")
    assert says in told["says"]
