"""Every number of the index follows from the chain's logs, also after a re-org, and in both databases."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.database import transaction
from pysonar.chain.database_errors import DatabaseUnusableError, NewerDatabaseError, WrongDatabaseError
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.errors import AnotherWriterError, DatabaseAwayError, DatabaseSettingError
from sonar_web.index.indexer import Indexer
from sonar_web.index.opening import is_server, without_secrets
from sonar_web.index.postgres import PostgresDatabase
from sonar_web.index.reading import open_for_reading
from tests.conftest import Anvil
from tests.postgres_server import Postgres
from tests.web.chain_story import HOUR, Story, digest
from tests.web.recount import TABLES, rows, same_as_recounted


def two_campaigns(story: Story, miner: KeyfileSigner, second_miner: KeyfileSigner) -> bytes:
    """One that is finished, with every verdict, and one that is declined; the first one's id."""
    campaign = story.create()
    story.node.advance(2 * HOUR)
    opening = story.sonar.calls.open_campaign(campaign, digest("key"), digest("model 0"), 0)
    story.transact(story.node, story.capsule, opening)
    for number, who in enumerate([miner, second_miner, miner, second_miner]):
        story.submit(campaign, who, f"update {number}")
    story.report(
        campaign,
        (miner, "update 0", Verdict.IMPROVED, 20_000),
        (second_miner, "update 1", Verdict.NO_GAIN, 0),
        (miner, "update 2", Verdict.UNAVAILABLE, 0),
    )
    story.report(campaign, (second_miner, "update 3", Verdict.IMPROVED, 800_000))
    story.finish(campaign)
    story.decline(story.create(), "=too small")
    return campaign


