"""The messy file of the README's walkthrough for data owners, with the names and units that `data map`
suggests: the same flowers as in every other kind of data, to the last bit.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.datasets import load_iris

from mine_agent.data.datasets import DataSet, DataShelf
from mine_agent.data.mapping import parse_mapping
from mine_agent.data.suggesting import as_toml, suggest
from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema
from tests.postgres_server import Postgres
from tests.roles import dense

from .registering import encodings, gradients, gradients_of, registered
from .writing import FILES, as_postgres

LENGTHS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ASKED = (
    input_schema({name: number_field((0, 8), center=4, scale=2) for name in LENGTHS}),
    output_schema("species", class_label(["setosa", "versicolor", "virginica"])),
)
SCHEMA = Schema(*ASKED)
PROGRAM = Path(__file__).parents[2] / "docs" / "examples" / "iris.py"
KINDS = [kind for kind in FILES if kind != "messy csv"]  # which is of the thousand people
VARIABLE = "OPENMINED_TEST_FLOWERS"


@pytest.fixture(scope="module")
def flowers() -> pa.Table:
    """The miner's part, in the campaign's own names and in centimetres."""
    iris = load_iris()
    part = np.random.default_rng(1).permutation(len(iris.target))[70:150]
    columns = {name: iris.data[part, place] for place, name in enumerate(LENGTHS)}
    return pa.table(columns | {"species": iris.target_names[iris.target[part]].tolist()})


@pytest.fixture(scope="module")
def expected(flowers: pa.Table) -> tuple[object, ...]:
    """Encodings and gradients without any adapter."""
    return (dense(SCHEMA.encode(flowers)).tobytes(), SCHEMA.encode_labels(flowers).tobytes()), gradients_of(
        flowers, ASKED
    )


def made_of(data: DataSet) -> tuple[object, ...]:
    return encodings(data, SCHEMA), gradients(data, ASKED)


def test_the_walkthroughs_messy_file_is_the_same_bits(
    flowers: pa.Table, expected: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(PROGRAM), str(tmp_path)])
    runpy.run_path(str(PROGRAM))
    messy = tmp_path / "flowers.csv"
    assert messy.read_bytes().startswith(b"# measured in the garden\r\nNr.;SepalLength (mm);")
    shelf = DataShelf(tmp_path / "shelf")
    data, seen = shelf.look("flowers", messy)
    shelf.keep(data, replace=False)
    assert dict(seen.left_out) == {"total row at the end": 1}
    data = shelf.keep_mapping("flowers", parse_mapping(as_toml(suggest(SCHEMA, seen)), source="suggested"))
    assert data.rows == flowers.num_rows == 80
    assert made_of(data) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_flowers_are_the_same_bits_through_every_adapter(
    kind: str, flowers: pa.Table, expected: tuple[object, ...], tmp_path: Path
) -> None:
    assert made_of(registered(FILES[kind](flowers, tmp_path), tmp_path)) == expected


def test_the_same_flowers_are_the_same_bits_in_postgresql(
    postgres: Postgres,
    flowers: pa.Table,
    expected: tuple[object, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, postgres.url)
    location, _ = as_postgres(flowers, postgres.url, VARIABLE)
    told = location, {"connection_env": VARIABLE, "query": "select * from people order by place"}
    assert made_of(registered(told, tmp_path)) == expected


@pytest.mark.parametrize(("factor", "unit"), [("0.1", 10), ("0.001", 1000), ("0.08333333333333333", 12)])
def test_a_part_of_a_unit_is_the_number_that_people_would_write(
    factor: str, unit: int, tmp_path: Path
) -> None:
    """51 mm are 5.1 cm; 51 x 0.1 is the float beside it."""
    table = pa.table({"n": list(range(1, 2000)), "species": ["a", "b"] * 999 + ["a"]})
    data = registered(
        FILES["parquet"](table, tmp_path), tmp_path, mapping=f'[length]\ncolumn = "n"\nfactor = {factor}\n'
    )
    with data.opened() as source:
        (batch,) = source.batches(["length"])
    wanted = pc.divide(pa.array(range(1, 2000), pa.float64()), float(unit))
    assert (
        batch.records.column(0).to_pylist() == [float(n) / unit for n in range(1, 2000)] == wanted.to_pylist()
    )
