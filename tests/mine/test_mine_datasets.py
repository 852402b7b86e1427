"""Data sets: what is a table, what is kept of it, and that a changed file is never used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mine_agent.data.datasets import DataShelf
from mine_agent.data.tables import Column, describe_table
from mine_agent.errors import BadTableError, DataChangedError, DataError, UnknownDataError

TABLE = b"age,bmi,ill,note\n30,22.5,yes,\n41,19,no,\n"


@pytest.fixture
def shelf(tmp_path: Path) -> DataShelf:
    return DataShelf(tmp_path / "home" / "data")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(TABLE)
    return path


def test_columns_types_and_rows_are_found() -> None:
    rows, columns = describe_table(TABLE, file="t.csv")
    assert rows == 2
    assert columns == (
        Column("age", "integer", 0),
        Column("bmi", "number", 0),
        Column("ill", "text", 0),
        Column("note", "empty", 2),
    )


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("-3", "integer"), ("+3", "integer"), ("3.0", "number"), ("1e5", "number"), (" 7 ", "integer"),
     ("nan", "text"), ("inf", "text"), ("1_000", "text"), ("\u0663", "text"), ("3 4", "text"), ("", "empty")],
)  # fmt: skip
def test_kinds_of_cells(cell: str, kind: str) -> None:
    _, (column, _) = describe_table(f"a,b\n{cell},x\n".encode(), file="t.csv")
    assert column.kind == kind


def test_the_first_text_among_numbers_is_pointed_at() -> None:
    _, (column, _) = describe_table(b"a,b\n1,x\n2,y\nl2,z\n", file="t.csv")
    assert column == Column("a", "text", 0, first_text_row=4)


def test_a_byte_order_mark_quotes_and_blank_lines_are_no_trouble() -> None:
    rows, columns = describe_table(b'\xef\xbb\xbf"a ""x""",b\r\n"1\n2",3\r\n\r\n4,5\r\n', file="t.csv")
    assert rows == 2
    assert [column.name for column in columns] == ['a "x"', "b"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n", "no row"),
        (b"a,a\n1,2\n", "column 'a': two columns"),
        (b"a,\n1,2\n", "column 2 has no name"),
        (b"a,b\x07\n1,2\n", "not printable"),
        (b"a," + b"b" * 201 + b"\n1,2\n", "longer than 200"),
        (b"a,b\n1,2\n1\n", "row 3: has 1 cells; the header has 2"),
        (b"a,b\n1,2,3\n", "row 2: has 3 cells"),
        (b"a,b\n1,2\n\xff,3\n", "row 3: is not UTF-8"),
        (b'a,b\n1,"2\n', "row 2: a quoted cell"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(content: bytes, says: str) -> None:
    with pytest.raises(BadTableError, match=r"t\.csv") as caught:
        describe_table(content, file="t.csv")
    assert says in str(caught.value)


def test_a_data_set_is_kept_without_values(shelf: DataShelf, table: Path, tmp_path: Path) -> None:
    added = shelf.add("patients", table, replace=False)
    assert shelf.get("patients") == added
    assert shelf.all() == [added]
    assert added.read() == TABLE
    (file,) = (tmp_path / "home" / "data").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for value in ("30", "22.5", "yes"):
        assert value not in json.dumps({**json.loads(file.read_text()), "sha256": "", "path": ""})


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
    with pytest.raises(DataChangedError, match="not the file that was registered"):
        data.read()


def test_a_file_that_went_away_is_not_used(shelf: DataShelf, table: Path) -> None:
    data = shelf.add("patients", table, replace=False)
    table.unlink()
    with pytest.raises(DataChangedError, match="cannot be read"):
        data.read()


def test_a_bad_table_is_not_registered(shelf: DataShelf, table: Path) -> None:
    table.write_bytes(b"a,b\n1\n")
    with pytest.raises(BadTableError):
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
