"""The border with the node: whatever JSON comes back is a typed value or one typed error, and requests are
repeated, within reason, before anybody hears of trouble.
"""

from __future__ import annotations

import time

import pytest

from pysonar.chain.contract import abi
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import (
    ChainError,
    NoContractError,
    NodeBusyError,
    NodeDownError,
    NodeRefusedError,
    UnexpectedAnswerError,
    WrongChainError,
)
from pysonar.chain.node import answers, rpc
from pysonar.chain.node.connect import connect
from pysonar.chain.node.provider import BATCHES_AGAIN_SECONDS, LONGEST_WAIT
from pysonar.chain.sending.signer import KeyfileSigner
from tests.chain.patient import patient
from tests.conftest import Anvil
from tests.faulty_node import (
    Act,
    Broken,
    Exchange,
    FaultyNode,
    answering,
    closing,
    cutting,
    http,
    losing,
    refusing,
    saying,
    swapped,
)
from tests.json_types import JsonObject

# --- ids, limits, patience


def test_the_answer_to_another_request_is_not_believed(faulty: FaultyNode, node: Anvil) -> None:
    """One such answer once became the nonce 1,000,000,000."""
    web3, paused = patient(faulty.url)
    rpc.balance(web3, "0x" + "11" * 20)
    faulty.habit(swapped, "eth_getTransactionCount", first=1)
    assert rpc.nonce(web3, "0x" + "11" * 20) == 0
    assert len(paused) == 1
    faulty.habit(swapped, "eth_getTransactionCount")
    with pytest.raises(UnexpectedAnswerError, match="the id"):
        rpc.nonce(web3, "0x" + "11" * 20)


@pytest.mark.parametrize(
    "habit",
    [http(429), http(500), http(502), http(503), http(504), closing, losing, cutting,
     refusing(-32005, "daily request count exceeded, request rate limited"), refusing(429, "slow down"),
     refusing("RATE_LIMITED", "too many requests"), saying([]), saying("busy"), http(200, "<html>ok</html>")],
)  # fmt: skip
def test_what_passes_is_asked_again_within_the_request(faulty: FaultyNode, habit: Act) -> None:
    faulty.habit(habit, "eth_blockNumber", first=2)
    web3, paused = patient(faulty.url)
    assert rpc.block_number(web3) > 0
    assert len(paused) == 2
    assert paused[0] < paused[1]


def test_at_fifteen_percent_of_http_errors_every_request_is_answered(node: Anvil) -> None:
    with FaultyNode(node.url, seed=1) as faulty:
        faulty.habit(http(503), share=0.15)
        web3, _ = patient(faulty.url)
        assert all(rpc.block_number(web3) > 0 for _ in range(300))
        assert faulty.acted["eth_blockNumber"] > 20


def test_patience_is_bounded_and_grows(faulty: FaultyNode) -> None:
    faulty.habit(http(503))
    web3, paused = patient(faulty.url)
    with pytest.raises(NodeBusyError, match=r"does not answer now: HTTP 503"):
        rpc.block_number(web3)
    assert paused == sorted(paused)
    assert sum(paused) < 10
    assert faulty.asked["eth_blockNumber"] == len(paused) + 1


def test_a_pause_that_the_node_asks_for_is_kept(faulty: FaultyNode) -> None:
    faulty.habit(http(429, headers={"Retry-After": "2"}), first=1)
    web3, paused = patient(faulty.url)
    with pytest.raises(NodeBusyError) as busy:  # the pause was noted here, not waited for
        rpc.block_number(web3)
    assert paused[0] == 2
    assert busy.value.limited
    assert faulty.asked["eth_blockNumber"] == 1  # and nobody knocks meanwhile


def test_a_node_that_asks_for_a_long_pause_is_left_alone(faulty: FaultyNode) -> None:
    faulty.habit(http(429, headers={"Retry-After": str(int(LONGEST_WAIT) + 1)}))
    web3, paused = patient(faulty.url)
    for _ in range(3):
        with pytest.raises(NodeBusyError) as busy:
            rpc.block_number(web3)
        assert LONGEST_WAIT < busy.value.retry_after <= LONGEST_WAIT + 1
    assert (paused, faulty.exchanges) == ([], 1)


@pytest.mark.parametrize("header", ["soon", "-5", "nan", "Thu, 01 Jan 1970 00:00:00 GMT", "1e999"])
def test_a_pause_that_makes_no_sense_hangs_nobody(faulty: FaultyNode, header: str) -> None:
    faulty.habit(http(429, headers={"Retry-After": header}), first=1)
    web3, _ = patient(faulty.url)
    started = time.monotonic()
    try:
        rpc.block_number(web3)
    except NodeBusyError as error:
        assert error.retry_after <= 3600  # noqa: PT017 - an hour at most, or none at all
    assert time.monotonic() - started < 60  # the longest of them asks for years


