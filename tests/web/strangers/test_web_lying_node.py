"""A node that lies about logs: what cannot be is refused by name and nothing of it is kept, and when it tells
the truth again every number is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pysonar.chain import block_times, follower
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.errors import NodeDownError, UnexpectedAnswerError
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import connect
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.index.indexer import Indexer
from tests.conftest import Anvil
from tests.faulty_node import Act, Exchange, FaultyNode, Said, answering
from tests.json_types import JsonObject
from tests.web.chain_story import Story
from tests.web.recount import rows, same_as_recounted
from tests.web.test_web_index import two_campaigns

Change = Callable[[list[JsonObject]], list[JsonObject]]
STRANGER = "0x" + "22" * 20


@pytest.fixture
def liar(node: Anvil, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyNode]:
    """Between the index and the chain."""
    monkeypatch.setattr(rpc, "_PAUSES", (0.0,))
    monkeypatch.setattr(follower, "AFTER_A_REFUSAL", 0.0)
    with FaultyNode(node.url) as between:
        yield between


@pytest.fixture
def told(liar: FaultyNode, sonar: Sonar, database: str) -> Iterator[Indexer]:
    """An index that hears of the chain through the liar."""
    made = Indexer(connect(liar.url), sonar, database, confirmations=0, start_block=0)
    yield made
    made.close()


@pytest.fixture
def whole(story: Story, miner: KeyfileSigner, second_miner: KeyfileSigner) -> Story:
    """A chain with two campaigns that are over."""
    two_campaigns(story, miner, second_miner)
    return story


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block is so new that its header is asked for in any case; the first and the last alone are drawn."""
    monkeypatch.setattr(block_times, "NEWEST", 0)
    monkeypatch.setattr(block_times, "COMPARED", 2)


def changed(change: Change) -> Act:
    """The right logs, otherwise."""

    def act(exchange: Exchange) -> Said:
        said = exchange.honest()
        return {**said, "result": change(said["result"])}

    return act


def log_at(story: Story, place: int) -> JsonObject:
    """One of those on the chain, in their order."""
    asked = {"address": story.sonar.address, "fromBlock": "0x0", "toBlock": "latest"}
    found: JsonObject = story.node.rpc("eth_getLogs", asked)[place]
    return found


def one(log: JsonObject, **other: object) -> Act:
    """That one has other fields, in whatever range it is asked for; None: the field is missing."""
    lie = {name: value for name, value in {**log, **other}.items() if value is not None}
    return changed(lambda logs: [lie if told == log else told for told in logs])


def refused(indexer: Indexer, database: str, liar: FaultyNode, story: Story, why: str) -> None:
    """Its answer is refused in these words and no range with it is kept; afterwards the truth is read."""
    with pytest.raises(NodeDownError, match=why):
        indexer.poll()
    assert indexer.progress.block < int(log_at(story, -1)["blockNumber"], 16)
    assert "settled" not in {row["state"] for row in rows(database, "campaign")}
    liar.behave()
    indexer.poll()
    same_as_recounted(story.node, story.sonar, database)


