"""How a column writes numbers is settled when its owner registers the data: from then on no record decides
what others are read as, in whichever batch they come.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mine_agent.data.datasets import DataSet, DataShelf
from mine_agent.data.mapping import parse_mapping
from mine_agent.data.matching import fit_by_values, written_in
from mine_agent.errors import DataError
from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema
from pysonar.tables import Reading, record_batches

SCHEMA = Schema(
    input_schema({"price": number_field((0, 1e6)), "size": number_field((0, 1e6))}),
    output_schema("kind", class_label(["a", "b"])),
)
BATCH = 16_384  # rows of a database that are read together


@pytest.fixture
def shelf(tmp_path: Path) -> DataShelf:
    return DataShelf(tmp_path / "data")


def write(path: Path, prices: Sequence[str], sizes: Sequence[str]) -> None:
    """A table of texts, as if it had been written anew."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("drop table if exists things")
        database.execute("create table things (price text, size text, kind text)")
        rows = zip(prices, sizes, "ab" * len(prices), strict=False)
        database.executemany("insert into things values (?, ?, ?)", rows)
        database.commit()


def prices_of(data: DataSet) -> list[float]:
    """What a mine reads, whatever does not fit left out."""
    with data.renewed().opened() as source:
        fields = (*SCHEMA.fields, SCHEMA.label)
        written = written_in(data, source, fields)
        batches = record_batches(source, fields, Reading(source.name), limit=None, written=written)
        return [price for batch in batches for price in batch.column("price").to_pylist()]


def as_earlier_release(shelf: DataShelf, tmp_path: Path) -> DataSet:
    """The registration as earlier releases wrote it, without notations."""
    path = tmp_path / "data" / "things.json"
    document = json.loads(path.read_text())
    for column in document["columns"]:
        del column["mark"], column["currency"]
    path.write_text(json.dumps(document))
    return shelf.get("things")


def test_a_currency_stays_the_registered_one_whatever_most_rows_have_later(
    shelf: DataShelf, tmp_path: Path
) -> None:
    path = tmp_path / "shop.sqlite"
    write(path, ["1 EUR", "2 EUR", "3 USD"], ["1", "2", "3"])
    data = shelf.add("things", path, replace=False)
    assert prices_of(data) == [1.0, 2.0]
    write(path, ["1 EUR", "2 USD", "3 USD"], ["1", "2", "3"])
    assert prices_of(data) == [1.0]
    assert prices_of(shelf.get("things")) == [1.0]
    assert prices_of(shelf.add("things", path, replace=True)) == [2.0, 3.0]  # the owner's word


def test_borders_of_batches_decide_nothing(shelf: DataShelf, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    write(path, ["1 EUR"] * BATCH + ["5 USD", "5 USD", "2 EUR"], ["1"] * (BATCH + 3))
    data = shelf.add("things", path, replace=False)
    assert prices_of(data) == [1.0] * BATCH + [2.0]


def test_a_decimal_mark_stays_the_registered_one(shelf: DataShelf, tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    write(path, ["1,5", "1,500"], ["2.5", "1.500"])  # a column of commas beside one of points
    data = shelf.add("things", path, replace=False)
    assert data.decimal is None
    assert prices_of(data) == [1.5, 1.5]
    write(path, ["1,500", "1,500", "2.5"], ["2.5", "1.500", "1"])
    assert prices_of(data) == [1.5, 1.5]
    assert "3 records" in (
        fit_by_values(SCHEMA, data.renewed()).problem or ""
    )  # 2.5 fits no column of commas


def test_a_mapped_field_is_written_as_its_column_is_and_a_constant_speaks_for_itself(
    shelf: DataShelf, tmp_path: Path
) -> None:
    path = tmp_path / "shop.sqlite"
    write(path, ["1.234,5 EUR", "1.500 EUR"], ["1", "2"])
    shelf.add("things", path, replace=False)
    table = '[price]\ncolumn = "{}"\nfactor = {}\n[size]\nconstant = "2.5"\n'
    for column, factor, found in (("price", "1.0", [1234.5, 1500.0]), ("price", "2.0", [2469.0, 3000.0])):
        mapped = shelf.keep_mapping("things", parse_mapping(table.format(column, factor), source="m"))
        assert prices_of(mapped) == found
    renamed = '[price]\ncolumn = "size"\n[size]\ncolumn = "price"\n'
    mapped = shelf.keep_mapping("things", parse_mapping(renamed, source="m"))
    assert prices_of(mapped) == [1.0, 2.0]
    assert fit_by_values(SCHEMA, mapped).fits


def test_of_an_earlier_release_all_rows_decide_together_and_under_a_budget_none(
    shelf: DataShelf, tmp_path: Path
) -> None:
    path = tmp_path / "shop.sqlite"
    write(path, ["1,5 EUR"] * BATCH + ["2,5 USD"] * 9, ["2.5"] * (BATCH + 9))
    shelf.add("things", path, replace=False)
    earlier = as_earlier_release(shelf, tmp_path)
    assert earlier.settled() is None
    assert prices_of(earlier) == [1.5] * BATCH
    write(path, ["1,5", "1.5", "2"], ["2", "2", "2"])
    assert prices_of(earlier.settled_unseen()) == [1.5, 2.0]
    assert shelf.add("things", path, replace=True).settled_unseen() == shelf.get("things")


def test_columns_that_were_not_looked_at_are_read_where_nothing_is_to_decide(
    shelf: DataShelf, tmp_path: Path
) -> None:
    path = tmp_path / "wide.csv"
    names = [f"c{place}" for place in range(1_000)]
    path.write_text(
        ";".join([*names, "price", "size", "kind"]) + "\n" + ";".join(["1"] * 1_000) + ";1,5;2;a\n"
    )
    fit = fit_by_values(SCHEMA, shelf.add("things", path, replace=False))
    assert "name it (decimal)" in (fit.problem or "")
    assert prices_of(shelf.add("things", path, replace=True, decimal=",")) == [1.5]


@pytest.mark.parametrize("damage", [{"mark": "x"}, {"currency": "BTC"}, {"currency": 1}])
def test_a_notation_that_there_is_not_is_a_damaged_registration(
    damage: dict[str, object], shelf: DataShelf, tmp_path: Path
) -> None:
    write(tmp_path / "shop.sqlite", ["1"], ["1"])
    shelf.add("things", tmp_path / "shop.sqlite", replace=False)
    path = tmp_path / "data" / "things.json"
    document = json.loads(path.read_text())
    document["columns"][0].update(damage)
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match="is not a registration of a data set"):
        shelf.get("things")
