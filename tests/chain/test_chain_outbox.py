"""The outbox on a real chain: one transaction per key, whatever happens to node, fees or fork.

What happens to the process is in `test_chain_outbox_killed.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import CapsuleRegistered
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Terms
from pysonar.chain.database import open_database
from pysonar.chain.errors import (
    ContractRefusedError,
    FeesTooHighError,
    InsufficientFundsError,
    KeyReusedError,
    NodeDownError,
    NonceTakenError,
    RevertedError,
    StillPendingError,
    TransactionTimeoutError,
    UnknownKeyError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import NodeProvider
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import GWEI, FeePolicy, Fees
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status

SPEC, SALT, UPDATE = (bytes([n]) * 32 for n in (1, 2, 3))


@pytest.fixture
def database(tmp_path: Path, node: Any, sonar: Sonar) -> Iterator[sqlite3.Connection]:
    """A new database of this chain and contract."""
    opened = open_database(
        tmp_path / "agent.sqlite", chain_id=1337, genesis=rpc.genesis(node.web3), contract=sonar.address
    )
    yield opened
    opened.close()


@pytest.fixture
def make(database: sqlite3.Connection, node: Any, capsule: Any) -> Callable[..., Outbox]:
    """`make(**options) -> Outbox` of the capsule's account: as a restarted process would open it."""

    def build(web3: Web3 | None = None, **options: Any) -> Outbox:
        settings: dict[str, Any] = {"confirmations": 0, "poll_seconds": 0.01} | options
        return Outbox(database, web3 or node.web3, settings.pop("signer", capsule), **settings)

    return build


class Meddling(NodeProvider):
    """A node between: `before` sees every request and may answer it itself or raise."""

    def __init__(self, url: str, before: Callable[[str], Any]) -> None:
        super().__init__(url)
        self.before = before

    def make_request(self, method: Any, params: Any) -> Any:
        answer = self.before(method)
        return super().make_request(method, params) if answer is None else answer


def send_and_see_mined(node: Any, outbox: Outbox, call: Call, key: str) -> None:
    """A node that mines by itself does so a little after it has answered: on a busy machine, much later."""
    node.receipt(outbox.send(call, key).hashes[-1])


def register(sonar: Sonar, number: int = 1) -> Call:
    """A call that always works, told apart by its number."""
    return sonar.calls.register_capsule(number.to_bytes(32, "big"))


def landed(node: Any, sonar: Sonar) -> list[int]:
    """The numbers of all registrations on chain, in order."""
    logs = rpc.logs(node.web3, sonar.address, 0, rpc.block_number(node.web3))
    return [int.from_bytes(log.data, "big") for log in logs]


def test_a_sent_transaction_is_confirmed_with_its_events(
    node: Any, sonar: Sonar, make: Any, capsule: Any
) -> None:
    outbox = make()
    pending = outbox.send(register(sonar), "register")
    assert (pending.nonce, pending.status, len(pending.hashes)) == (0, Status.WAITING, 1)
    receipt = outbox.wait("register")
    assert receipt.events[0].event == CapsuleRegistered(capsule.address, (1).to_bytes(32, "big"))
    assert receipt.transaction_hash == pending.hashes[0]
    assert 1000 * 10**18 - node.balance(capsule.address) == receipt.fee > 0
    assert outbox.get("register").status is Status.CONFIRMED


def test_the_same_key_sends_once(node: Any, sonar: Sonar, make: Any) -> None:
    outbox = make()
    first = outbox.send(register(sonar), "register")
    assert outbox.send(register(sonar), "register").hashes == first.hashes
    outbox.wait("register")
    assert make().send(register(sonar), "register").status is Status.CONFIRMED
    assert landed(node, sonar) == [1]


def test_the_same_key_for_another_call_is_refused(node: Any, sonar: Sonar, make: Any) -> None:
    outbox = make()
    send_and_see_mined(node, outbox, register(sonar, 1), "register")
    with pytest.raises(KeyReusedError, match="'register'"):
        outbox.send(register(sonar, 2), "register")
    assert landed(node, sonar) == [1]


def test_what_the_contract_refuses_costs_nothing(node: Any, sonar: Sonar, make: Any, capsule: Any) -> None:
    outbox = make()
    with pytest.raises(ContractRefusedError, match="sonar: campaign is not requested"):
        outbox.send(sonar.calls.open_campaign(SPEC, SPEC, SPEC, 0), "open")
    assert outbox.find("open") is None
    assert node.balance(capsule.address) == 1000 * 10**18
    with pytest.raises(UnknownKeyError, match="'open'"):
        outbox.wait("open")


