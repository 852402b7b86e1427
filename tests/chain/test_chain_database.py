"""The agent's database: bound to its chain, durable, all or nothing."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from pysonar.chain import database as module
from pysonar.chain.database import open_database, transaction
from pysonar.chain.database_errors import (
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseFailingError,
    DatabaseFullError,
    DatabaseReadOnlyError,
    DatabaseUnusableError,
    DatabaseWaitError,
    WrongDatabaseError,
)
from pysonar.chain.migrations import Tables
from tests.json_types import JsonObject

GENESIS = bytes([7]) * 32
CONTRACT = "0x" + "Ab" * 20
IDENTITY: JsonObject = {"chain_id": 1337, "genesis": GENESIS, "contract": "0x" + "ab" * 20}
TABLE = "create table if not exists note (text text) strict"
NOTES = Tables("notes", ((TABLE,),))


def test_it_is_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "home" / "agent.sqlite"
    database = open_database(path, **IDENTITY, tables=[NOTES])
    with transaction(database):
        database.execute("insert into note values ('kept')")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for beside in path.parent.iterdir():  # the write-ahead log too
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert database.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert database.execute("pragma synchronous").fetchone()[0] == 2  # FULL
    again = open_database(path, **IDENTITY, tables=[NOTES])
    assert [row["text"] for row in again.execute("select text from note")] == ["kept"]


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("chain id", {"chain_id": 1}),
        ("genesis block", {"genesis": bytes(32)}),
        ("contract", {"contract": "0x" + "cd" * 20}),
    ],
)
def test_a_database_of_another_chain_is_refused(tmp_path: Path, what: str, changed: JsonObject) -> None:
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
    database = open_database(tmp_path / "agent.sqlite", **IDENTITY, tables=[NOTES])

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
        open_database(path, **IDENTITY, tables=[NOTES, Tables("broken", (("create table broken",),))])
    tables = open_database(path, **IDENTITY).execute("select name from sqlite_master where name = 'note'")
    assert tables.fetchall() == []


def test_a_database_that_another_program_has_locked_is_busy_and_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    path = tmp_path / "agent.sqlite"
    database = open_database(path, **IDENTITY, tables=[NOTES])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("begin immediate")
    with pytest.raises(DatabaseBusyError, match="another program has locked it"):
        open_database(path, **IDENTITY, tables=[NOTES])
    with pytest.raises(DatabaseBusyError), transaction(database):
        pytest.fail("the lock cannot be obtained")
    holder.execute("rollback")
    with transaction(database):
        database.execute("insert into note values ('after')")
    assert database.execute("select text from note").fetchone()["text"] == "after"


def test_a_full_disk_is_told_as_such_and_passes(tmp_path: Path) -> None:
    database = open_database(tmp_path / "agent.sqlite", **IDENTITY, tables=[NOTES])
    pages = database.execute("pragma page_count").fetchone()[0]
    database.execute(f"pragma max_page_count = {pages + 1}")
    with pytest.raises(DatabaseFullError, match="full"), transaction(database):
        database.execute("insert into note values (?)", ("x" * 100_000,))
    assert not database.in_transaction
    database.execute("pragma max_page_count = 100000")
    with transaction(database):
        database.execute("insert into note values ('there is room again')")
    assert [row["text"] for row in database.execute("select text from note")] == ["there is room again"]


def test_a_read_only_database_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    database = open_database(path, **IDENTITY, tables=[NOTES])
    database.execute("pragma query_only = on")
    with pytest.raises(DatabaseReadOnlyError, match="read-only"), transaction(database):
        database.execute("insert into note values ('no')")


def test_damage_is_told_as_damage_and_does_not_pass(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    database = open_database(path, **IDENTITY, tables=[NOTES])
    with transaction(database):
        database.executemany("insert into note values (?)", [("x" * 3000,) for _ in range(50)])
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    raw = bytearray(path.read_bytes())
    raw[4096 * 8 : 4096 * 40] = b"\xa5" * (4096 * 32)
    path.write_bytes(raw)
    damaged = open_database(path, **IDENTITY, tables=[NOTES])
    with pytest.raises(DatabaseDamagedError, match="damaged") as found:
        damaged.execute("select text from note").fetchall()
    assert not isinstance(found.value, DatabaseWaitError)


@pytest.mark.parametrize("method", ["execute", "executemany", "executescript"])
def test_a_disk_that_fails_is_told_by_every_way_to_a_statement(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(sqlite3.OperationalError):
        sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC

    def fail(*_: object) -> None:
        raise Failing("disk I/O error")

    database = open_database(tmp_path / "agent.sqlite", **IDENTITY)
    monkeypatch.setattr(module._Cursor, method, module._translated(fail))
    with pytest.raises(DatabaseFailingError, match=r"agent\.sqlite cannot be used: its disk fails"):
        getattr(database, method)("select 1")


def test_a_mistake_in_a_statement_stays_a_fault_of_the_program(tmp_path: Path) -> None:
    database = open_database(tmp_path / "agent.sqlite", **IDENTITY)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.execute("select * from nowhere")
