"""Rows per second and memory of each adapter, from its source to the sums a linear model learns from, beside
the library's own raw read of the same columns.

    python benchmarks/adapters.py --rows 10000000 --kinds parquet postgres
    python benchmarks/adapters.py                      # a million rows through every kind

Each measurement is a process of its own; memory is its largest resident size. Rates take CPU time, so that a
busy machine matters less. PostgreSQL needs its server's programs (Debian: postgresql); the server is started
on a free port of the loopback and ended again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

KINDS = ("csv", "jsonl", "parquet", "arrow", "sqlite", "postgres")
PART = 500_000
NAMES = ("height", "weight", "age", "member", "colour", "kind")


def made(rows: int) -> Iterator[pa.RecordBatch]:
    """Records in parts: two numbers, a count, a boolean, a category, a label."""
    random = np.random.default_rng(7)
    for first in range(0, rows, PART):
        count = min(PART, rows - first)
        colours = pa.array(["red", "green", "blue"]).take(pa.array(random.integers(0, 3, count)))
        kinds = pa.array(["a", "b"]).take(pa.array(random.integers(0, 2, count)))
        arrays = [
            pa.array(random.normal(170, 25, count).round(3)),
            pa.array(random.normal(70, 15, count).round(3)),
            pa.array(random.integers(0, 120, count)),
            pa.array(random.random(count) < 0.5),
            colours,
            kinds,
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=list(NAMES))


def write(kind: str, rows: int, folder: Path, server: str | None) -> tuple[str, dict[str, str]]:
    """The records as a source: its place and options."""
    import pyarrow.csv
    import pyarrow.parquet

    path = folder / f"records.{kind}"
    schema = next(made(1)).schema
    if kind == "csv":
        with pyarrow.csv.CSVWriter(path, schema) as writer:
            for batch in made(rows):
                writer.write_batch(batch)
    elif kind == "jsonl":
        with path.open("w") as file:
            for batch in made(rows):
                file.writelines(json.dumps(row) + "\n" for row in batch.to_pylist())
    elif kind == "parquet":
        with pyarrow.parquet.ParquetWriter(path, schema) as parquet:
            for batch in made(rows):
                parquet.write_batch(batch)
    elif kind == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as arrow:
            for batch in made(rows):
                arrow.write_batch(batch)
    elif kind == "sqlite":
        import sqlite3

        with sqlite3.connect(path) as database:
            database.execute(f"create table records ({', '.join(NAMES)})")
            for batch in made(rows):
                columns = [column.to_pylist() for column in batch.columns]
                database.executemany(
                    "insert into records values (?, ?, ?, ?, ?, ?)", zip(*columns, strict=True)
                )
        return str(path), {"table": "records"}
    else:
        from adbc_driver_postgresql import dbapi

        assert server is not None
        with dbapi.connect(server) as connection, connection.cursor() as cursor:
            reader = pa.RecordBatchReader.from_batches(schema, made(rows))
            cursor.adbc_ingest("records", reader, mode="create")
            connection.commit()
        return "postgresql:benchmark", {"connection_env": "BENCH_POSTGRES", "table": "records"}
    return str(path), {}


def through_the_adapter(kind: str, place: str, options: dict[str, str]) -> int:
    """The records summed as a visit sums them; how many."""
    from mine_agent.data.adapters import adapter_named
    from openmined_syft.models import Rows
    from openmined_syft.models.logistic import Logistic
    from pysonar.protocol.schema import (
        Schema,
        boolean_field,
        category_field,
        class_label,
        input_schema,
        integer_field,
        number_field,
        output_schema,
    )  # fmt: skip
    from pysonar.tables import Reading, record_batches

    fields = {
        "height": number_field((0, 250), center=170, scale=25),
        "weight": number_field((0, 250), center=70, scale=15),
        "age": integer_field((0, 120), center=60, scale=35),
        "member": boolean_field(),
        "colour": category_field(["red", "green", "blue"]),
    }
    schema = Schema(input_schema(fields), output_schema("kind", class_label(["a", "b"])))
    source = adapter_named(kind).source(place, options)

    def encoded() -> Iterator[Rows]:
        fields = (*schema.fields, schema.label)
        # How numbers are written was settled when the data were registered, as a mine's are: plainly.
        for batch in record_batches(source, fields, Reading(source.name), written={}):
            table = pa.Table.from_batches([batch])
            yield Rows(schema.encode(table), schema.encode_labels(table))

    return Logistic(n_features=schema.n_features, n_outputs=1).sums(encoded()).rows


def raw(kind: str, place: str, options: dict[str, str]) -> int:  # noqa: ARG001
    """The library's own streaming read of all columns, and nothing done with them."""
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    if kind == "csv":
        return sum(batch.num_rows for batch in pyarrow.csv.open_csv(place))
    if kind == "jsonl":
        return sum(batch.num_rows for batch in pyarrow.json.open_json(place))
    if kind == "parquet":
        return sum(batch.num_rows for batch in pyarrow.parquet.ParquetFile(place).iter_batches())
    if kind == "arrow":
        with pa.memory_map(place) as file:
            reader = pa.ipc.open_file(file)
            return sum(reader.get_batch(at).num_rows for at in range(reader.num_record_batches))
    if kind == "sqlite":
        import sqlite3

        cursor, rows = sqlite3.connect(place).execute("select * from records"), 0
        while part := cursor.fetchmany(16_384):
            rows += len(part)
        return rows
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(os.environ["BENCH_POSTGRES"]) as connection, connection.cursor() as cursor:
        cursor.execute("select * from records")
        return sum(batch.num_rows for batch in cursor.fetch_record_batch())