def test_an_account_must_hold_value_and_gas_and_what_waits_already(
    node: Any, sonar: Sonar, make: Any, capsule: Any
) -> None:
    outbox = make()
    node.set_automine(False)
    waiting = outbox.send(register(sonar, 1), "first")
    reserved = waiting.gas * fees.suggest(node.web3, FeePolicy()).max_fee
    node.fund(capsule.address, reserved + 1)
    with pytest.raises(InsufficientFundsError) as missing:
        outbox.send(register(sonar, 2), "second")
    needed = missing.value.needed
    assert missing.value.balance == reserved + 1 < needed
    node.fund(capsule.address, needed - 1)
    with pytest.raises(InsufficientFundsError, match=" 1 wei are missing"):
        outbox.send(register(sonar, 2), "second")
    assert outbox.find("second") is None
    node.fund(capsule.address, needed)
    assert outbox.send(register(sonar, 2), "second").nonce == 1


def test_an_account_without_any_ether(node: Any, sonar: Sonar, make: Any, capsule: Any) -> None:
    node.fund(capsule.address, 0)
    with pytest.raises(InsufficientFundsError, match=f"account {capsule.address} holds 0 wei"):
        make().send(register(sonar), "register")


def test_several_wait_with_nonces_in_a_row(node: Any, sonar: Sonar, make: Any) -> None:
    node.set_automine(False)
    outbox = make()
    assert [outbox.send(register(sonar, n), str(n)).nonce for n in (1, 2, 3, 4)] == [0, 1, 2, 3]
    with pytest.raises(TransactionTimeoutError, match="stays in the outbox"):
        outbox.wait("4", timeout=0.05)
    node.mine()
    assert [pending.key for pending in outbox.pump()] == ["1", "2", "3", "4"]
    assert landed(node, sonar) == [1, 2, 3, 4]


def test_confirmations_are_waited_for(node: Any, sonar: Sonar, make: Any) -> None:
    outbox = make(confirmations=2)
    send_and_see_mined(node, outbox, register(sonar), "register")
    outbox.pump()
    assert outbox.get("register").status is Status.MINED
    node.mine(1)
    outbox.pump()
    assert outbox.get("register").status is Status.MINED
    node.mine(1)
    assert [pending.status for pending in outbox.pump()] == [Status.CONFIRMED]


def test_a_transaction_that_a_fork_throws_out_is_sent_again(node: Any, sonar: Sonar, make: Any) -> None:
    outbox = make(confirmations=3)
    send_and_see_mined(node, outbox, register(sonar), "register")
    node.mine(1)
    outbox.pump()
    node.reorg(2)
    node.rpc("anvil_dropAllTransactions")
    assert landed(node, sonar) == []
    outbox.pump()  # finds it gone, and broadcasts it
    node.mine(4)
    assert outbox.wait("register", timeout=5).succeeded
    assert landed(node, sonar) == [1]


def test_the_chain_under_test_keeps_its_contracts_in_a_fork_however_many_blocks_it_has_seen(
    node: Any, sonar: Sonar
) -> None:
    """Else the test above can fail, or pass for nothing: a call to an account without code always works."""
    for _ in range(300):
        before = node.rpc("evm_snapshot")
        node.mine(2)
        node.rpc("evm_revert", before)
    node.mine(4)
    node.reorg(4)
    assert rpc.code(node.web3, sonar.address)


def test_a_transaction_that_a_fork_puts_back_in_the_queue_is_waiting_again(
    node: Any, sonar: Sonar, make: Any, database: sqlite3.Connection
) -> None:
    outbox = make(confirmations=3)
    send_and_see_mined(node, outbox, register(sonar), "register")
    outbox.pump()
    assert outbox.get("register").receipt is not None
    node.set_automine(False)
    node.reorg(1)
    node.rpc("anvil_dropAllTransactions")
    raw = database.execute("select raw from outbox_attempt").fetchone()["raw"]
    rpc.send_raw(node.web3, raw)  # as a node does by itself with transactions of a dropped branch
    outbox.pump()
    pending = outbox.get("register")
    assert (pending.status, pending.receipt) == (Status.WAITING, None)