def test_a_finished_campaign_is_told_to_the_wei(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = two_campaigns(story, miner, second_miner)
    indexer.poll()
    (told,) = [row for row in rows(database, "campaign") if row["id"] == campaign]
    assert (told["state"], told["best"], told["version"], told["submitted"]) == ("settled", 800_000, 2, 4)
    assert [int(told[name]) for name in ("bounty", "paid", "refund", "fees", "burned")] == [
        1000,
        1000,
        0,
        12,
        7,
    ]
    earned = {row["address"]: int(row["earned"]) for row in rows(database, "miner")}
    assert earned == {miner.address: 25, second_miner.address: 975}


def test_every_total_is_what_raw_logs_come_to(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    for _ in range(2):
        two_campaigns(story, miner, second_miner)
    indexer.poll()
    same_as_recounted(story.node, story.sonar, database)


def test_a_reorg_takes_back_what_it_took_from_the_chain(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = story.opened()
    story.submit(campaign, miner, "kept")
    fork = story.node.rpc("evm_snapshot")
    story.report(campaign, (miner, "kept", Verdict.IMPROVED, 400_000))
    story.submit(campaign, second_miner, "lost")
    indexer.poll()
    assert int(rows(database, "miner")[0]["earned"]) == 500

    story.node.rpc("evm_revert", fork)
    story.report(campaign, (miner, "kept", Verdict.NO_GAIN, 0))
    for _ in range(3):
        story.node.rpc("evm_mine")
    indexer.poll()
    (told,) = rows(database, "campaign")
    assert (told["best"], told["version"], told["submitted"], int(told["paid"])) == (0, 0, 1, 0)
    assert int(next(row for row in rows(database, "miner") if row["address"] == miner.address)["earned"]) == 0
    same = {row["address"]: row["submissions"] for row in rows(database, "miner")}
    assert same == {miner.address: 1, second_miner.address: 0}


def test_a_reorg_of_twelve_blocks_leaves_nothing_of_the_other_branch(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = story.opened()
    fork = story.node.rpc("evm_snapshot")
    gone = story.opened()
    for number in range(4):
        story.submit(campaign, miner, f"lost {number}")
        story.submit(gone, second_miner, f"lost {number}")
    story.report(
        campaign, (miner, "lost 0", Verdict.IMPROVED, 400_000), (miner, "lost 1", Verdict.MALFORMED, 0)
    )
    story.decline(story.create(), "lost")
    indexer.poll()
    lost = indexer.progress.block
    same_as_recounted(story.node, story.sonar, database)

    story.node.rpc("evm_revert", fork)
    before = int(story.node.rpc("eth_blockNumber"), 16)
    assert lost - before >= 12
    story.submit(campaign, second_miner, "kept")
    story.report(campaign, (second_miner, "kept", Verdict.IMPROVED, 20_000))
    story.node.rpc("anvil_mine", hex(lost - before))
    indexer.poll()
    same_as_recounted(story.node, story.sonar, database)
    assert [row["id"] for row in rows(database, "campaign")] == [campaign]


def test_a_text_of_strangers_that_no_database_could_hold_is_made_fit(
    story: Story, indexer: Indexer, database: str
) -> None:
    story.decline(story.create(), "too\0 small\0")
    story.create()
    indexer.poll()
    told = {row["state"]: row["reason"] for row in rows(database, "campaign")}
    assert told == {"declined": "too small", "requested": None}


def test_an_index_has_one_writer(node: Anvil, sonar: Sonar, indexer: Indexer, database: str) -> None:
    indexer.poll()
    another = Indexer(node.web3, sonar, database, confirmations=0, start_block=0)
    with pytest.raises(AnotherWriterError, match="stop that one first"):
        another.rebuild()
    indexer.poll()
    indexer.close()
    another.rebuild()
    another.poll()
    another.close()


def test_a_rebuilt_index_is_the_same(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    two_campaigns(story, miner, second_miner)
    indexer.poll()
    before = {table: rows(database, table) for table in TABLES}
    indexer.rebuild()
    assert rows(database, "campaign") == []
    indexer.poll()
    assert {table: rows(database, table) for table in before} == before


def test_reading_in_steps_comes_to_the_same_as_reading_at_once(
    story: Story,
    node: Anvil,
    sonar: Sonar,
    indexer: Indexer,
    database: str,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    tmp_path: Path,
) -> None:
    campaign = story.opened()
    indexer.poll()
    story.submit(campaign, miner, "one")
    indexer.poll()
    story.report(campaign, (miner, "one", Verdict.IMPROVED, 400_000))
    indexer.poll()
    other = str(tmp_path / "at once.sqlite")
    at_once = Indexer(node.web3, sonar, other, confirmations=0, start_block=0)
    at_once.poll()
    at_once.close()
    for table in TABLES:
        assert [dict(row) for row in rows(database, table)] == [dict(row) for row in rows(other, table)]


def test_a_database_of_another_contract_is_refused(
    node: Anvil, sonar: Sonar, indexer: Indexer, database: str
) -> None:
    indexer.poll()
    indexer.close()
    other = Sonar(node.web3, "0x" + "11" * 20, sonar.chain_id)
    with pytest.raises(WrongDatabaseError, match="contract"):
        Indexer(node.web3, other, database, confirmations=0, start_block=0).poll()


def test_a_database_of_another_chain_or_of_a_newer_release_is_refused(
    node: Anvil, sonar: Sonar, indexer: Indexer, database: str
) -> None:
    indexer.poll()
    another = indexer.another_connection()
    another.execute("update migration set step = 99 where room = 'statistics'")
    another.close()
    indexer.close()
    with pytest.raises(NewerDatabaseError, match="99"):
        indexer.poll()
    other = Sonar(node.web3, sonar.address, sonar.chain_id + 1)
    with pytest.raises(WrongDatabaseError, match="chain id"):
        Indexer(node.web3, other, database, confirmations=0, start_block=0).poll()


def test_a_server_that_is_away_is_waited_for() -> None:
    with pytest.raises(DatabaseAwayError, match="does not answer"):
        open_for_reading("postgresql://nobody@127.0.0.1:9/none")
    assert issubclass(DatabaseAwayError, DatabaseUnusableError)


def test_no_password_of_a_database_is_shown(node: Anvil, sonar: Sonar) -> None:
    setting = "postgresql://me:hidden@127.0.0.1:9/none?password=hidden"
    indexer = Indexer(node.web3, sonar, setting, confirmations=0, start_block=0)
    for ask in (indexer.poll, indexer.another_connection, lambda: open_for_reading(setting)):
        with pytest.raises(DatabaseUnusableError) as caught:
            ask()
        assert "127.0.0.1:9/none" in str(caught.value)
        assert "hidden" not in str(caught.value)
    for wrong in ("mysql://me:hidden@db/x?password=hidden", "postgresql://db/x?passwrd=hidden"):
        with pytest.raises(DatabaseSettingError) as refused:
            open_for_reading(wrong)
        assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("postgresql://me:secret@db.example:5433/index", "db.example:5433/index"),
        ("postgresql://db.example/index?password=hid@den", "db.example:5432/index"),
        ("postgresql://me:what%3F@db.example/index?sslmode=require", "db.example:5432/index"),
        ("a/file.sqlite", "a/file.sqlite"),
    ],
)
def test_an_address_is_shown_without_its_password(setting: str, shown: str) -> None:
    assert without_secrets(setting) == shown


@pytest.mark.parametrize("wrong", [":only%20for%20tests@", "/postgres"], ids=["password", "database"])
def test_a_server_that_does_not_let_us_in_is_not_called_away(server: Postgres, wrong: str) -> None:
    with pytest.raises(DatabaseUnusableError, match="does not let us in") as refused:
        open_for_reading(server.url.replace(wrong, {":": ":other@", "/": "/none"}[wrong[0]]))
    assert not isinstance(refused.value, DatabaseAwayError)


def test_two_writers_of_one_server_wait_for_each_other(server: Postgres) -> None:
    """As in SQLite: what is read in a transaction cannot change before it is written."""
    one, other = (PostgresDatabase(server.url, "the server") for _ in range(2))
    one.execute("create table if not exists waits (n bigint)")
    one.execute("insert into waits values (0)")

    def add(database: PostgresDatabase) -> None:
        with transaction(database):  # type: ignore[arg-type]
            found = database.execute("select n from waits").fetchone()["n"]
            time.sleep(0.1)
            database.execute("update waits set n = ?", (found + 1,))

    threads = [threading.Thread(target=add, args=(database,)) for database in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.execute("select n from waits").fetchone()["n"] == 2
    one.execute("drop table waits")
    one.close()
    other.close()


@pytest.mark.parametrize("setting", ["mysql://here/x", "http://127.0.0.1", "sqlite://index"])
def test_a_database_address_of_another_kind_is_refused(setting: str) -> None:
    with pytest.raises(DatabaseSettingError, match="expected a path, or postgresql://"):
        is_server(setting)
