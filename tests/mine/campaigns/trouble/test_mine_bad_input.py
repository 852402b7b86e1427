"""What strangers and broken machines hand to a mine: a clear message, nothing submitted, nothing spent, and
the honest campaign beside it is served all the same.

Where each kind of bad input is tested (files are those of tests/adapters and of this folder):

    a file that cannot be understood       test_nothing_understood: what_cannot_be_understood
    a row too long                         test_nothing_understood: a_row_too_long_is_named; test_wide_rows
    a wrong type in row nine million       here: a_value_of_the_wrong_type_in_row_nine_million
    a server that goes away                here; test_every_adapter, test_sql_dialects: with the row
    a table that changes between batches   here; test_changing_sources, test_sql_dialects
    a symlink loop                         test_nothing_understood: a_link_that_leads, a_folder_that
    a zip bomb of an image                 test_nothing_understood: images_that_unpack; test_collections
    a schema with a reference or a bomb    here: a_spec_with_a_reference_or_a_bomb_in_its_schema
    forbidden fields                       here: a_campaign_that_asks_for_forbidden_fields
    a model that is not what the spec says test_mine_hostile: a_campaign_that_is_wrong (HOSTILE)
    another certificate of Capsule's       test_mine_hostile: names_a_certificate_that_is_not_capsules
    an RPC that lies about its chain       here: a_node_that_says_another_chain, a_home_of_another_chain

What the shelf refuses is not registered, so nothing of it can be trained on, submitted or paid for.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.data.adapters.databases.postgres import PostgresTable
from mine_agent.data.adapters.databases.sqlite import SqliteTable
from mine_agent.errors import DataChangedError
from mine_agent.home import Home
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.types import Verdict
from pysonar.chain.errors import WrongChainError
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from pysonar.tables import Batch
from tests.adapters.writing import as_postgres
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.meddling import Meddling
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import Records, SmallCapsule
from tests.mine.mine_commands import MineCommand
from tests.postgres_server import Postgres, postgres_bin
from tests.roles import Tell


@pytest.fixture
def mine(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Mine:
    """The miner's mine with the colours registered."""
    home.data().add("colours", colours, replace=False)
    return Mine(home, miner, tell)


@pytest.mark.parametrize(
    ("records", "classes", "joins"), [(20, 2, True), (19, 2, False), (60, 1, False), (20, 1, False)]
)
def test_without_privacy_few_records_or_one_class_are_not_trained_for_capsule_could_read_them(
    home: Home, miner: KeyfileSigner, tell: Tell, rows: Records, tmp_path: Path, small_capsule: SmallCapsule,
    records: int, classes: int, joins: bool,
) -> None:  # fmt: skip
    wanted = [row for row in rows * 3 if row[3] in SmallCapsule.CLASSES[:classes]][:records]
    few = tmp_path / "few.csv"
    few.write_text("a,b,c,colour\n" + "".join(f"{a},{b},{c},{colour}\n" for a, b, c, colour in wanted))
    home.data().add("few", few, replace=False)
    mine, campaign = Mine(home, miner, tell), small_capsule.open()
    errors = mine.errors()
    assert (len(mine.submitted(campaign)), bool(errors)) == ((1, False) if joins else (0, True))
    if not joins:
        limit = "least_records" if records < 20 else "least_classes"
        assert f"{limit} in policy.toml asks for" in str(errors[0])
        assert "Capsule could read single records" in str(errors[0])


def changed_spec(capsule: SmallCapsule, change: Callable[[JsonObject], None]) -> bytes:
    document = json.loads(capsule.spec().to_bytes())
    change(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def refer_elsewhere(document: JsonObject) -> None:
    document["input_schema"]["$ref"] = "https://schemas.example/colours.json"


def refer_to_itself(document: JsonObject) -> None:
    document["input_schema"]["properties"]["a"]["$ref"] = "#"


def match_for_hours(document: JsonObject) -> None:
    document["input_schema"]["properties"]["a"]["pattern"] = "(a+)+$"


def state_a_purpose_of_its_own(document: JsonObject) -> None:
    document["purpose"] = "whatever you like"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (refer_elsewhere, "$ref"),
        (refer_to_itself, "$ref"),
        (match_for_hours, "pattern"),
        (state_a_purpose_of_its_own, "purpose"),
    ],
)
def test_a_spec_with_a_reference_or_a_bomb_in_its_schema_costs_nothing(
    change: Callable[[JsonObject], None], named: str, mine: Mine, small_capsule: SmallCapsule, node: Anvil
) -> None:
    before = node.balance(mine.address)
    bad = small_capsule.opened_with(changed_spec(small_capsule, change))
    (error,) = mine.errors()
    assert named in str(error)
    assert mine.submitted() == []
    assert node.balance(mine.address) == before
    good = small_capsule.open(salt=b"\x01" * 32)
    mine.round()
    assert [event.id for event in mine.submitted()] == [good]
    assert mine.connection.journal.failure(bad, "colours") is not None


