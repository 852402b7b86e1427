"""The outbox on a real chain: one transaction per deed, whatever happens to node, fees or fork.

What happens to the process is in `test_chain_outbox_killed.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from pysonar.chain.contract.events import CapsuleRegistered
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import (
    ContractRefusedError,
    DeedReusedError,
    FeesTooHighError,
    InsufficientFundsError,
    NodeDownError,
    NonceTakenError,
    RevertedError,
    TransactionTimeoutError,
    UnknownDeedError,
)
from pysonar.chain.node import rpc
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import GWEI, FeePolicy, Fees
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.terms import terms_of
from tests.chain.sending.outboxes import FILLER, landed, named, register, send_and_see_mined
from tests.conftest import Anvil
from tests.meddling import Answer, Meddling
from tests.roles import Transact

SPEC, SALT, UPDATE = (bytes([n]) * 32 for n in (1, 2, 3))


def test_a_sent_transaction_is_confirmed_with_its_events(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    outbox = make()
    pending = outbox.send(register(sonar), named("register"))
    assert (pending.nonce, pending.status, len(pending.hashes)) == (0, Status.WAITING, 1)
    receipt = outbox.wait(named("register"))
    assert receipt.events[0].event == CapsuleRegistered(capsule.address, (1).to_bytes(32, "big"))
    assert receipt.transaction_hash == pending.hashes[0]
    assert 1000 * 10**18 - node.balance(capsule.address) == receipt.fee > 0
    assert outbox.get(named("register")).status is Status.CONFIRMED


def test_the_same_key_sends_once(node: Anvil, sonar: Sonar, make: Callable[..., Outbox]) -> None:
    outbox = make()
    first = outbox.send(register(sonar), named("register"))
    assert outbox.send(register(sonar), named("register")).hashes == first.hashes
    outbox.wait(named("register"))
    assert make().send(register(sonar), named("register")).status is Status.CONFIRMED
    assert landed(node, sonar) == [1]


def test_the_same_key_for_another_call_is_refused(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    outbox = make()
    send_and_see_mined(node, outbox, register(sonar, 1), named("register"))
    with pytest.raises(DeedReusedError, match="other/-/register"):
        outbox.send(register(sonar, 2), named("register"))
    assert landed(node, sonar) == [1]


def test_what_the_contract_refuses_costs_nothing(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    outbox = make()
    with pytest.raises(ContractRefusedError, match="sonar: campaign is not requested"):
        outbox.send(sonar.calls.open_campaign(SPEC, SPEC, SPEC, 0), named("open"))
    assert outbox.find(named("open")) is None
    assert node.balance(capsule.address) == 1000 * 10**18
    with pytest.raises(UnknownDeedError, match="other/-/open"):
        outbox.wait(named("open"))


def test_an_account_must_hold_value_and_gas_and_what_waits_already(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    outbox = make()
    node.set_automine(False)
    waiting = outbox.send(register(sonar, 1), named("first"))
    reserved = waiting.gas * fees.suggest(node.web3, FeePolicy()).max_fee
    node.fund(capsule.address, reserved + 1)
    with pytest.raises(InsufficientFundsError) as missing:
        outbox.send(register(sonar, 2), named("second"))
    needed = missing.value.needed
    assert missing.value.balance == reserved + 1 < needed
    node.fund(capsule.address, needed - 1)
    with pytest.raises(InsufficientFundsError, match=" 1 wei are missing"):
        outbox.send(register(sonar, 2), named("second"))
    assert outbox.find(named("second")) is None
    node.fund(capsule.address, needed)
    assert outbox.send(register(sonar, 2), named("second")).nonce == 1


def test_an_account_without_any_ether(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.fund(capsule.address, 0)
    with pytest.raises(InsufficientFundsError, match=f"account {capsule.address} holds 0 wei"):
        make().send(register(sonar), named("register"))


def test_several_wait_with_nonces_in_a_row(node: Anvil, sonar: Sonar, make: Callable[..., Outbox]) -> None:
    node.set_automine(False)
    outbox = make()
    assert [outbox.send(register(sonar, n), named(str(n))).nonce for n in (1, 2, 3, 4)] == [0, 1, 2, 3]
    with pytest.raises(TransactionTimeoutError, match="stays in the outbox"):
        outbox.wait(named("4"), timeout=0.05)
    node.mine()
    assert [pending.deed.tail for pending in outbox.pump()] == ["1", "2", "3", "4"]
    assert landed(node, sonar) == [1, 2, 3, 4]


def test_confirmations_are_waited_for(node: Anvil, sonar: Sonar, make: Callable[..., Outbox]) -> None:
    outbox = make(confirmations=2)
    send_and_see_mined(node, outbox, register(sonar), named("register"))
    outbox.pump()
    assert outbox.get(named("register")).status is Status.MINED
    node.mine(1)
    outbox.pump()
    assert outbox.get(named("register")).status is Status.MINED
    node.mine(1)
    assert [pending.status for pending in outbox.pump()] == [Status.CONFIRMED]


def test_a_transaction_that_a_fork_throws_out_is_sent_again(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    outbox = make(confirmations=3)
    send_and_see_mined(node, outbox, register(sonar), named("register"))
    node.mine(1)
    outbox.pump()
    node.reorg(2)
    node.rpc("anvil_dropAllTransactions")
    assert landed(node, sonar) == []
    outbox.pump()  # finds it gone, and broadcasts it
    node.mine(4)
    assert outbox.wait(named("register"), timeout=60).succeeded
    assert landed(node, sonar) == [1]


def test_the_chain_under_test_keeps_its_contracts_in_a_fork_however_many_blocks_it_has_seen(
    node: Anvil, sonar: Sonar
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
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], database: sqlite3.Connection
) -> None:
    outbox = make(confirmations=3)
    send_and_see_mined(node, outbox, register(sonar), named("register"))
    outbox.pump()
    assert outbox.get(named("register")).receipt is not None
    node.set_automine(False)
    node.reorg(1)
    node.rpc("anvil_dropAllTransactions")
    raw = database.execute("select raw from outbox_attempt").fetchone()["raw"]
    rpc.send_raw(node.web3, raw)  # as a node does by itself with transactions of a dropped branch
    outbox.pump()
    pending = outbox.get(named("register"))
    assert (pending.status, pending.receipt) == (Status.WAITING, None)


def test_a_fork_deeper_than_the_confirmations_is_repaired_too(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    outbox = make()
    outbox.send(register(sonar), named("register"))
    outbox.wait(named("register"))
    node.reorg(1)
    node.rpc("anvil_dropAllTransactions")
    assert landed(node, sonar) == []
    outbox.pump()
    outbox.wait(named("register"), timeout=60)
    assert landed(node, sonar) == [1]


def test_a_transaction_that_reverts_when_mined_says_why(
    node: Anvil,
    sonar: Sonar,
    make: Callable[..., Outbox],
    scientist: KeyfileSigner,
    capsule: KeyfileSigner,
    miner: KeyfileSigner,
    stranger: KeyfileSigner,
    transact: Transact,
) -> None:
    terms = terms_of(capsule.address, node.now(), spec=SPEC, stake=0, fee=0, max_pending=1)
    transact(node, scientist, sonar.calls.create_campaign(terms, SALT))
    campaign = sonar.campaign_id(scientist.address, SPEC, SALT)
    transact(node, capsule, sonar.calls.open_campaign(campaign, SPEC, SPEC, 0))
    outbox = make(signer=miner)
    node.set_automine(False)
    outbox.send(sonar.calls.submit(campaign, UPDATE, outbox.account, 0), named("submit"))
    _race(node, stranger, sonar, campaign)
    node.mine()
    with pytest.raises(RevertedError, match="sonar: queue is full") as reverted:
        outbox.wait(named("submit"))
    assert reverted.value.reason == "sonar: queue is full"
    with pytest.raises(RevertedError):
        make(signer=miner).wait(named("submit"))
    node.set_automine(True)
    again = outbox.ensure(named("submit"), lambda: sonar.calls.register_capsule(SPEC))
    assert again is not None
    assert [pending.nonce for pending in outbox.tries(named("submit"))] == [0, again.nonce]
    assert outbox.get(named("submit")).number == again.number


def _race(node: Anvil, signer: KeyfileSigner, sonar: Sonar, campaign: bytes) -> None:
    """The signer's submission, with a tip that puts it first in the block."""
    call = sonar.calls.submit(campaign, SALT, signer.address, 0)
    transaction = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": call.to, "value": 0, "data": call.data, "gas": 500_000,
        "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": 400 * GWEI,
    }  # fmt: skip
    rpc.send_raw(node.web3, signer.sign(transaction))


