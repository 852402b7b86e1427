"""The same records written as each kind of source; each function gives what `data add` is told."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from tests.json_types import JsonObject
from tests.roles import there

Told = tuple[str, dict[str, str]]
"""Location and options."""


def _texts(records: pa.Table) -> list[JsonObject]:
    return records.to_pylist()


def as_csv(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(records.column_names)
        writer.writerows(
            [repr(v) if isinstance(v, float) else v for v in row.values()] for row in _texts(records)
        )
    return str(path), {}


def as_messy_csv(records: pa.Table, folder: Path) -> Told:
    """Semicolons, decimal commas, words for true and false, Windows' encoding and line ends."""
    path = folder / "people-messy.csv"
    lines = [";".join([*(f" {name} " for name in records.column_names), "größe"])]
    for row in _texts(records):
        cells = [repr(row["height"]).replace(".", ","), str(row["age"]), "ja" if row["member"] else "nein",
                 row["colour"], f" {row['kind']}", "ö"]  # fmt: skip
        lines.append(";".join(cells))
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return str(path), {}


def as_tsv(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.tsv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(records.column_names)
        writer.writerows(
            [repr(v) if isinstance(v, float) else v for v in row.values()] for row in _texts(records)
        )
    return str(path), {}


def as_json_lines(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in _texts(records)))
    return str(path), {}


