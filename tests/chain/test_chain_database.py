"""The agent's database: bound to its chain, durable, all or nothing."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from pysonar.chain.database import open_database, transaction
from pysonar.chain.errors import DatabaseUnusableError, WrongDatabaseError

GENESIS = bytes([7]) * 32
CONTRACT = "0x" + "Ab" * 20
IDENTITY: dict[str, Any] = {"chain_id": 1337, "genesis": GENESIS, "contract": "0x" + "ab" * 20}
TABLE = "create table if not exists note (text text) strict"


def test_it_is_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "home" / "agent.sqlite"
    database = open_database(path, **IDENTITY, schema=[TABLE])
    with transaction(database):
        database.execute("insert into note values ('kept')")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for beside in path.parent.iterdir():  # the write-ahead log too
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert database.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert database.execute("pragma synchronous").fetchone()[0] == 2  # FULL
    again = open_database(path, **IDENTITY, schema=[TABLE])
    assert [row["text"] for row in again.execute("select text from note")] == ["kept"]


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("chain id", {"chain_id": 1}),
        ("genesis block", {"genesis": bytes(32)}),
        ("contract", {"contract": "0x" + "cd" * 20}),
    ],
)
def test_a_database_of_another_chain_is_refused(tmp_path: Path, what: str, changed: dict[str, Any]) -> None:
    path = tmp_path / "agent.sqlite"
    open_database(path, **IDENTITY).close()
    with pytest.raises(WrongDatabaseError) as wrong:
        open_database(path, **(IDENTITY | changed))
    assert wrong.value.what == what
    open_database(path, **IDENTITY).close()  # and it is not spoilt by the attempt


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to look at" * 40, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "agent.sqlite"
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusableError, match="cannot be used"):
        open_database(path, **IDENTITY)
    assert path.read_bytes() == content


def test_a_place_that_is_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusableError):
        open_database(tmp_path, **IDENTITY)


def test_a_transaction_is_all_or_nothing_and_joins_the_outer_one(tmp_path: Path) -> None:
    database = open_database(tmp_path / "agent.sqlite", **IDENTITY, schema=[TABLE])

    def fail() -> None:
        with transaction(database):
            database.execute("insert into note values ('outer')")
            with transaction(database):
                database.execute("insert into note values ('inner')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert database.execute("select count(*) from note").fetchone()[0] == 0
    assert not database.in_transaction
    with transaction(database):
        database.execute("insert into note values ('kept')")
    other = sqlite3.connect(tmp_path / "agent.sqlite")
    assert other.execute("select text from note").fetchall() == [("kept",)]


def test_a_schema_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    open_database(path, **IDENTITY).close()
    with pytest.raises(DatabaseUnusableError):
        open_database(path, **IDENTITY, schema=[TABLE, "create table broken"])
    tables = open_database(path, **IDENTITY).execute("select name from sqlite_master where name = 'note'")
    assert tables.fetchall() == []
