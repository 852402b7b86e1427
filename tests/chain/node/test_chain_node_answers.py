"""What a node answers is a typed value or one typed error: any JSON, receipts, reverts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.chain.contract.sonar import Sonar, simulate
from pysonar.chain.errors import (
    ContractRefusedError,
    NodeDownError,
    NodeRefusedError,
    UnexpectedAnswerError,
)
from pysonar.chain.node import answers, rpc
from pysonar.chain.node.answers import NotUnderstood, TransactionReceipt
from pysonar.chain.node.handle import Node
from pysonar.chain.sending.signer import KeyfileSigner
from tests.chain.patient import REGISTERED, patient
from tests.conftest import Anvil
from tests.faulty_node import (
    FaultyNode,
    answering,
    erring,
    refusing,
    without,
    without_pending,
)
from tests.roles import Transact

READS: dict[str, Callable[[Node], object]] = {
    "eth_chainId": rpc.chain_id,
    "eth_blockNumber": rpc.block_number,
    "eth_getBlockByNumber": rpc.latest,
    "eth_getLogs": lambda web3: rpc.logs(web3, "0x" + "11" * 20, 0, 1),
    "eth_getCode": lambda web3: rpc.code(web3, "0x" + "11" * 20),
    "eth_getBalance": lambda web3: rpc.balance(web3, "0x" + "11" * 20),
    "eth_getTransactionCount": lambda web3: rpc.nonce(web3, "0x" + "11" * 20),
    "eth_getTransactionReceipt": lambda web3: rpc.receipt(web3, bytes(32)),
    "eth_getTransactionByHash": lambda web3: rpc.transaction(web3, bytes(32)),
    "eth_call": lambda web3: rpc.eth_call(web3, {"to": "0x" + "11" * 20, "data": "0x"}),
    "eth_estimateGas": lambda web3: rpc.estimate_gas(web3, {"to": "0x" + "11" * 20}),
    "eth_maxPriorityFeePerGas": rpc.priority_fee,
}

ODD: list[object] = [
    None,
    True,
    17,
    -1,
    1.5,
    "",
    "0x",
    "0xzz",
    "text",
    [],
    [None],
    {},
    {"number": "0x1"},
    [[]],
]

NULL_MEANS_NONE = {"eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_maxPriorityFeePerGas"}


@pytest.mark.parametrize("method", READS)
def test_any_json_in_place_of_a_result_is_a_value_or_one_typed_error(
    faulty: FaultyNode, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc, "_PAUSES", (0.0,))
    web3, _ = patient(faulty.url)
    for odd in ODD:
        faulty.behave()
        faulty.habit(answering(odd), method)
        try:
            found = READS[method](web3)
        except NodeDownError as error:
            told = str(error)
            assert method in told or "JSON-RPC" in told
        else:
            assert found in (None, (), b"") or (method, odd) == ("eth_getLogs", [])
            assert odd is not None or method in NULL_MEANS_NONE


@pytest.mark.parametrize(
    "error",
    ["text", ["list"], 17, {}, {"code": "RATE_LIMITED"}, {"code": None, "message": None},
     {"message": {"a": 1}}, {"code": 1.5, "message": "x"},
     {"code": -32000, "message": "x", "data": {"data": 5}}],
)  # fmt: skip
def test_an_error_of_any_shape_is_one_typed_error(faulty: FaultyNode, error: object) -> None:
    faulty.habit(erring(error), "eth_blockNumber")
    web3, _ = patient(faulty.url)
    with pytest.raises((NodeRefusedError, NodeDownError)):
        rpc.block_number(web3)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_no_value_gets_past_the_parsers_in_another_way(value: object) -> None:
    for parse in (answers.block, answers.logs, answers.receipt, answers.transaction, answers.quantity,
                  answers.data, answers.block_transactions, answers.mined_receipt):  # fmt: skip
        try:
            parse(value)
        except NotUnderstood:
            continue
    assert answers.refusal(value) is not None


def test_one_null_in_place_of_logs_is_asked_again(faulty: FaultyNode, sonar: Sonar) -> None:
    faulty.habit(answering(None), "eth_getLogs", first=1)
    web3, _ = patient(faulty.url)
    assert rpc.logs(web3, sonar.address, 0, 1) == ()
    assert faulty.asked["eth_getLogs"] == 2


def test_logs_that_were_not_asked_for_are_not_believed(
    node: Anvil, faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner, transact: Transact
) -> None:
    (logged,) = transact(node, capsule, sonar.calls.register_capsule(REGISTERED))
    place = logged.block_number
    asked = {"address": sonar.address, "fromBlock": hex(place), "toBlock": hex(place)}
    (right,) = node.rpc("eth_getLogs", asked)
    web3, _ = patient(faulty.url)
    assert len(rpc.logs(web3, sonar.address, place, place)) == 1
    for wrong in ({"address": "0x" + "22" * 20}, {"blockNumber": hex(place + 1)}):
        faulty.behave()
        faulty.habit(answering([{**right, **wrong}]), "eth_getLogs")
        with pytest.raises(UnexpectedAnswerError, match="logs of"):
            rpc.logs(web3, sonar.address, place, place)
    faulty.behave()
    faulty.habit(answering([{**right, "removed": True}]), "eth_getLogs")
    assert rpc.logs(web3, sonar.address, place, place) == ()


def test_a_receipt_without_its_informative_fields_is_read_and_kept(
    node: Anvil, faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner, transact: Transact
) -> None:
    (logged,) = transact(node, capsule, sonar.calls.register_capsule(REGISTERED))
    web3, _ = patient(faulty.url)
    whole = rpc.receipt(web3, logged.transaction_hash)
    assert whole is not None
    assert (whole.gas_used > 21_000, len(whole.logs)) == (True, 1)
    assert TransactionReceipt.from_json(whole.to_json()) == whole
    faulty.habit(without("effectiveGasPrice", "gasUsed", "logs"), "eth_getTransactionReceipt")
    bare = rpc.receipt(web3, logged.transaction_hash)
    assert bare is not None
    assert (bare.gas_used, bare.gas_price, bare.logs, bare.succeeded) == (0, 0, (), True)
    assert TransactionReceipt.from_json(bare.to_json()) == bare


@pytest.mark.parametrize(("said", "read"), [(2**40 - 1, 2**40 - 1), (2**40, 0), (2**200, 0)])
def test_gas_that_no_database_could_add_up_counts_as_not_said(said: int, read: int) -> None:
    receipt = TransactionReceipt(bytes(32), 7, b"\x01" * 32, True, said, 1, ())
    assert TransactionReceipt.from_json(receipt.to_json()).gas_used == read


@pytest.mark.parametrize("key", ["status", "blockHash", "transactionHash"])
def test_a_receipt_that_does_not_say_what_happened_is_not_one(
    node: Anvil, faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner, transact: Transact, key: str
) -> None:
    (logged,) = transact(node, capsule, sonar.calls.register_capsule(REGISTERED))
    faulty.habit(without(key), "eth_getTransactionReceipt")
    web3, _ = patient(faulty.url)
    with pytest.raises(UnexpectedAnswerError, match=key):
        rpc.receipt(web3, logged.transaction_hash)


def test_the_receipt_of_another_transaction_is_not_believed(
    node: Anvil, faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner, transact: Transact
) -> None:
    (logged,) = transact(node, capsule, sonar.calls.register_capsule(REGISTERED))
    foreign = node.rpc("eth_getTransactionReceipt", "0x" + logged.transaction_hash.hex())
    faulty.habit(answering(foreign), "eth_getTransactionReceipt")
    web3, _ = patient(faulty.url)
    with pytest.raises(UnexpectedAnswerError, match="that transaction's receipt"):
        rpc.receipt(web3, bytes(32))


def test_a_revert_is_bytes_or_code_three_and_never_a_text(
    faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner
) -> None:
    web3, _ = patient(faulty.url)
    call = sonar.calls.settle(bytes(32))
    with pytest.raises(ContractRefusedError, match="sonar: "):
        simulate(web3, call, capsule.address)
    for code, message, data in [
        (-32000, "execution reverted", None),
        (-32015, "VM execution error", "Reverted"),
        (-32000, "internal error", "the node runs out of memory"),
    ]:
        faulty.behave()
        faulty.habit(refusing(code, message, data), "eth_call")
        with pytest.raises(NodeRefusedError, match=data or message):
            simulate(web3, call, capsule.address)
    for code, message, data in [(3, "anything", None), (-32000, "anything", "0x")]:
        faulty.behave()
        faulty.habit(refusing(code, message, data), "eth_call")
        with pytest.raises(ContractRefusedError, match="no reason given"):
            simulate(web3, call, capsule.address)


def test_a_reason_that_is_wrapped_is_found(
    node: Anvil, faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner
) -> None:
    call = sonar.calls.settle(bytes(32))
    with pytest.raises(NodeRefusedError) as plain:
        rpc.eth_call(node.web3, rpc.hex_request(capsule.address, call.to, call.data, 0))
    assert plain.value.data is not None
    wrapped = {"data": "0x" + plain.value.data.hex(), "message": "x"}
    faulty.habit(refusing(-32015, "VM execution error", wrapped), "eth_call")
    web3, _ = patient(faulty.url)
    with pytest.raises(ContractRefusedError, match="sonar: "):
        simulate(web3, call, capsule.address)


def test_a_chain_without_a_pending_block_is_asked_about_its_newest(
    node: Anvil, faulty: FaultyNode, sonar: Sonar, capsule: KeyfileSigner
) -> None:
    faulty.habit(without_pending)
    web3, _ = patient(faulty.url)
    call = sonar.calls.register_capsule(REGISTERED)
    assert simulate(web3, call, capsule.address) == b""
    request = rpc.hex_request(capsule.address, call.to, call.data, 0)
    assert rpc.estimate_gas(web3, request) > 21_000
    assert rpc.nonce(web3, capsule.address, "pending") == rpc.nonce(node.web3, capsule.address)
    with pytest.raises(ContractRefusedError):  # a revert is one there, too
        simulate(web3, sonar.calls.settle(bytes(32)), capsule.address)
