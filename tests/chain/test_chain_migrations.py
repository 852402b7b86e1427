"""Databases of earlier releases are brought up to date; those of later ones are left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mine_agent.journal import SCHEMA as MINE
from openmined_oracle.journal import SCHEMA as CAPSULE
from pysonar.chain.database import open_database
from pysonar.chain.database_errors import DatabaseUnusableError, NewerDatabaseError
from pysonar.chain.event_records import SCHEMA as FOLLOWER
from pysonar.chain.migrations import Tables
from pysonar.chain.sending.outbox_schema import SCHEMA as OUTBOX
from pysonar.scientist.journal import SCHEMA as SCIENTIST
from tests.json_types import JsonObject

IDENTITY: JsonObject = {"chain_id": 1337, "genesis": bytes([7]) * 32, "contract": "0x" + "ab" * 20}
EARLIER = Path(__file__).parent / "release_0_1_0"  # as `sqlite3 FILE .dump` gave it before steps had numbers


def layout(database: sqlite3.Connection) -> dict[str, str]:
    """Name and definition of every table and index, spaces aside."""
    found = database.execute("select name, sql from sqlite_master where sql is not null")
    return {row[0]: " ".join(row[1].replace("if not exists ", "").split()) for row in found}


def count(database: sqlite3.Connection, table: str) -> int:
    """The rows of a table."""
    return int(database.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608 - names of ours


@pytest.mark.parametrize(("name", "own"), [("scientist", SCIENTIST), ("mine", MINE), ("capsule", CAPSULE)])
def test_a_database_of_release_0_1_0_becomes_todays_and_keeps_every_row(
    tmp_path: Path, name: str, own: Tables
) -> None:
    earlier = sqlite3.connect(tmp_path / "agent.sqlite")
    earlier.executescript((EARLIER / f"{name}.sql").read_text())
    names = [row[0] for row in earlier.execute("select name from sqlite_master where type = 'table'")]
    before = {table: count(earlier, table) for table in names}
    earlier.close()
    assert min(before.values()) > 0  # a table without a row would prove nothing
    opened = open_database(tmp_path / "agent.sqlite", **IDENTITY, tables=[own, OUTBOX, FOLLOWER])
    fresh = open_database(tmp_path / "fresh.sqlite", **IDENTITY, tables=[own, OUTBOX, FOLLOWER])
    assert layout(opened) == layout(fresh)
    assert before == {table: count(opened, table) for table in before}


FIRST = Tables("notes", (("create table if not exists note (text text) strict",),))
SECOND = Tables("notes", (*FIRST.steps, ("alter table note add column written integer not null default 0",)))
THIRD = Tables("notes", (*SECOND.steps, ("create index note_text on note (text)",)))
BROKEN = Tables("notes", (*SECOND.steps, ("update note set written = 1", "no statement at all")))


def test_each_step_is_run_once(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    open_database(path, **IDENTITY, tables=[FIRST]).execute("insert into note values ('kept')")
    for tables in (SECOND, SECOND, THIRD):  # adding the column a second time would be refused
        opened = open_database(path, **IDENTITY, tables=[tables])
        assert tuple(opened.execute("select * from note").fetchone()) == ("kept", 0)


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    open_database(path, **IDENTITY, tables=[FIRST]).execute("insert into note values ('kept')")
    with pytest.raises(DatabaseUnusableError):
        open_database(path, **IDENTITY, tables=[BROKEN])
    assert tuple(
        open_database(path, **IDENTITY, tables=[FIRST]).execute("select * from note").fetchone()
    ) == ("kept",)


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    open_database(path, **IDENTITY, tables=[SECOND]).close()
    with pytest.raises(NewerDatabaseError, match="notes tables are at step 2, this release knows 1"):
        open_database(path, **IDENTITY, tables=[FIRST])