def as_parquet(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.parquet"
    pyarrow.parquet.write_table(records, path, row_group_size=137)
    return str(path), {}


def as_parquet_folder(records: pa.Table, folder: Path) -> Told:
    """As clusters write it: parts in folders, a mark that all are there, and what is none of the data."""
    path = folder / "people-parts"
    (path / "later").mkdir(parents=True, exist_ok=True)
    (path / "_temporary").mkdir(exist_ok=True)
    for name in ("_SUCCESS", ".part-0.parquet.crc", ".part-9.parquet", "_temporary/part-9.parquet"):
        (path / name).write_bytes(b"no data")
    for place, name in enumerate(("part-0.parquet", "part-1.PQ", "later/part-0.parquet")):
        part = records.slice(place * (records.num_rows // 3), None if place == 2 else records.num_rows // 3)
        # Columns in an order of their own, and of a type of their own.
        part = part.select([*part.column_names[place:], *part.column_names[:place]])
        if place == 1 and "age" in part.column_names:
            part = part.set_column(part.column_names.index("age"), "age", part["age"].cast(pa.float64()))
        pyarrow.parquet.write_table(part, path / name, row_group_size=50)
    return str(path), {}


def as_parquet_pattern(records: pa.Table, folder: Path) -> Told:
    for place, name in enumerate(("2024", "2025")):
        (folder / f"year[{name}]").mkdir(exist_ok=True)
        part = records.slice(place * (records.num_rows // 2), None if place else records.num_rows // 2)
        pyarrow.parquet.write_table(part, folder / f"year[{name}]" / "people.parquet", row_group_size=60)
        (folder / f"year[{name}]" / "deeper").mkdir(exist_ok=True)
        for other in ("animals.parquet", "people.parquet.old", "_people.parquet", "deeper/people.parquet"):
            (folder / f"year[{name}]" / other).write_bytes(b"nobody asked for it")
    return str(folder / "year[202?]" / "p*ple.parquet"), {}


def as_arrow_file(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.arrow"
    pyarrow.feather.write_feather(records, str(path), compression="zstd", chunksize=211)
    return str(path), {}


def as_arrow_stream(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.arrows"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, records.schema) as writer:
        writer.write_table(records, max_chunksize=99)
    return str(path), {}


def as_sqlite(records: pa.Table, folder: Path) -> Told:
    path = folder / "people.sqlite"
    with sqlite3.connect(path) as database:
        kinds = {"double": "real", "int64": "integer", "bool": "integer", "string": "text"}
        database.execute(f"create table people ({_declared(records, kinds)})")
        rows = [tuple(row.values()) for row in _texts(records)]
        marks = ", ".join("?" * records.num_columns)
        database.executemany(f"insert into people values ({marks})", rows)  # noqa: S608
    database.close()
    return str(path), {"table": "people"}


def _declared(records: pa.Table, kinds: dict[str, str]) -> str:
    """The columns as SQL declares them."""
    return ", ".join(f"{field.name} {kinds[str(field.type)]}" for field in records.schema)


def as_postgres(records: pa.Table, url: str, variable: str) -> Told:
    """The records in PostgreSQL, in the types people choose there: numeric is a text on the wire. `variable`
    of the environment holds the connection, `place` says which record was which: a table has no order.
    """
    from adbc_driver_postgresql import dbapi

    kinds = {"double": "numeric", "int64": "smallint", "bool": "boolean", "string": "text"}
    with dbapi.connect(url) as connection:
        with connection.cursor() as cursor:
            cursor.execute("drop table if exists people")
            cursor.execute(f"create table people (place integer, {_declared(records, kinds)})")
            rows = [", ".join(map(_as_sql, (at, *row.values()))) for at, row in enumerate(_texts(records))]
            cursor.execute(f"insert into people values ({'), ('.join(rows)})")  # noqa: S608
        connection.commit()
    return "postgresql:clinic", {"connection_env": variable, "table": "people"}


def _as_sql(value: object) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def as_sql(records: pa.Table, folder: Path) -> Told:
    location, _ = as_sqlite(records, folder)
    os.environ["OPENMINED_TEST_SQL"] = f"sqlite:///{location}"
    return "sql:people", {
        "connection_env": "OPENMINED_TEST_SQL",
        "query": "select * from people order by rowid",
    }


def as_pandas(records: pa.Table, folder: Path) -> Told:
    return _as_python(records, folder, "to_pandas", "pyarrow.parquet.read_table(PATH).to_pandas()")


def as_arrow_table(records: pa.Table, folder: Path) -> Told:
    return _as_python(records, folder, "to_table", "pyarrow.parquet.read_table(PATH)")


def _as_python(records: pa.Table, folder: Path, name: str, expression: str) -> Told:
    place, _ = as_parquet(records, folder)
    libraries = "import duckdb\nimport pandas\nimport polars\nimport pyarrow.parquet\n"
    return owners_function(
        f"{libraries}PATH = {place!r}\n\n\ndef records():\n    return {expression}\n", folder, name
    )


def owners_function(program: str, folder: Path, name: str) -> Told:
    """A module of the owner's own, as if it were installed, whose function `records` gives them."""
    module = f"owners_module_{name}_{abs(hash(str(folder)))}"
    (folder / f"{module}.py").write_text(program)
    spec = there(importlib.util.spec_from_file_location(module, folder / f"{module}.py"))
    sys.modules[module] = importlib.util.module_from_spec(spec)
    there(spec.loader).exec_module(sys.modules[module])
    return f"python:{module}:records", {}


def as_polars(records: pa.Table, folder: Path) -> Told:
    return _as_python(records, folder, "polars", "polars.read_parquet(PATH)")


def as_duckdb(records: pa.Table, folder: Path) -> Told:
    return _as_python(records, folder, "duckdb", "duckdb.read_parquet(PATH)")


FILES: dict[str, Callable[[pa.Table, Path], Told]] = {
    "csv": as_csv,
    "messy csv": as_messy_csv,
    "tsv": as_tsv,
    "json lines": as_json_lines,
    "parquet": as_parquet,
    "parquet folder": as_parquet_folder,
    "parquet pattern": as_parquet_pattern,
    "arrow file": as_arrow_file,
    "arrow stream": as_arrow_stream,
    "sqlite": as_sqlite,
    "sql": as_sql,
    "pandas": as_pandas,
    "arrow table": as_arrow_table,
    "polars": as_polars,
    "duckdb": as_duckdb,
}
FRAMES = ("pandas", "arrow table", "polars", "duckdb")
"""Which are objects in Python and not files."""
