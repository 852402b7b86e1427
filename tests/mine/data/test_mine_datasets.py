"""Data sets: what is a table, what is kept of it, and that a changed file is never used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.errors import DataChangedError, DataError, UnknownDataError
from pysonar.protocol.schema import SchemaError
from pysonar.tables import CsvFile
from pysonar.tables.understanding import ColumnSeen, TableSeen, understand

TABLE = b"age,bmi,ill,note\n30,22.5,yes,\n41,19,no,\n"


@pytest.fixture
def shelf(tmp_path: Path) -> DataShelf:
    return DataShelf(tmp_path / "home" / "data")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(TABLE)
    return path


def look(content: bytes) -> TableSeen:
    return understand(CsvFile(content=content, name="t.csv"))


def column_of(content: bytes) -> ColumnSeen:
    return look(content).columns[0]


def test_columns_kinds_gaps_and_ranges_are_found() -> None:
    seen = look(TABLE)
    assert seen.rows == 2
    assert [(column.name, column.kind, column.missing) for column in seen.columns] == [
        ("age", "integer", 0), ("bmi", "number", 0), ("ill", "boolean", 0), ("note", "empty", 2),
    ]  # fmt: skip
    assert (seen.columns[1].low, seen.columns[1].high) == (19.0, 22.5)
    assert seen.columns[0].samples == ["30", "41"]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("-3", "integer"), ("+3", "integer"), ("3.0", "number"), ("1e5", "integer"), (" 7 ", "integer"),
     ("nan", "empty"),
     ("inf", "text"), ("1_000", "text"), ("\u0663", "text"), ("3 4", "text"), ("", "empty"),
     ("NULL", "empty"),
     ("?", "empty"), ("yes", "boolean"), ("wahr", "boolean"), ("2026-11-26", "date"), ("26.11.2026", "date"),
     ("2026-11-26T12:00:00Z", "date"), ("12 %", "number"), ("1.234,5", "number"), ("Berlin", "text")],
)  # fmt: skip
def test_kinds_of_cells(cell: str, kind: str) -> None:
    assert column_of(f'a,b\n"{cell}",x\n'.encode()).kind == kind


def test_the_first_text_among_numbers_is_pointed_at() -> None:
    column = column_of(b"a,b\n1,x\n2,y\nl2,z\n")
    assert (column.kind, column.odd_row) == ("text", 4)


def test_what_is_not_plain_is_counted() -> None:
    column = column_of(b'a;b\n"1,5";x\nn/a;y\n"2.000,5";z\n')
    assert column.conversions == {"decimal comma": 2, "'n/a' as missing": 1}
    assert (column.kind, column.missing, column.high) == ("number", 1, 2000.5)


def test_a_data_set_is_kept_without_values(shelf: DataShelf, table: Path, tmp_path: Path) -> None:
    added = shelf.add("patients", table, replace=False)
    assert shelf.get("patients") == added
    assert shelf.all() == [added]
    with added.opened() as source:
        assert [batch.records.num_rows for batch in source.batches(["age"])] == [2]
    (file,) = (tmp_path / "home" / "data").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for value in ("30", "22.5", "yes"):
        assert value not in json.dumps(
            {**json.loads(file.read_text()), "sha256": "", "registration": "", "location": ""}
        )


def test_a_name_is_not_taken_twice_unless_asked(shelf: DataShelf, table: Path) -> None:
    shelf.add("patients", table, replace=False)
    with pytest.raises(DataError, match="--replace"):
        shelf.add("patients", table, replace=False)
    table.write_bytes(TABLE + b"50,21,no,\n")
    assert shelf.add("patients", table, replace=True).rows == 3


@pytest.mark.parametrize("name", ["", "../up", "A", "-a", "a b", "a/b", "a" * 65])
def test_names_that_are_none(shelf: DataShelf, table: Path, name: str) -> None:
    with pytest.raises(DataError):
        shelf.add(name, table, replace=False)
    with pytest.raises(UnknownDataError):
        shelf.get(name)


def test_the_longest_name_is_one(shelf: DataShelf, table: Path) -> None:
    assert shelf.add("a" * 64, table, replace=False).name == "a" * 64


def test_a_changed_file_is_not_used(shelf: DataShelf, table: Path) -> None:
    data = shelf.add("patients", table, replace=False)
    table.write_bytes(TABLE.replace(b"30", b"31"))
    with pytest.raises(DataChangedError, match="not what was registered"):
        data.renewed()


def test_a_file_that_changes_while_it_is_read_is_noticed(shelf: DataShelf, table: Path) -> None:
    data = shelf.add("patients", table, replace=False)
    with pytest.raises(DataChangedError, match="not what was registered"), data.opened() as source:  # noqa: PT012
        list(source.batches(["age"]))
        table.write_bytes(TABLE.replace(b"30", b"31"))


def test_a_file_that_went_away_is_not_used(shelf: DataShelf, table: Path) -> None:
    data = shelf.add("patients", table, replace=False)
    table.unlink()
    with pytest.raises(DataChangedError, match="no such file"):
        data.renewed()


def test_a_bad_table_is_not_registered(shelf: DataShelf, table: Path) -> None:
    table.write_bytes(b"a,b\n1\n")
    with pytest.raises((SchemaError, DataError), match="row 2 has 1 cells"):
        shelf.add("patients", table, replace=False)
    assert shelf.all() == []


def test_removing_forgets_and_leaves_the_file(shelf: DataShelf, table: Path) -> None:
    shelf.add("patients", table, replace=False)
    shelf.remove("patients")
    assert shelf.all() == []
    assert table.read_bytes() == TABLE
    with pytest.raises(UnknownDataError):
        shelf.remove("patients")


def test_a_damaged_registration_is_named(shelf: DataShelf, table: Path, tmp_path: Path) -> None:
    shelf.add("patients", table, replace=False)
    (tmp_path / "home" / "data" / "patients.json").write_text("{}")
    with pytest.raises(DataError, match=r"patients\.json"):
        shelf.all()