def test_brackets_without_end_in_a_spec_end_no_process(
    mine: Mine, small_capsule: SmallCapsule, node: Anvil
) -> None:
    before = node.balance(mine.address)
    small_capsule.opened_with(b"[" * 500_000)
    (error,) = mine.errors()
    assert "canonical JSON" in str(error)
    assert node.balance(mine.address) == before


def test_a_campaign_that_asks_for_forbidden_fields_gets_nothing_and_costs_nothing(
    mine: Mine, home: Home, small_capsule: SmallCapsule, node: Anvil, asked: list[Cid]
) -> None:
    home.save_policy(
        home.policy_file.read_text().replace('fields = ["any"]', 'fields = ["a", "b", "colour"]')
    )
    before = node.balance(mine.address)
    campaign = small_capsule.open()
    asked.clear()
    assert mine.round() == []
    assert mine.submitted() == []
    assert node.balance(mine.address) == before
    record = mine.connection.sonar.campaign(campaign)
    assert [cid.digest for cid in asked] == [record.terms.spec]  # neither its key nor its model
    (decision,) = mine.connection.decisions.of(campaign)
    assert [reason.rule for reason in decision.reasons] == ["fields"]
    assert "fields not allowed: c" in decision.reasons[0].reason


def test_a_node_that_says_another_chain_in_the_middle_gets_no_transaction(
    home: Home, miner: KeyfileSigner, tell: Tell, colours: Path, small_capsule: SmallCapsule, node: Anvil
) -> None:
    home.data().add("colours", colours, replace=False)
    small_capsule.open()
    before, lies = node.balance(miner.address), [False]

    def lie(method: str, _: object) -> JsonObject | None:
        return {"result": "0x1"} if lies[0] and method == "eth_chainId" else None

    connection = Connection.open(home, NodeHandle(Meddling(node.url, lie)))
    agent = Agent(connection, connection.outbox(miner), tell=tell)
    lies[0] = True
    with pytest.raises(WrongChainError, match="serves chain 1, expected chain 1337"):
        agent.round()
    assert node.balance(miner.address) == before
    assert connection.follower.history(Submitted) == []
    lies[0] = False
    assert agent.round() == []
    node.mine()
    connection.follower.poll()
    assert len(connection.follower.history(Submitted)) == 1  # nothing was lost, and it went once


def test_a_home_of_another_chain_does_not_start(
    make_home: Callable[..., Home], mine_agent: MineCommand, node: Anvil
) -> None:
    home = make_home(chain_id=1)
    before = node.balance(home.address)
    answer = mine_agent("run", "--once", "--home", home.path)
    assert answer.exit_code == 1
    assert "serves chain 1337, expected chain 1" in answer.stderr
    assert node.balance(home.address) == before


def test_a_table_that_loses_its_rows_between_two_visits_is_not_trained_on(
    home: Home,
    miner: KeyfileSigner,
    tell: Tell,
    small_capsule: SmallCapsule,
    rows: Records,
    tmp_path: Path,
    node: Anvil,
) -> None:
    place = tmp_path / "colours.sqlite"
    with sqlite3.connect(place) as database:
        database.execute("create table colours (a real, b real, c real, colour text)")
        database.executemany("insert into colours values (?, ?, ?, ?)", rows)
    home.data().add("colours", place, replace=False, options={"table": "colours"})
    with sqlite3.connect(place) as database:
        database.execute("delete from colours")
    mine, before = Mine(home, miner, tell), node.balance(miner.address)
    small_capsule.open()
    (error,) = mine.errors()
    assert "colours" in str(error)
    assert mine.submitted() == []
    assert node.balance(miner.address) == before