def test_what_changes_the_node_itself_is_never_repeated(faulty: FaultyNode) -> None:
    faulty.habit(losing, "evm_mine")
    web3, paused = patient(faulty.url)
    with pytest.raises(NodeDownError):
        rpc.call(web3, "evm_mine")
    assert (faulty.asked["evm_mine"], paused) == (1, [])


def test_a_redirect_is_named(faulty: FaultyNode) -> None:
    faulty.habit(http(301, headers={"Location": "https://node.example/secretkey"}))
    web3, _ = patient(faulty.url)
    with pytest.raises(NodeDownError, match=r"redirects to https://node\.example/\.\.\.; name that") as error:
        rpc.block_number(web3)
    assert "secretkey" not in str(error.value)


def test_a_node_of_this_machine_is_not_looked_for_behind_a_proxy(
    node: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert rpc.block_number(connect(node.url)) > 0


# --- several nodes


def test_the_next_node_is_asked_when_the_first_is_away(node: Anvil) -> None:
    with FaultyNode(node.url) as first, FaultyNode(node.url) as second:
        web3, paused = patient([first.url, second.url], expected_chain_id=1337)
        rpc.block_number(web3)
        assert second.exchanges == 0
        first.habit(closing)
        assert rpc.block_number(web3) > 0
        assert (paused, second.asked["eth_chainId"]) == ([], 1)
        second.habit(http(500))
        with pytest.raises(NodeBusyError):
            rpc.block_number(web3)


def test_a_node_that_speaks_nonsense_is_left_for_the_next(node: Anvil) -> None:
    with FaultyNode(node.url) as first, FaultyNode(node.url) as second:
        first.habit(answering("nonsense"), "eth_blockNumber")
        web3, _ = patient([first.url, second.url])
        assert rpc.block_number(web3) > 0


def test_a_node_of_another_chain_is_never_used(node: Anvil) -> None:
    with FaultyNode(node.url) as first, FaultyNode(node.url) as second:
        first.habit(answering("0x1"), "eth_chainId")
        web3, _ = patient([first.url, second.url], expected_chain_id=1337)
        assert rpc.block_number(web3) > 0
        assert first.asked["eth_blockNumber"] == 0
        with pytest.raises(WrongChainError, match="serves chain 1, expected chain 1337"):
            connect(first.url, expected_chain_id=1337)


def test_after_trouble_a_node_says_again_which_chain_it_serves(faulty: FaultyNode) -> None:
    web3, _ = patient(faulty.url, expected_chain_id=1337)
    rpc.block_number(web3)
    faulty.habit(closing, "eth_blockNumber", first=1)
    faulty.habit(answering("0x1"), "eth_chainId")
    with pytest.raises(WrongChainError):
        rpc.block_number(web3)


def test_the_nodes_are_compared_about_the_past(node: Anvil) -> None:
    with FaultyNode(node.url) as first, FaultyNode(node.url) as second:
        web3, _ = patient([first.url, second.url])
        block = rpc.latest(web3)
        assert rpc.hash_at_each(web3, block.number) == {first.url: block.hash, second.url: block.hash}
        second.habit(answering(None), "eth_getBlockByNumber")
        assert rpc.hash_at_each(web3, block.number) == {first.url: block.hash}


# --- batches


def requests(number: int) -> list[rpc.Request]:
    return [("eth_getBlockByNumber", [hex(block), False]) for block in range(number)]


@pytest.mark.parametrize("takes_batches", [True, False])
def test_many_requests_go_in_one_exchange_or_one_by_one(
    node: Anvil, faulty: FaultyNode, takes_batches: bool
) -> None:
    node.mine(3)
    faulty.takes_batches = takes_batches
    web3, _ = patient(faulty.url)
    for _ in range(2):
        found = rpc.ask_all(web3, requests(3), [answers.block] * 3)
        assert [block.number for block in found if not isinstance(block, NodeRefusedError)] == [0, 1, 2]
    assert faulty.exchanges == (2 if takes_batches else 1 + 3 + 3)


@pytest.mark.parametrize(
    "broken",
    [Broken(None), Broken(400, b"<html>Bad Request</html>"), Broken(413), Broken(500), Broken(200, b"[]"),
     Broken(200, b"null")],
    ids=["closed", "a page", "too large", "an error", "no answers", "null"],
)  # fmt: skip
def test_a_node_that_fails_at_every_batch_is_asked_one_by_one_soon(
    node: Anvil, faulty: FaultyNode, monkeypatch: pytest.MonkeyPatch, broken: Broken
) -> None:
    """It cannot say that it takes none. Later it is tried again."""
    node.mine(3)
    faulty.breaks_batches = broken
    web3, _ = patient(faulty.url, expected_chain_id=1337)
    found = rpc.ask_all(web3, requests(3), [answers.block] * 3)
    assert [block.number for block in found if not isinstance(block, NodeRefusedError)] == [0, 1, 2]
    before = faulty.exchanges
    rpc.ask_all(web3, requests(3), [answers.block] * 3)
    assert faulty.exchanges == before + 3
    faulty.breaks_batches = None
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + BATCHES_AGAIN_SECONDS)
    rpc.ask_all(web3, requests(3), [answers.block] * 3)
    assert faulty.exchanges == before + 4