def test_a_fork_deeper_than_the_confirmations_is_repaired_too(node: Any, sonar: Sonar, make: Any) -> None:
    outbox = make()
    outbox.send(register(sonar), "register")
    outbox.wait("register")
    node.reorg(1)
    node.rpc("anvil_dropAllTransactions")
    assert landed(node, sonar) == []
    outbox.pump()
    outbox.wait("register", timeout=5)
    assert landed(node, sonar) == [1]


def test_a_transaction_that_reverts_when_mined_says_why(
    node: Any, sonar: Sonar, make: Any, scientist: Any, capsule: Any, miner: Any, stranger: Any, transact: Any
) -> None:
    terms = Terms(
        spec=SPEC, capsule=capsule.address, bounty=10, target=800_000, min_gain=1, max_pending=1,
        submit_until=node.now() + 3600, review_until=node.now() + 7200,
    )  # fmt: skip
    transact(node, scientist, sonar.calls.create_campaign(terms, SALT))
    campaign = sonar.campaign_id(scientist.address, SPEC, SALT)
    transact(node, capsule, sonar.calls.open_campaign(campaign, SPEC, SPEC, 0))
    outbox = make(signer=miner)
    node.set_automine(False)
    outbox.send(sonar.calls.submit(campaign, UPDATE, 0), "submit")
    _race(node, stranger, sonar, campaign)
    node.mine()
    with pytest.raises(RevertedError, match="sonar: queue is full") as reverted:
        outbox.wait("submit")
    assert reverted.value.reason == "sonar: queue is full"
    with pytest.raises(RevertedError):
        make(signer=miner).wait("submit")
    outbox.free("submit")
    assert outbox.find("submit") is None
    assert outbox.get("submit#1").status is Status.REVERTED


def _race(node: Any, signer: Any, sonar: Sonar, campaign: bytes) -> None:
    """The signer's submission, with a tip that puts it first in the block."""
    call = sonar.calls.submit(campaign, SALT, 0)
    transaction = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": call.to, "value": 0, "data": call.data, "gas": 500_000,
        "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": 400 * GWEI,
    }  # fmt: skip
    rpc.send_raw(node.web3, signer.sign(transaction))


def test_a_key_is_not_freed_while_its_transaction_may_land(node: Any, sonar: Sonar, make: Any) -> None:
    node.set_automine(False)
    outbox = make()
    outbox.send(register(sonar), "register")
    with pytest.raises(StillPendingError, match="waiting"):
        outbox.free("register")
    node.mine()
    outbox.wait("register")
    with pytest.raises(StillPendingError, match="confirmed"):
        outbox.free("register")


def test_a_nonce_taken_by_somebody_else_is_named(node: Any, sonar: Sonar, make: Any, capsule: Any) -> None:
    node.set_automine(False)
    outbox = make()
    outbox.send(register(sonar), "register")
    foreign = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": capsule.address, "value": 1, "data": b"", "gas": 21_000,
        "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": 400 * GWEI,
    }  # fmt: skip
    rpc.send_raw(node.web3, capsule.sign(foreign))
    node.mine()
    with pytest.raises(NonceTakenError, match=f"nonce 0 of account {capsule.address}"):
        outbox.wait("register", timeout=5)
    assert outbox.get("register").status is Status.DISPLACED
    outbox.free("register")
    node.set_automine(True)
    outbox.send(register(sonar), "register")
    assert outbox.wait("register").succeeded


def test_a_gap_left_by_somebody_elses_transaction_is_filled(
    node: Any, sonar: Sonar, make: Any, capsule: Any
) -> None:
    node.set_automine(False)
    foreign = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": capsule.address, "value": 1, "data": b"", "gas": 21_000,
        "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": GWEI,
    }  # fmt: skip
    rpc.send_raw(node.web3, capsule.sign(foreign))
    outbox = make(gap_seconds=0.0)
    assert outbox.send(register(sonar), "register").nonce == 1
    node.rpc("anvil_dropAllTransactions")
    patient = make(gap_seconds=60.0)
    patient.pump()
    assert patient.find("fill:0") is None
    outbox.pump()
    outbox.pump()
    node.mine()
    assert outbox.wait("register", timeout=5).succeeded
    assert outbox.get("fill:0").status is Status.CONFIRMED
    assert landed(node, sonar) == [1]