def test_a_table_that_changes_between_two_batches_of_a_visit_is_read_again_before_anything_is_sent(
    home: Home, miner: KeyfileSigner, tell: Tell, small_capsule: SmallCapsule, rows: Records, tmp_path: Path,
    node: Anvil, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In the middle of the first visit the owner's own program changes a row."""
    place, visits = tmp_path / "colours.sqlite", [0]
    with sqlite3.connect(place) as database:
        database.execute("pragma journal_mode = wal")  # as programs have it that write while others read
        database.execute("create table colours (a real, b real, c real, colour text)")
        database.executemany("insert into colours values (?, ?, ?, ?)", rows)
    home.data().add("colours", place, replace=False, options={"table": "colours"})
    small_capsule.open()
    mine, before = Mine(home, miner, tell), node.balance(miner.address)
    batches = SqliteTable.batches
    monkeypatch.setattr("mine_agent.data.adapters.databases.rows.MOST_ROWS", 16)

    def meddled(table: SqliteTable, columns: Sequence[str]) -> Iterator[Batch]:
        for number, batch in enumerate(batches(table, columns)):
            yield batch
            if number == 1 and "colour" in columns and not visits[0]:
                visits[0] += 1
                with sqlite3.connect(place) as other:
                    other.execute("update colours set a = a + 1 where rowid = 1")

    monkeypatch.setattr(SqliteTable, "batches", meddled)
    (error,) = mine.errors()
    assert isinstance(error, DataChangedError)
    assert "'colours' changed while it was read" in str(error)
    assert (mine.submitted(), node.balance(miner.address)) == ([], before)
    mine.time += 100_000
    assert mine.round() == []
    assert len(mine.submitted()) == 1


def test_a_table_that_changed_is_trained_on_as_it_is_now_and_once_for_each_version(
    home: Home, miner: KeyfileSigner, tell: Tell, small_capsule: SmallCapsule, rows: Records, tmp_path: Path
) -> None:
    place = tmp_path / "colours.sqlite"

    def written(some: Records) -> None:
        with sqlite3.connect(place) as database:
            database.execute("create table if not exists colours (a real, b real, c real, colour text)")
            database.executemany("insert into colours values (?, ?, ?, ?)", some)

    written(rows[:30])
    home.data().add("colours", place, replace=False, options={"table": "colours"})
    written(rows[30:40])
    campaign, mine = small_capsule.open(), Mine(home, miner, tell)
    assert (mine.round(), mine.round()) == ([], [])
    (first,) = mine.submitted()
    written(rows[40:50])
    small_capsule.report(campaign, mine.address, first.update, Verdict.IMPROVED, 300_000)
    assert (mine.round(), mine.round()) == ([], [])
    _, second = mine.submitted()  # a new version
    written(rows[50:])
    small_capsule.report(campaign, mine.address, second.update, Verdict.NO_GAIN)
    for _ in range(2):
        mine.time += 100_000
        assert mine.round() == []
    assert (
        len(mine.submitted()) == 2
    )  # the same version: a table that changes all the time would pay for each
    digests = {made.data_digest for made in mine.connection.journal.submissions(campaign)}
    assert len(digests - {home.data().get("colours").digest}) == 2


@pytest.mark.slow
def test_a_server_that_goes_away_in_the_middle_of_a_visit_costs_nothing_and_is_asked_again(
    home: Home, miner: KeyfileSigner, tell: Tell, small_capsule: SmallCapsule, rows: Records, node: Anvil,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A real PostgreSQL, killed after the visit has looked whether the records are what they were."""
    programs = postgres_bin()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="openmined-postgres-"))  # pytest's own folders are closed to others
    server, batches, kills = Postgres(folder, programs), PostgresTable.batches, [0]
    try:
        monkeypatch.setenv("OPENMINED_TEST_POSTGRES", server.url)
        named = [dict(zip(("a", "b", "c", "colour"), row, strict=True)) for row in rows]
        told = as_postgres(pa.Table.from_pylist(named), server.url, "OPENMINED_TEST_POSTGRES")
        home.data().add("colours", told[0], replace=False, options=told[1])
        small_capsule.open()
        mine, before = Mine(home, miner, tell), node.balance(miner.address)

        def killed(table: PostgresTable, wanted: Sequence[str]) -> Iterator[Batch]:
            if "colour" in wanted and not kills[0]:
                kills[0] += 1
                server.stop()
            yield from batches(table, wanted)

        monkeypatch.setattr(PostgresTable, "batches", killed)
        (error,) = mine.errors()
        assert "postgresql:clinic: PostgreSQL refuses or went away (no answer; see that it runs" in str(error)
        assert (kills, mine.submitted(), node.balance(miner.address)) == ([1], [], before)
        server.start()
        mine.time += 100_000
        mine.round()
        assert len(mine.submitted()) == 1
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_value_of_the_wrong_type_in_row_nine_million_is_named_and_nothing_is_submitted(
    home: Home, miner: KeyfileSigner, tell: Tell, small_capsule: SmallCapsule, tmp_path: Path, node: Anvil
) -> None:
    place, row = tmp_path / "long.parquet", 9_000_000
    write_with_a_word_in_row(place, row)
    home.data().add("long", place, replace=False, unusable=Fraction(0))
    mine, before = Mine(home, miner, tell), node.balance(miner.address)
    small_capsule.open()
    (error,) = mine.errors()
    assert f"row {row}, column 'b' is 'two'" in str(error)
    assert mine.submitted() == []
    assert node.balance(miner.address) == before


def write_with_a_word_in_row(place: Path, row: int) -> None:
    """So many records, of which the last has a word where a number should be."""
    part = row // 9
    colours = pa.array(["red", "green", "blue"]).take(pa.array(np.arange(part) % 3))
    numbers, texts = pa.array(np.ones(part)), pa.array(["2"] * part)
    names = ["a", "b", "c", "colour"]
    schema = pa.schema([("a", "f8"), ("b", "string"), ("c", "f8"), ("colour", "string")])
    with pq.ParquetWriter(place, schema) as writer:
        for number in range(9):
            if number == 8:
                texts = pa.array(["2"] * (part - 1) + ["two"])
            writer.write_table(pa.table([numbers, texts, numbers, colours], names=names))