def test_a_node_that_is_away_or_limits_requests_is_not_taken_for_one_without_batches(
    node: Anvil, faulty: FaultyNode
) -> None:
    node.mine(3)
    web3, _ = patient(faulty.url, expected_chain_id=1337)
    for habit in (closing, http(429)):
        for _ in range(5):
            faulty.habit(habit)
            with pytest.raises(NodeDownError):
                rpc.ask_all(web3, requests(3), [answers.block] * 3)
        faulty.behave()
        before = faulty.exchanges
        assert len(rpc.ask_all(web3, requests(3), [answers.block] * 3)) == 3
        assert faulty.exchanges == before + 2  # which chain it serves, and the batch


def test_one_by_one_each_request_is_repeated_for_itself(node: Anvil, faulty: FaultyNode) -> None:
    """All anew after each error would never end at a gateway that fails at one request in seven."""
    node.mine(30)
    faulty.takes_batches = False
    faulty.habit(http(502), share=0.15)
    web3, _ = patient(faulty.url, expected_chain_id=1337)
    assert len(rpc.ask_all(web3, requests(30), [answers.block] * 30)) == 30


def test_a_batch_with_a_missing_or_a_foreign_answer_is_asked_again(faulty: FaultyNode) -> None:
    faulty.habit(saying({"jsonrpc": "2.0", "id": 999_999, "result": None}), first=1)
    web3, paused = patient(faulty.url)
    assert len(rpc.ask_all(web3, requests(2)[:1] * 2, [answers.block] * 2)) == 2
    assert len(paused) == 1


def test_a_refusal_within_a_batch_concerns_that_request_alone(
    faulty: FaultyNode, sonar: Sonar, scientist: KeyfileSigner
) -> None:
    web3, _ = patient(faulty.url)
    probe = sonar.calls.settle(bytes(32)).data
    calls = [{"to": sonar.address, "data": "0x" + probe.hex()}, {"to": scientist.address, "data": "0x"}]
    refused, found = rpc.eth_calls(web3, calls)
    assert isinstance(refused, NodeRefusedError)
    assert rpc.revert_reason(refused) is not None
    assert found == b""


def test_every_error_of_the_node_is_told_with_its_own_words(faulty: FaultyNode) -> None:
    faulty.habit(refusing(-32000, "transaction underpriced\x07: tip too low", "needs 25 gwei"))
    web3, _ = patient(faulty.url)
    with pytest.raises(ChainError, match=r"underpriced.: tip too low: needs 25 gwei"):
        rpc.send_raw(web3, b"\x02")


def test_a_machine_that_has_no_contract_yet_is_not_believed_at_once(faulty: FaultyNode, sonar: Sonar) -> None:
    faulty.habit(answering("0x"), "eth_getCode", first=1)
    faulty.habit(answering("0x"), "eth_call", first=2)
    assert Sonar.open(patient(faulty.url)[0], sonar.address).address == sonar.address
    faulty.habit(answering("0x"), "eth_getCode")
    with pytest.raises(NoContractError):
        Sonar.open(patient(faulty.url)[0], sonar.address)


def test_an_answer_that_is_not_understood_does_not_make_the_contract_an_older_one(
    faulty: FaultyNode, sonar: Sonar
) -> None:
    version = "0x" + abi.functions()["version"].selector.hex()

    def confused(exchange: Exchange) -> JsonObject:
        asked = exchange.params[0]["data"] == version
        return exchange.saying(result="0x") if asked else exchange.honest()

    faulty.habit(confused, "eth_call")
    with pytest.raises(UnexpectedAnswerError):
        Sonar.open(patient(faulty.url)[0], sonar.address)