def test_a_nonce_taken_by_somebody_else_is_named(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    outbox = make()
    outbox.send(register(sonar), named("register"))
    foreign = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": capsule.address, "value": 1, "data": b"", "gas": 21_000,
        "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": 400 * GWEI,
    }  # fmt: skip
    rpc.send_raw(node.web3, capsule.sign(foreign))
    node.mine()
    with pytest.raises(NonceTakenError, match=f"nonce 0 of account {capsule.address}"):
        outbox.wait(named("register"), timeout=60)
    assert outbox.get(named("register")).status is Status.DISPLACED
    node.set_automine(True)
    outbox.ensure(named("register"), lambda: register(sonar))
    assert outbox.wait(named("register")).succeeded


def test_a_gap_left_by_somebody_elses_transaction_is_filled(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], capsule: KeyfileSigner
) -> None:
    node.set_automine(False)
    foreign = {
        "type": 2, "chainId": 1337, "nonce": 0, "to": capsule.address, "value": 1, "data": b"", "gas": 21_000,
        "maxFeePerGas": 500 * GWEI, "maxPriorityFeePerGas": GWEI,
    }  # fmt: skip
    rpc.send_raw(node.web3, capsule.sign(foreign))
    outbox = make(gap_seconds=0.0)
    assert outbox.send(register(sonar), named("register")).nonce == 1
    node.rpc("anvil_dropAllTransactions")
    patient = make(gap_seconds=60.0)
    patient.pump()
    assert patient.find(FILLER) is None
    outbox.pump()
    outbox.pump()
    node.mine()
    assert outbox.wait(named("register"), timeout=60).succeeded
    assert outbox.get(FILLER).status is Status.CONFIRMED
    assert landed(node, sonar) == [1]


