"""Every number of the index follows from the chain's logs, also after a re-org, and in both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.database_errors import DatabaseUnusableError, NewerDatabaseError, WrongDatabaseError
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web import queries
from sonar_web.errors import DatabaseAwayError, DatabaseSettingError
from sonar_web.index.indexer import Indexer
from sonar_web.index.opening import is_server
from sonar_web.index.reading import open_for_reading
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.web.chain_story import HOUR, Story, digest

ETHER = "0x" + "00" * 20
VERDICTS = {1: "improved", 2: "no_gain", 3: "malformed", 4: "unavailable"}


def rows(database: str, table: str) -> list[JsonObject]:
    """All rows of a table of the index."""
    opened = open_for_reading(database)
    try:
        return list(queries.every(opened, table))
    finally:
        opened.close()


def recounted(node: Anvil, sonar: Sonar) -> dict[str, dict[str, dict[str, int]]]:
    """Totals of miners and Capsules, worked out from raw logs word by word, by nothing of the product's."""
    topics = {
        keccak(text=f"{name}({types})").hex(): name
        for name, types in {
            "CampaignCreated": "bytes32,address,address,bytes32,address,uint256,uint256,uint256,bytes32",
            "CampaignOpened": "bytes32,bytes32,bytes32,uint256",
            "Submitted": "bytes32,uint256,address,bytes32",
            "Verdicts": "bytes32,uint256,bytes32",
            "Improved": "bytes32,uint256,uint256,uint256,uint256,bytes32",
            "CampaignDeclined": "bytes32,bytes",
        }.items()
    }
    miners: dict[str, dict[str, int]] = {}
    capsules: dict[str, dict[str, int]] = {}
    capsule_of: dict[str, str] = {}
    queue: dict[tuple[str, int], str] = {}

    def add(totals: dict[str, dict[str, int]], who: str, what: str, how_much: int = 1) -> None:
        totals.setdefault(who, {})
        totals[who][what] = totals[who].get(what, 0) + how_much

    times: dict[str, int] = {}
    waits: dict[str, int] = {}  # since when a campaign's request or the head of its queue waits
    submitted: dict[tuple[str, int], int] = {}

    def waited(campaign: str, since: int, until: int) -> None:
        add(capsules, capsule_of[campaign], "unavailable_seconds", max(0, until - since - 3600))

    logs = node.rpc("eth_getLogs", {"address": sonar.address, "fromBlock": "0x0", "toBlock": "latest"})
    for log in logs:
        name, campaign = topics.get(log["topics"][0][2:]), log["topics"][1]
        data = bytes.fromhex(log["data"][2:])
        if log["blockNumber"] not in times:
            block = node.rpc("eth_getBlockByNumber", log["blockNumber"], False)
            times[log["blockNumber"]] = int(block["timestamp"], 16)
        at = times[log["blockNumber"]]
        words = [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]
        if name == "CampaignCreated":
            capsule_of[campaign] = "0x" + log["topics"][3][-40:]
            add(capsules, capsule_of[campaign], "campaigns")
            waits[campaign] = at
        elif name == "CampaignDeclined":
            waited(campaign, waits[campaign], at)
        elif name == "CampaignOpened":
            add(capsules, capsule_of[campaign], "opened")
            waited(campaign, waits[campaign], at)
            waits[campaign] = 0
        elif name == "Submitted":
            queue[campaign, words[0]] = "0x" + log["topics"][2][-40:]
            add(miners, queue[campaign, words[0]], "submissions")
            submitted[campaign, words[0]] = at
        elif name == "Verdicts":
            waited(campaign, max(submitted[campaign, words[0]], waits[campaign]), at)
            waits[campaign] = at
            for place, verdict in enumerate(data[32:64].rstrip(b"\0"), words[0]):
                add(miners, queue[campaign, place], VERDICTS[verdict])
                add(capsules, capsule_of[campaign], VERDICTS[verdict])
        elif name == "Improved":
            add(miners, queue[campaign, words[0]], "earned", words[3])
    return {"miner": miners, "capsule": capsules}


def same_as_recounted(node: Anvil, sonar: Sonar, database: str) -> None:
    for table, expected in recounted(node, sonar).items():
        found = {row["address"].lower(): row for row in rows(database, table)}
        assert set(found) == set(expected)
        for who, totals in expected.items():
            assert {name: int(found[who][name]) for name in totals} == totals


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


def test_a_rebuilt_index_is_the_same(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    two_campaigns(story, miner, second_miner)
    indexer.poll()
    before = {table: rows(database, table) for table in ("campaign", "miner", "capsule", "day")}
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
    for table in ("campaign", "miner", "capsule", "day"):
        assert [dict(row) for row in rows(database, table)] == [dict(row) for row in rows(other, table)]


def test_a_database_of_another_contract_is_refused(
    node: Anvil, sonar: Sonar, indexer: Indexer, database: str
) -> None:
    indexer.poll()
    indexer.close()
    other = Sonar(node.web3, node.web3.to_checksum_address("0x" + "11" * 20), sonar.chain_id)
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


@pytest.mark.parametrize("setting", ["mysql://here/x", "http://127.0.0.1", "sqlite://index"])
def test_a_database_address_of_another_kind_is_refused(setting: str) -> None:
    with pytest.raises(DatabaseSettingError, match="expected a path, or postgresql://"):
        is_server(setting)
