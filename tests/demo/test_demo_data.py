"""What `make demo` hands to its owners, without a campaign: three mines keep their data in three ways."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.matching import fit_by_values
from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema
from pysonar.tables import read_csv, read_records
from scripts._demo.campaign import MINES
from scripts._demo.plan import WISHES
from scripts._demo.subjects.digits import LABEL, PIXELS, ROWS_TO_TEST, ROWS_TO_VALIDATE

DIGITS = 1797
SCHEMA = Schema(
    input_schema({pixel: number_field((0, 16)) for pixel in PIXELS}),
    output_schema(LABEL, class_label(list(range(10)))),
)


def rows_of(table: pa.Table) -> list[tuple[float, ...]]:
    return list(zip(*(column.to_pylist() for column in table.select([*PIXELS, LABEL]).columns), strict=True))


@pytest.mark.parametrize(
    ("mines", "kinds"),
    [("py", ["csv", "parquet", "sqlite"]), ("mixed", ["csv", "parquet", "sqlite"]), ("js", ["csv"] * 3)],
)
def test_one_mine_has_a_csv_file_one_a_parquet_file_and_one_a_database(
    mines: str, kinds: list[str], tmp_path: Path
) -> None:
    """As each mine itself registers and reads them; Mine.js, which reads CSV files, has nothing else."""
    csv_only = [command == "mine-agent-js" for command in MINES[mines]]
    files = WISHES["one_vs_rest"]["differential"].subject.write(tmp_path / "data", csv_only, 1)

    shelf, shared = DataShelf(tmp_path / "shelf"), []
    for number, path in enumerate(files.mines):
        data = shelf.add(f"mine-{number}", path, replace=False)
        assert data.kind == kinds[number]
        assert fit_by_values(SCHEMA, data).fits
        with data.opened() as source:
            table, reading = read_records(source, SCHEMA)
        assert reading.kept == reading.records == data.rows
        shared += rows_of(table)

    kept_back = rows_of(read_csv(files.validation, SCHEMA)) + rows_of(read_csv(files.test, SCHEMA))
    assert len(kept_back) == ROWS_TO_VALIDATE + ROWS_TO_TEST
    assert len(shared) + len(kept_back) == DIGITS
    assert len(set(shared) | set(kept_back)) == DIGITS  # no digit is anywhere twice
