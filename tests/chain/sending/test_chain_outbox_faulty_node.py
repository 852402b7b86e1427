"""The outbox on a node that is late, terse or wrong: what is missing there proves nothing, and what it says
wrongly is not signed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from eth_account import Account

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import (
    NodeBehindError,
    RevertedError,
    TransactionTimeoutError,
    UnexpectedAnswerError,
    UnexpectedNonceError,
    WrongChainError,
)
from pysonar.chain.node import rpc
from pysonar.chain.sending.fees import GWEI, FeePolicy
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.chain.sending.watching.nonces import MOST_WAITING, who_used
from tests.chain.sending.outboxes import (
    from_elsewhere,
    landed,
    named,
    register,
    registration,
    send_and_see_mined,
)
from tests.conftest import Anvil
from tests.meddling import Answer, Meddling, Params, refusing, without
from tests.roles import Transact, there

RECEIPT, TRANSACTION = "eth_getTransactionReceipt", "eth_getTransactionByHash"
DEED = registration()


# --- what is missing


@pytest.mark.parametrize("missing", [(RECEIPT,), (RECEIPT, TRANSACTION)])
def test_a_mined_transaction_without_receipt_is_not_displaced(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], missing: tuple[str, ...]
) -> None:
    outbox = make(Meddling(node.url, without(*missing)), effects=None)
    outbox.ensure(DEED, lambda: register(sonar))
    node.receipt(outbox.get(DEED).hashes[-1])

    for _ in range(5):
        outbox.pump()
        outbox.ensure(DEED, lambda: register(sonar))

    assert outbox.get(DEED).status is Status.MINED
    assert landed(node, sonar) == [1]
    with pytest.raises(TransactionTimeoutError, match="no readable receipt"):
        outbox.wait(DEED, timeout=0.05)
    assert make().wait(DEED).succeeded  # the receipt came after all


def test_where_the_receipt_is_missing_the_effect_on_chain_decides(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    outbox = make(Meddling(node.url, without(RECEIPT)))
    outbox.send(register(sonar), DEED)
    receipt = outbox.wait(DEED, timeout=60)
    assert (receipt.succeeded, receipt.fee, receipt.events) == (True, 0, ())
    assert outbox.get(DEED).status is Status.CONFIRMED


def test_a_node_that_shows_nothing_at_all_displaces_nothing(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    pruned = refusing("eth_getBlockByNumber", "block is not available")

    def silent(method: str, params: Params) -> Answer | None:
        if method == "eth_getBlockByNumber" and params[1]:
            return pruned(method, params)
        return {"result": None} if method in (RECEIPT, TRANSACTION) else None

    outbox = make(Meddling(node.url, silent), effects=None)
    outbox.send(register(sonar), DEED)
    node.mine()
    for _ in range(5):
        outbox.pump()
    assert outbox.get(DEED).status is Status.WAITING
    with pytest.raises(TransactionTimeoutError, match="nonce 0 is used, and the node does not show"):
        outbox.wait(DEED, timeout=0.05)
    assert make().wait(DEED).succeeded


def test_another_transaction_displaces_once_its_block_is_confirmed_and_not_before(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    outbox = make(confirmations=2)
    outbox.send(register(sonar), DEED)
    rpc.send_raw(node.web3, from_elsewhere(capsule, 0))
    node.mine()
    node.mine()
    outbox.pump()
    assert outbox.get(DEED).status is Status.WAITING
    node.mine()
    make(confirmations=2).pump()  # as a restarted process: the search is not repeated at once
    assert outbox.get(DEED).status is Status.DISPLACED
    assert "took nonce 0" in str(outbox.get(DEED).problem)


def test_a_nonce_is_found_in_its_block_wherever_that_is(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    outbox, blocks = make(), []
    for number in range(4):
        send_and_see_mined(node, outbox, register(sonar, number + 1), named(str(number)))
        blocks.append(rpc.block_number(node.web3))
        node.mine(5)
    head = rpc.block_number(node.web3)
    for number, block in enumerate(blocks):
        use = who_used(node.web3, capsule.address, number, head)
        assert use is not None
        assert (use.block_number, "0x" + use.hash.hex()) == (block, outbox.get(named(str(number))).hashes[0])
        assert who_used(node.web3, capsule.address, number, block - 1) is None
    assert who_used(node.web3, capsule.address, 4, head) is None


# --- receipts that cannot be read


@pytest.mark.parametrize("method", [RECEIPT, "eth_getTransactionCount"])
@pytest.mark.parametrize("number", [2**63, 2**256 - 1])
def test_a_number_that_no_database_can_keep_ends_no_agent(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], method: str, number: int
) -> None:
    def huge(asked: str, _: object, answer: Answer) -> Answer | None:
        if asked != method or not answer.get("result"):
            return None
        return {
            "result": {**answer["result"], "blockNumber": hex(number)} if method == RECEIPT else hex(number)
        }

    meddling = Meddling(node.url)
    outbox = make(meddling, effects=None)
    outbox.send(register(sonar), DEED)
    node.receipt(outbox.get(DEED).hashes[-1])
    meddling.after = huge
    if method == RECEIPT:
        outbox.pump()
        assert outbox.get(DEED).receipt is None
    else:
        with pytest.raises(UnexpectedAnswerError, match="a number below 2\\^63"):
            outbox.pump()
    meddling.after = None
    assert outbox.wait(DEED).succeeded
    assert landed(node, sonar) == [1]


@pytest.mark.parametrize("lost", ["effectiveGasPrice", "gasUsed", "logs", "status", "blockNumber"])
def test_a_receipt_without_a_field_ends_nothing_and_reads_again_after_a_restart(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], lost: str
) -> None:
    def forget(method: str, _: object, answer: Answer) -> Answer | None:
        if method != RECEIPT or not answer.get("result"):
            return None
        return {"result": {key: value for key, value in answer["result"].items() if key != lost}}

    outbox = make(Meddling(node.url, after=forget))
    outbox.send(register(sonar), DEED)
    assert outbox.wait(DEED, timeout=60).succeeded
    assert [pending.deed for pending in make().history()] == [DEED]


@pytest.mark.parametrize("odd", [[], "text", 7, {"status": "yes"}, {"status": 1, "logs": "none"}])
def test_what_is_no_receipt_is_none(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], odd: object
) -> None:
    outbox = make(Meddling(node.url, lambda method, _: {"result": odd} if method == RECEIPT else None))
    outbox.send(register(sonar), DEED)
    assert outbox.wait(DEED, timeout=60).succeeded  # by its effect
    assert landed(node, sonar) == [1]


def test_the_receipt_of_another_transaction_is_not_taken_for_ours(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], stranger: KeyfileSigner, transact: Transact
) -> None:
    transact(node, stranger, register(sonar, 9))
    block = rpc.block_transactions(node.web3, rpc.block_number(node.web3))
    assert block is not None
    foreign = node.rpc(RECEIPT, "0x" + block[0].hash.hex())
    node.set_automine(False)
    outbox = make(Meddling(node.url, lambda method, _: {"result": foreign} if method == RECEIPT else None))
    outbox.send(register(sonar), DEED)
    outbox.pump()
    assert outbox.get(DEED).status is Status.WAITING


# --- the effect is asked before anything is sent again


def test_what_somebody_else_has_brought_about_is_not_sent_again(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    """The registration was displaced by one from elsewhere that says the same."""
    node.set_automine(False)
    outbox = make()
    outbox.ensure(DEED, lambda: register(sonar))
    same = register(sonar)
    rpc.send_raw(
        node.web3,
        capsule.sign(
            {
                "type": 2, "chainId": 1337, "nonce": 0, "to": same.to, "value": 0, "data": same.data,
                "gas": 200_000, "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": 400 * GWEI,
            }
        ),
    )  # fmt: skip
    node.mine()
    outbox.pump()
    assert outbox.get(DEED).status is Status.DISPLACED
    assert outbox.ensure(DEED, lambda: register(sonar)) is None
    assert landed(node, sonar) == [1]


def test_a_displaced_deed_without_effect_is_sent_again(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    outbox = make()
    outbox.ensure(DEED, lambda: register(sonar))
    rpc.send_raw(node.web3, from_elsewhere(capsule, 0))
    node.mine()
    outbox.pump()
    again = there(outbox.ensure(DEED, lambda: register(sonar)))
    assert (again.nonce, again.status) == (1, Status.WAITING)
    assert [pending.status for pending in outbox.tries(DEED)] == [Status.DISPLACED, Status.WAITING]
    node.mine()
    assert outbox.wait(DEED, timeout=60).succeeded
    assert landed(node, sonar) == [1]


def test_a_node_behind_the_failure_is_not_asked_for_the_effect(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    outbox = make()
    outbox.ensure(DEED, lambda: register(sonar))
    rpc.send_raw(node.web3, from_elsewhere(capsule, 0))
    node.mine()
    outbox.pump()
    behind = rpc.block_number(node.web3) - 1
    late = make(
        Meddling(node.url, lambda method, _: {"result": hex(behind)} if method == "eth_blockNumber" else None)
    )
    with pytest.raises(NodeBehindError, match=f"newest block is {behind}"):
        late.ensure(DEED, lambda: register(sonar))
    assert len(outbox.tries(DEED)) == 1


def test_a_reverted_deed_is_raised_once_and_then_sent_again(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    """It reverts for want of gas: the node estimated too little."""

    def stingy(method: str, _: object, answer: Answer) -> Answer | None:
        return {"result": hex(int(answer["result"], 16) // 2)} if method == "eth_estimateGas" else None

    outbox = make(Meddling(node.url, after=stingy))
    outbox.ensure(DEED, lambda: register(sonar))
    node.receipt(outbox.get(DEED).hashes[-1])
    outbox.pump()
    with pytest.raises(RevertedError, match="out of gas"):
        outbox.ensure(DEED, lambda: register(sonar))
    again = make()
    assert there(again.ensure(DEED, lambda: register(sonar))).nonce == 1
    assert again.wait(DEED).succeeded
    assert landed(node, sonar) == [1]


def test_a_revert_that_wait_has_raised_is_not_raised_twice(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    def stingy(method: str, _: object, answer: Answer) -> Answer | None:
        return {"result": hex(int(answer["result"], 16) // 2)} if method == "eth_estimateGas" else None

    outbox = make(Meddling(node.url, after=stingy))
    outbox.ensure(DEED, lambda: register(sonar))
    with pytest.raises(RevertedError):
        outbox.wait(DEED)
    assert there(make().ensure(DEED, lambda: register(sonar))).nonce == 1


# --- nonces and chains


@pytest.mark.parametrize(
    ("pending", "taken"), [(MOST_WAITING, True), (MOST_WAITING + 1, False), (10**9, False)]
)
def test_a_nonce_far_above_what_is_mined_is_refused(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], pending: int, taken: bool
) -> None:
    def wrong(method: str, params: Params) -> Answer | None:
        asked = method == "eth_getTransactionCount" and params[1] == "pending"
        return {"result": hex(pending)} if asked else None

    outbox = make(Meddling(node.url, wrong))
    if taken:
        assert outbox.send(register(sonar), DEED).nonce == pending
        return
    with pytest.raises(
        UnexpectedNonceError, match=f"is {pending}, with 0 transactions mined; expected 0 to 64"
    ):
        outbox.send(register(sonar), DEED)
    assert outbox.find(DEED) is None
    assert make().send(register(sonar), DEED).nonce == 0


def test_a_nonce_below_what_is_mined_is_refused(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    send_and_see_mined(node, make(), register(sonar), DEED)

    def stale(method: str, params: Params) -> Answer | None:
        asked = method == "eth_getTransactionCount" and params[1] == "pending"
        return {"result": "0x0"} if asked else None

    with pytest.raises(UnexpectedNonceError):
        make(Meddling(node.url, stale)).send(register(sonar, 2), registration(2))


def test_a_chain_without_a_pending_state_has_nonces_too(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    def refuse(method: str, params: Params) -> Answer | None:
        if method == "eth_getTransactionCount" and params[1] == "pending":
            return {"error": {"code": -32000, "message": "pending block is not available"}}
        return None

    outbox = make(Meddling(node.url, refuse))
    node.set_automine(False)
    assert [outbox.send(register(sonar, n), registration(n)).nonce for n in (1, 2, 3)] == [0, 1, 2]


@pytest.mark.parametrize("said", [1, 1338])
def test_nothing_is_signed_for_a_chain_that_is_not_the_settings(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], said: int
) -> None:
    liar = Meddling(node.url, lambda method, _: {"result": hex(said)} if method == "eth_chainId" else None)
    with pytest.raises(WrongChainError, match=f"serves chain {said}, expected chain 1337"):
        make(liar).send(register(sonar), DEED)
    assert make().find(DEED) is None


def test_what_is_signed_is_for_the_settings_chain_even_if_the_node_changes_its_mind(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], database: sqlite3.Connection
) -> None:
    node.set_automine(False)
    outbox = make(policy=FeePolicy(bump_after=0.0))
    outbox.send(register(sonar), DEED)
    liar = Meddling(node.url, lambda method, _: {"result": "0x1"} if method == "eth_chainId" else None)
    make(liar, policy=FeePolicy(bump_after=0.0)).pump()  # replaces it
    raws = [row["raw"] for row in database.execute("select raw from outbox_attempt")]
    assert len(raws) == 2
    from eth_account.typed_transactions import TypedTransaction
    from hexbytes import HexBytes

    assert {TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["chainId"] for raw in raws} == {1337}
    assert len({Account.recover_transaction(raw) for raw in raws}) == 1
