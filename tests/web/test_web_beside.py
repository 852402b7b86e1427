"""What is read beside the logs: gas from receipts, how tokens are counted; and a Capsule's silence."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from eth_utils.crypto import keccak

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from sonar_web.index.gas import GasReader
from sonar_web.index.indexer import Indexer
from sonar_web.index.titles import title_of
from sonar_web.index.tokens import TokenReader
from tests.conftest import Anvil
from tests.roles import Transact
from tests.token_under_test import STRICT, GivenToken
from tests.web.chain_story import DAY, HOUR, Story, digest
from tests.web.recount import rows
from tests.web.test_web_index import two_campaigns


def recounted(node: Anvil, sonar: Sonar) -> dict[tuple[str, str], list[int]]:
    """Transactions, gas and wei by day and function, worked out from blocks and receipts by nothing of the
    product's.
    """
    selectors = {
        keccak(text=signature)[:4].hex(): name
        for name, signature in {
            "open": "open_campaign(bytes32,bytes32,bytes32,uint256)",
            "submit": "submit(bytes32,bytes32,address)",
            "report": "report(bytes32,(address,bytes32,uint256,uint256,bytes32)[])",
            "deliver": "deliver(bytes32,bytes32)",
            "settle": "settle(bytes32)",
            "decline": "decline(bytes32,bytes)",
        }.items()
    }
    totals: dict[tuple[str, str], list[int]] = {}
    for number in range(int(node.rpc("eth_blockNumber"), 16) + 1):
        block = node.rpc("eth_getBlockByNumber", hex(number), True)
        day = datetime.datetime.fromtimestamp(int(block["timestamp"], 16), datetime.UTC).date().isoformat()
        for sent in block["transactions"]:
            if (sent["to"] or "").lower() != sonar.address.lower():
                continue
            receipt = node.rpc("eth_getTransactionReceipt", sent["hash"])
            used = int(receipt["gasUsed"], 16)
            name = selectors.get(sent["input"][2:10], "create")
            total = totals.setdefault((day, name), [0, 0, 0])
            for place, more in enumerate((1, used, used * int(receipt["effectiveGasPrice"], 16))):
                total[place] += more
    return totals


def totals_of(database: str) -> dict[tuple[str, str], list[int]]:
    found = rows(database, "gas_day")
    for row in found:
        assert row["least"] <= row["used"] / row["transactions"] <= row["most"]
    return {(row["day"], row["call"]): [row["transactions"], row["used"], int(row["cost"])] for row in found}


def test_gas_is_what_the_receipts_come_to_also_after_a_reorg_and_a_rebuild(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    reader = GasReader(indexer.another_connection, story.node.web3)
    two_campaigns(story, miner, second_miner)
    fork = story.node.rpc("evm_snapshot")
    campaign = story.opened()
    story.submit(campaign, miner, "lost")
    indexer.poll()
    assert reader.round() == sum(count for count, _, _ in recounted(story.node, story.sonar).values()) > 10
    assert reader.round() == 0
    assert totals_of(database) == recounted(story.node, story.sonar)
    story.node.rpc("evm_revert", fork)
    story.decline(story.create(), "another branch")
    for _ in range(4):
        story.node.rpc("evm_mine")
    indexer.poll()
    reader.round()
    assert totals_of(database) == recounted(story.node, story.sonar)
    indexer.rebuild()
    indexer.poll()
    reader.round()
    assert totals_of(database) == recounted(story.node, story.sonar)


def test_hours_in_which_work_waits_for_a_capsule_are_counted_beyond_the_first(
    story: Story, indexer: Indexer, database: str, miner: KeyfileSigner
) -> None:
    campaign = story.create()
    story.node.advance(5 * HOUR)
    opening = story.sonar.calls.open_campaign(campaign, digest("key"), digest("model 0"), 0)
    story.transact(story.node, story.capsule, opening)
    story.submit(campaign, miner, "one")
    story.node.advance(HOUR - 100)
    story.submit(campaign, miner, "two")
    story.report(campaign, (miner, "one", Verdict.NO_GAIN, 0))
    indexer.poll()
    (record,) = rows(database, "capsule")
    assert 4 * HOUR <= record["unavailable_seconds"] < 4 * HOUR + 60
    story.node.advance(3 * DAY)  # "two" is never judged: it waits until the review is over
    story.transact(story.node, story.scientist, story.sonar.calls.settle(campaign))
    indexer.poll()
    (record,) = rows(database, "capsule")
    (told,) = rows(database, "campaign")
    waited = 4 * HOUR + told["review_until"] - told["judged_at"] - HOUR
    assert abs(record["unavailable_seconds"] - waited) < 60


def test_tokens_are_asked_once_how_they_are_counted(
    story: Story,
    indexer: Indexer,
    database: str,
    deploy: Callable[..., str],
    transact: Transact,
    scientist: KeyfileSigner,
) -> None:
    token = GivenToken(story.node, deploy(story.node, STRICT), transact)
    token.give(scientist, scientist.address, 5000)
    token.approve(scientist, story.sonar.address, 1000)
    story.create(asset=token.address)
    indexer.poll()
    reader = TokenReader(indexer.another_connection, story.node.web3)
    assert (reader.round(), reader.round()) == (1, 0)
    (row,) = rows(database, "token")
    assert row == {"address": token.address, "symbol": "USDX", "decimals": 6}


def test_a_spec_of_brackets_has_no_title_and_ends_no_process() -> None:
    assert title_of(b"[" * 100_000) == title_of(b'{"a":' * 100_000) == ""