def test_a_transaction_that_waits_too_long_offers_more(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    node.set_automine(False)
    outbox = make(policy=FeePolicy(bump_after=0.0))
    before = outbox.send(register(sonar), named("register"))
    outbox.pump()
    after = outbox.get(named("register"))
    assert after.hashes[0] == before.hashes[0]
    assert len(after.hashes) == 2
    assert after.nonce == before.nonce
    assert [node.rpc("eth_getTransactionByHash", h) is not None for h in after.hashes] == [False, True]
    node.mine()
    assert outbox.wait(named("register")).transaction_hash == after.hashes[1]
    assert landed(node, sonar) == [1]


def test_the_first_version_counts_if_it_is_the_one_mined(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    node.set_automine(False)
    lost = [False]

    def lose_broadcast(method: str, _: object) -> Answer | None:
        if method == "eth_sendRawTransaction" and lost[0]:
            return {"error": {"code": -32000, "message": "mempool is full"}}
        return None

    outbox = make(Meddling(node.url, lose_broadcast), policy=FeePolicy(bump_after=0.0))
    outbox.send(register(sonar), named("register"))
    lost[0] = True
    outbox.pump()
    first, second = outbox.get(named("register")).hashes
    assert outbox.get(named("register")).problem == "mempool is full"
    node.mine()
    assert outbox.wait(named("register")).transaction_hash == first != second


def test_offers_stop_at_the_cap(node: Anvil, sonar: Sonar, make: Callable[..., Outbox]) -> None:
    node.set_automine(False)
    outbox = make(policy=FeePolicy(bump_after=0.0, max_fee=6 * GWEI))
    outbox.send(register(sonar), named("register"))
    for _ in range(30):
        outbox.pump()
    pending = outbox.get(named("register"))
    assert "fee cap" in str(pending.problem)
    assert 2 <= len(pending.hashes) < 25
    node.mine()
    assert outbox.wait(named("register")).succeeded


def test_a_chain_dearer_than_the_cap_is_refused_before_signing(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    base_fee = rpc.latest(node.web3).base_fee
    assert base_fee is not None
    with pytest.raises(FeesTooHighError) as dear:
        make(policy=FeePolicy(max_fee=base_fee, min_tip=1, max_tip=1)).send(
            register(sonar), named("register")
        )
    assert (dear.value.asked, dear.value.cap) == (base_fee + 1, base_fee)
    assert make(policy=FeePolicy(max_fee=base_fee + 1, max_tip=1)).send(register(sonar), named("register"))


def test_a_bump_raises_both_parts_by_what_nodes_demand() -> None:
    policy = FeePolicy(max_fee=1000, bump_percent=13)
    raised = fees.bumped(Fees(100, 10), Fees(90, 5), policy)
    assert raised == Fees(114, 13)
    assert fees.bumped(Fees(100, 10), Fees(500, 50), policy) == Fees(500, 50)
    assert fees.bumped(Fees(885, 10), Fees(1, 1), policy) is None  # 1,002
    assert fees.bumped(Fees(883, 10), Fees(1, 1), policy) == Fees(999, 13)


def test_a_node_lost_at_the_broadcast_loses_nothing(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    down = [True]

    def drop(method: str, _: object) -> Answer | None:
        if method == "eth_sendRawTransaction" and down[0]:
            raise NodeDownError(node.url, "test")
        return None

    outbox = make(Meddling(node.url, drop))
    with pytest.raises(NodeDownError):
        outbox.send(register(sonar), named("register"))
    stored = outbox.get(named("register"))
    assert stored.status is Status.WAITING
    with pytest.raises(NodeDownError):
        outbox.wait(named("register"), timeout=0.05)
    down[0] = False
    assert outbox.wait(named("register")).transaction_hash == stored.hashes[0]
    assert landed(node, sonar) == [1]


def test_history_lists_everything_by_nonce(node: Anvil, sonar: Sonar, make: Callable[..., Outbox]) -> None:
    outbox = make()
    for number in range(3):
        send_and_see_mined(node, outbox, register(sonar, 1 + number), named(f"key {number}"))
    outbox.pump()
    assert [(p.nonce, p.deed, p.status) for p in outbox.history()] == [
        (number, named(f"key {number}"), Status.CONFIRMED) for number in range(3)
    ]
    assert outbox.unfinished() == []