def test_a_transaction_that_waits_too_long_offers_more(node: Any, sonar: Sonar, make: Any) -> None:
    node.set_automine(False)
    outbox = make(policy=FeePolicy(bump_after=0.0))
    before = outbox.send(register(sonar), "register")
    outbox.pump()
    after = outbox.get("register")
    assert after.hashes[0] == before.hashes[0]
    assert len(after.hashes) == 2
    assert after.nonce == before.nonce
    assert [node.rpc("eth_getTransactionByHash", h) is not None for h in after.hashes] == [False, True]
    node.mine()
    assert outbox.wait("register").transaction_hash == after.hashes[1]
    assert landed(node, sonar) == [1]


def test_the_first_version_counts_if_it_is_the_one_mined(node: Any, sonar: Sonar, make: Any) -> None:
    node.set_automine(False)
    lost = [False]

    def lose_broadcast(method: str) -> Any:
        if method == "eth_sendRawTransaction" and lost[0]:
            return {"error": {"code": -32000, "message": "mempool is full"}}
        return None

    outbox = make(Web3(Meddling(node.url, lose_broadcast)), policy=FeePolicy(bump_after=0.0))
    outbox.send(register(sonar), "register")
    lost[0] = True
    outbox.pump()
    first, second = outbox.get("register").hashes
    assert outbox.get("register").problem == "mempool is full"
    node.mine()
    assert outbox.wait("register").transaction_hash == first != second


def test_offers_stop_at_the_cap(node: Any, sonar: Sonar, make: Any) -> None:
    node.set_automine(False)
    outbox = make(policy=FeePolicy(bump_after=0.0, max_fee=6 * GWEI))
    outbox.send(register(sonar), "register")
    for _ in range(30):
        outbox.pump()
    pending = outbox.get("register")
    assert "fee cap" in str(pending.problem)
    assert 2 <= len(pending.hashes) < 25
    node.mine()
    assert outbox.wait("register").succeeded


def test_a_chain_dearer_than_the_cap_is_refused_before_signing(node: Any, sonar: Sonar, make: Any) -> None:
    base_fee = rpc.latest(node.web3).base_fee
    assert base_fee is not None
    with pytest.raises(FeesTooHighError) as dear:
        make(policy=FeePolicy(max_fee=base_fee, min_tip=1, max_tip=1)).send(register(sonar), "register")
    assert (dear.value.asked, dear.value.cap) == (base_fee + 1, base_fee)
    assert make(policy=FeePolicy(max_fee=base_fee + 1, max_tip=1)).send(register(sonar), "register")


def test_a_bump_raises_both_parts_by_what_nodes_demand() -> None:
    policy = FeePolicy(max_fee=1000, bump_percent=13)
    raised = fees.bumped(Fees(100, 10), Fees(90, 5), policy)
    assert raised == Fees(114, 13)
    assert fees.bumped(Fees(100, 10), Fees(500, 50), policy) == Fees(500, 50)
    assert fees.bumped(Fees(885, 10), Fees(1, 1), policy) is None  # 1,002
    assert fees.bumped(Fees(883, 10), Fees(1, 1), policy) == Fees(999, 13)


def test_a_node_lost_at_the_broadcast_loses_nothing(node: Any, sonar: Sonar, make: Any) -> None:
    down = [True]

    def drop(method: str) -> Any:
        if method == "eth_sendRawTransaction" and down[0]:
            raise NodeDownError(node.url, "test")
        return None

    outbox = make(Web3(Meddling(node.url, drop)))
    with pytest.raises(NodeDownError):
        outbox.send(register(sonar), "register")
    stored = outbox.get("register")
    assert stored.status is Status.WAITING
    with pytest.raises(NodeDownError):
        outbox.wait("register", timeout=0.05)
    down[0] = False
    assert outbox.wait("register").transaction_hash == stored.hashes[0]
    assert landed(node, sonar) == [1]


def test_history_lists_everything_by_nonce(node: Any, sonar: Sonar, make: Any) -> None:
    outbox = make()
    for number in range(3):
        send_and_see_mined(node, outbox, register(sonar, 1 + number), f"key {number}")
    outbox.pump()
    assert [(p.nonce, p.key, p.status) for p in outbox.history()] == [
        (number, f"key {number}", Status.CONFIRMED) for number in range(3)
    ]
    assert outbox.unfinished() == []