def peak_mb() -> float:
    """Largest resident size of this process; what `getrusage` says would include its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(way: Callable[[str, str, dict[str, str]], int], kind: str, place: str, options: str) -> None:
    """Print one measurement as JSON; run in a process of its own."""
    import pysonar.tables  # noqa: F401 - the start of the program is not measured

    began, cpu = time.perf_counter(), time.process_time()
    rows = way(kind, place, json.loads(options))
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "peak_mb": peak_mb(),
            }
        )
    )


def main() -> None:
    """Write the sources, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        way, *rest = given.measure
        measure({"adapter": through_the_adapter, "raw": raw}[way], *rest)
        return
    server = None
    if "postgres" in given.kinds:
        from tests.postgres_server import Postgres, postgres_bin

        programs = postgres_bin()
        if programs is None:
            raise SystemExit("PostgreSQL is not installed; leave it out with --kinds")
        server = Postgres(Path(tempfile.mkdtemp(prefix="openmined-bench-")), programs)
        os.environ["BENCH_POSTGRES"] = server.url
    folder = Path(tempfile.mkdtemp(prefix="openmined-bench-"))
    print(f"{'kind':10} {'rows':>10} {'adapter rows/s':>15} {'peak MB':>8} {'raw rows/s':>12} {'peak MB':>8}")
    try:
        for kind in given.kinds:
            place, options = write(kind, given.rows, folder, server and server.url)
            found = {}
            for way in ("adapter", "raw"):
                command = [sys.executable, __file__, "--measure", way, kind, place, json.dumps(options)]
                found[way] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            ours, theirs = found["adapter"], found["raw"]
            print(
                f"{kind:10} {ours['rows']:>10} {ours['rows'] / ours['cpu']:>15,.0f} {ours['peak_mb']:>8.0f}"
                f" {theirs['rows'] / theirs['cpu']:>12,.0f} {theirs['peak_mb']:>8.0f}",
                flush=True,
            )
            if (folder / f"records.{kind}").exists():
                (folder / f"records.{kind}").unlink()
    finally:
        shutil.rmtree(folder)
        if server is not None:
            server.stop()
            shutil.rmtree(server.folder)


if __name__ == "__main__":
    main()