def test_logs_out_of_order_are_read_in_the_order_of_the_chain(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    liar.habit(changed(lambda logs: logs[::-1]), "eth_getLogs")
    told.poll()
    same_as_recounted(whole.node, whole.sonar, database)


def test_a_log_that_is_told_twice_counts_once(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    liar.habit(changed(lambda logs: [*logs, *logs]), "eth_getLogs")
    events = told.poll()
    liar.behave()
    same_as_recounted(whole.node, whole.sonar, database)
    asked = {"address": whole.sonar.address, "fromBlock": "0x0", "toBlock": "latest"}
    assert events == len(whole.node.rpc("eth_getLogs", asked))


def test_two_logs_at_one_place_are_refused(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    other = {"data": "0x" + "07" * 64}
    twin = log_at(whole, 4)
    both = changed(lambda logs: [*logs, {**twin, **other}] if twin in logs else logs)
    liar.habit(both, "eth_getLogs")
    refused(told, database, liar, whole, "one log with the index 0 in block")


@pytest.mark.parametrize(
    "name", ["address", "topics", "data", "blockNumber", "blockHash", "logIndex", "transactionHash"]
)
def test_a_log_without_one_of_its_fields_is_refused_by_name(
    whole: Story, told: Indexer, liar: FaultyNode, database: str, name: str
) -> None:
    liar.habit(one(log_at(whole, 3), **{name: None}), "eth_getLogs")
    refused(told, database, liar, whole, f"as '{name}'")


def test_a_log_that_is_called_removed_is_missed_and_asked_for_again(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    liar.habit(one(log_at(whole, 3), removed=True), "eth_getLogs", first=1)
    told.poll()
    assert liar.acted["eth_getLogs"] == 1
    assert liar.asked["eth_getLogs"] > 1
    same_as_recounted(whole.node, whole.sonar, database)


def test_a_log_that_stays_removed_is_said(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    liar.habit(one(log_at(whole, 3), removed=True), "eth_getLogs")
    told.poll()
    assert told._follower is not None
    assert "the event of submission 1 missing" in str(told._follower.trouble)


@pytest.mark.parametrize(
    "other", [{"address": STRANGER}, {"blockNumber": "0xffffff"}], ids=["address", "block"]
)
def test_logs_of_another_contract_or_of_blocks_that_were_not_asked_for_are_refused(
    whole: Story, told: Indexer, liar: FaultyNode, database: str, other: JsonObject
) -> None:
    liar.habit(one(log_at(whole, 3), **other), "eth_getLogs")
    refused(told, database, liar, whole, "logs of 0x")


def test_a_log_of_a_block_that_is_not_on_the_chain_is_not_kept(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    liar.habit(one(log_at(whole, 3), blockHash="0x" + "ab" * 32), "eth_getLogs")
    told.poll()
    assert told.progress.block == -1
    liar.behave()
    told.poll()
    same_as_recounted(whole.node, whole.sonar, database)


# --- the time in a log


def test_the_time_in_a_log_saves_the_header_of_its_block(
    settled: None, whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    told.poll()
    with_times = liar.asked["eth_getBlockByNumber"]
    same_as_recounted(whole.node, whole.sonar, database)
    told.rebuild()
    liar.asked.clear()
    without = changed(lambda logs: [{**log, "blockTimestamp": None} for log in logs])
    liar.habit(without, "eth_getLogs")
    told.poll()
    assert liar.asked["eth_getBlockByNumber"] > with_times
    same_as_recounted(whole.node, whole.sonar, database)


@pytest.mark.parametrize("nonsense", [17, "", "soon", [], {}, "0x" + "f" * 64], ids=str)
def test_a_time_that_is_none_is_taken_from_the_header(
    settled: None, whole: Story, told: Indexer, liar: FaultyNode, database: str, nonsense: object
) -> None:
    liar.habit(one(log_at(whole, 3), blockTimestamp=nonsense), "eth_getLogs")
    told.poll()
    same_as_recounted(whole.node, whole.sonar, database)


@pytest.mark.parametrize("blocks", ["new", "settled"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_time_that_its_header_denies_is_refused_and_the_node_believed_no_more(
    request: pytest.FixtureRequest, whole: Story, told: Indexer, liar: FaultyNode, database: str,
    place: int, blocks: str,
) -> None:  # fmt: skip
    if blocks == "settled":
        request.getfixturevalue("settled")

    block, at = (log_at(whole, place)[name] for name in ("blockNumber", "blockTimestamp"))
    earlier = hex(int(at, 16) - 1)

    def early(logs: list[JsonObject]) -> list[JsonObject]:
        return [{**log, "blockTimestamp": earlier} if log["blockNumber"] == block else log for log in logs]

    liar.habit(changed(early), "eth_getLogs")
    with pytest.raises(UnexpectedAnswerError, match=r"(the|no) time of block"):
        told.poll()
    assert rows(database, "campaign") == []
    told.poll()  # it goes on lying about what is not looked at any more
    same_as_recounted(whole.node, whole.sonar, database)


@pytest.mark.parametrize(
    ("place", "time", "why"),
    [
        (5, "0x1", r"no time of block \d+ after 1,"),
        (-1, "0xffffffffff", "no time of block .*: 1099511627775"),
    ],
    ids=["backwards", "beyond the end"],
)
def test_a_time_that_cannot_be_is_refused_without_a_look_at_its_header(
    settled: None, whole: Story, told: Indexer, liar: FaultyNode, database: str,
    place: int, time: str, why: str,
) -> None:  # fmt: skip
    liar.habit(one(log_at(whole, place), blockTimestamp=time), "eth_getLogs")
    refused(told, database, liar, whole, why)


def test_two_times_of_one_block_are_refused(
    settled: None, story: Story, told: Indexer, liar: FaultyNode, database: str, miner: KeyfileSigner
) -> None:
    campaign = story.opened()
    story.submit(campaign, miner, "update")
    story.report(campaign, (miner, "update", Verdict.IMPROVED, 20_000))  # two logs of one block

    first, second = log_at(story, -2), log_at(story, -1)
    assert first["blockNumber"] == second["blockNumber"]
    liar.habit(one(second, blockTimestamp=hex(int(second["blockTimestamp"], 16) + 1)), "eth_getLogs")
    refused(told, database, liar, story, "one time of block")


def test_nothing_in_place_of_logs_is_not_taken_for_none(
    whole: Story, told: Indexer, liar: FaultyNode, database: str
) -> None:
    liar.habit(answering(None), "eth_getLogs")
    refused(told, database, liar, whole, "expected a list")
