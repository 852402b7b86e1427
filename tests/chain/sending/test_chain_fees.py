"""Fees on chains as they are: no base fee, floors under the tip, a node that finds an offer too low."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import FeesTooHighError, TransactionTimeoutError
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import GWEI, FeePolicy, Fees, GasPrice, price_now
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from tests.chain.sending.outboxes import landed, register, registration
from tests.conftest import Anvil
from tests.meddling import Answer, Meddling, Params, refusing

DEED = registration()
OFFERS = st.tuples(st.integers(1, 10**12), st.integers(1, 10**12)).map(lambda b: Fees(max(b), min(b)))
CAPS = st.builds(FeePolicy, max_fee=st.integers(1, 10**12), max_tip=st.none() | st.integers(1, 10**12))


def without_base_fee(method: str, _: object, answer: Answer) -> Answer | None:
    """A chain from before EIP-1559, as its nodes show it."""
    block = answer.get("result")
    if method != "eth_getBlockByNumber" or not isinstance(block, dict):
        return None
    return {"result": {key: value for key, value in block.items() if key != "baseFeePerGas"}}


def tip_of(raw: str) -> int:
    """The tip that signed bytes offer."""
    return int(TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["maxPriorityFeePerGas"])


def floor_of(least: int, suggested: int) -> Callable[[str, Params], Answer | None]:
    """A node that takes no tip under `least`, as Polygon's, and suggests `suggested`."""

    def answer(method: str, params: Params) -> Answer | None:
        if method == "eth_maxPriorityFeePerGas":
            return {"result": hex(suggested)}
        if method == "eth_sendRawTransaction" and tip_of(params[0]) < least:
            why = f"transaction underpriced: gas tip cap {tip_of(params[0])}, minimum needed {least}"
            return {"error": {"code": -32000, "message": why}}
        return None

    return answer


def test_a_chain_without_base_fee_is_offered_its_gas_price(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    outbox, price = make(Meddling(node.url, after=without_base_fee)), int(node.rpc("eth_gasPrice"), 16)
    outbox.send(register(sonar), DEED)
    assert outbox.wait(DEED, timeout=60).succeeded
    sent = node.rpc("eth_getTransactionByHash", outbox.get(DEED).hashes[0])
    assert (sent["type"], int(sent["gasPrice"], 16)) == ("0x0", price)
    assert landed(node, sonar) == [1]


def test_the_cap_holds_without_base_fee_as_well(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    price = int(node.rpc("eth_gasPrice"), 16)
    dear = make(Meddling(node.url, after=without_base_fee), policy=FeePolicy(max_fee=price - 1))
    with pytest.raises(FeesTooHighError):
        dear.send(register(sonar), DEED)
    fits = make(Meddling(node.url, after=without_base_fee), policy=FeePolicy(max_fee=price))
    assert fits.send(register(sonar), DEED)


def test_a_gas_price_that_waits_too_long_is_raised(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    node.set_automine(False)
    outbox = make(Meddling(node.url, after=without_base_fee), policy=FeePolicy(bump_after=0.0))
    outbox.send(register(sonar), DEED)
    outbox.pump()
    first, second = outbox.records.attempts(outbox.get(DEED).number)
    assert first.fees.legacy
    assert second.fees.legacy
    assert second.fees.max_fee >= first.fees.max_fee * 113 // 100
    node.mine()
    assert outbox.wait(DEED, timeout=60).succeeded


def test_a_suggested_tip_is_followed_within_the_cap(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    outbox = make(Meddling(node.url, floor_of(25 * GWEI, suggested=30 * GWEI)))
    outbox.send(register(sonar), DEED)
    assert outbox.wait(DEED).succeeded
    (attempt,) = outbox.records.attempts(outbox.get(DEED).number)
    assert attempt.fees.tip == 30 * GWEI


def test_an_offer_found_too_low_is_answered_by_higher_ones_at_once(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox]
) -> None:
    """The node suggests one gwei and takes no less than 25: nothing is waited for."""
    outbox = make(Meddling(node.url, floor_of(25 * GWEI, suggested=GWEI)))
    sent = outbox.send(register(sonar), DEED)
    assert sent.problem is None
    tips = [attempt.fees.tip for attempt in outbox.records.attempts(sent.number)]
    assert tips[0] == GWEI
    assert all(later >= 2 * earlier for earlier, later in itertools.pairwise(tips))
    assert 25 * GWEI <= tips[-1] < 50 * GWEI
    assert outbox.wait(DEED).transaction_hash == sent.hashes[-1]
    assert landed(node, sonar) == [1]


@pytest.mark.parametrize(("most", "taken"), [(25 * GWEI, True), (25 * GWEI - 1, False)])
def test_the_owners_most_tip_is_never_passed_and_a_time_out_says_why(
    node: Anvil, sonar: Sonar, make: Callable[..., Outbox], most: int, taken: bool
) -> None:
    policy = FeePolicy(max_tip=most)
    outbox = make(Meddling(node.url, floor_of(25 * GWEI, suggested=30 * GWEI)), policy=policy)
    sent = outbox.send(register(sonar), DEED)
    assert max(attempt.fees.tip for attempt in outbox.records.attempts(sent.number)) <= most
    if taken:
        assert outbox.wait(DEED).succeeded
        return
    assert sent.status is Status.WAITING
    with pytest.raises(TransactionTimeoutError, match=r"underpriced: gas tip cap .* allows no higher offer"):
        outbox.wait(DEED, timeout=0.05)


def test_a_time_out_gives_the_nodes_reason(node: Anvil, sonar: Sonar, make: Callable[..., Outbox]) -> None:
    outbox = make(
        Meddling(node.url, refusing("eth_sendRawTransaction", "sender is on the list of sanctions"))
    )
    outbox.send(register(sonar), DEED)
    with pytest.raises(
        TransactionTimeoutError, match=r"after 0\.05 s: sender is on the list of sanctions; it stays"
    ):
        outbox.wait(DEED, timeout=0.05)


@given(OFFERS, OFFERS, CAPS)
def test_an_answer_to_too_low_is_a_replacement_within_the_caps(
    old: Fees, wanted: Fees, policy: FeePolicy
) -> None:
    offer = fees.outbid(old, wanted, policy)
    if offer is not None:
        assert offer.tip <= offer.max_fee <= policy.max_fee
        assert offer.tip <= policy.tip_cap
        assert offer.tip * 100 >= old.tip * 113
        assert offer.max_fee * 100 >= old.max_fee * 113


@pytest.mark.parametrize(("times", "dear"), [(1, 1), (10, 10)])
def test_gas_costs_as_many_times_more_as_the_chain_takes_of_it(
    node: Anvil, capsule: KeyfileSigner, times: int, dear: int
) -> None:
    """On chains that bill bytes as gas, an empty transfer takes more than 21,000."""

    def more(method: str, _: object, answer: Answer) -> Answer | None:
        return {"result": hex(21_000 * times)} if method == "eth_estimateGas" else None

    web3 = NodeHandle(Meddling(node.url, after=more))
    assert GasPrice(web3, capsule.address).now() == dear * price_now(web3)


def test_a_node_that_estimates_nothing_is_taken_for_one_of_ethereum(
    node: Anvil, capsule: KeyfileSigner
) -> None:
    web3 = NodeHandle(Meddling(node.url, refusing("eth_estimateGas", "not supported")))
    assert GasPrice(web3, capsule.address).now() == price_now(web3)
