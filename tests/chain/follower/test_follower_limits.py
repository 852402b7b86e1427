"""The follower behind a node with limits, behind several nodes, and on another chain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pysonar.chain import follower as following
from pysonar.chain.errors import NodeBusyError, NodeDownError, OtherGenesisError
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from tests.chain.follower.followers import Clock, registered
from tests.conftest import Anvil
from tests.faulty_node import Act, FaultyNode, answering, closing, erring, http, refusing


@pytest.mark.parametrize(
    "habit",
    [http(504), http(413), closing, erring("query returned more than 10000 results"),
     refusing(-32005, "block range too large"), refusing(-32000, "query timeout exceeded")],
)  # fmt: skip
def test_a_range_that_does_not_come_back_shrinks_and_is_remembered(
    node: Anvil,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    register: Callable[[int], object],
    monkeypatch: pytest.MonkeyPatch,
    habit: Act,
) -> None:
    paused: list[float] = []
    monkeypatch.setattr("pysonar.chain.follower.time.sleep", paused.append)
    register(1)
    node.mine(300)
    register(2)
    faulty.habit(habit, "eth_getLogs", wider_than=100)
    follower = follow()
    assert follower.poll() == 2
    assert len(paused) >= 1
    asked = len(faulty.widths)
    refused = [width for width in faulty.widths if width > 100]
    assert len(refused) <= 4
    assert asked < 15  # it grows again, and stays under what was refused
    node.mine(300)
    follower.poll()
    assert all(width < min(refused) for width in faulty.widths[asked:])


def test_too_many_requests_are_a_pause_and_not_a_smaller_range(
    node: Anvil, faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object]
) -> None:
    register(1)
    node.mine(300)
    faulty.habit(http(429, headers={"Retry-After": "60"}), "eth_getLogs")
    follower = follow()
    with pytest.raises(NodeBusyError) as busy:
        follower.poll()
    assert busy.value.limited
    assert 50 < busy.value.retry_after <= 60
    assert len(faulty.widths) == 1


def test_a_node_that_is_away_is_not_asked_for_ever_smaller_ranges(
    node: Anvil, faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object]
) -> None:
    register(1)
    node.mine(300)
    follower = follow()
    follower.poll()
    node.mine(300)
    faulty.habit(closing, "eth_getLogs")
    faulty.habit(closing, "eth_blockNumber")
    with pytest.raises(NodeDownError):
        follower._read_new(rpc.block_number(node.web3))
    assert len(faulty.widths) < 8


def test_nodes_that_disagree_about_the_past_are_told(
    node: Anvil, follow: Callable[..., Follower], register: Callable[[int], object], clock: Clock
) -> None:
    register(1)
    with FaultyNode(node.url) as right, FaultyNode(node.url) as wrong:
        follower = follow(right.url, wrong.url)
        follower.poll()
        assert follower.trouble is None
        block = node.rpc("eth_getBlockByNumber", hex(follower.cursor), False)
        wrong.habit(answering({**block, "hash": "0x" + "55" * 32}), "eth_getBlockByNumber")
        clock.now += following.COMPARE_SECONDS
        follower.poll()
        assert follower.trouble is None  # once may be a fork that passes
        follower.poll()
        assert f"disagree about block {follower.cursor}" in (follower.trouble or "")
        assert "0x555555555555" in (follower.trouble or "")
        wrong.behave()
        clock.now += following.COMPARE_SECONDS
        follower.poll()
        assert follower.trouble is None


def test_another_chain_in_the_nodes_place_takes_nothing_back(
    node: Anvil, faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object]
) -> None:
    register(1)
    follower = follow()
    follower.poll()
    block = node.rpc("eth_getBlockByNumber", "0x0", False)
    faulty.habit(answering({**block, "hash": "0x" + "44" * 32}), "eth_getBlockByNumber")
    with pytest.raises(OtherGenesisError, match="its block 0 is another"):
        follower.poll()
    assert registered(follower) == [1]


def test_many_idle_campaigns_cost_one_request_a_look(
    faulty: FaultyNode, follow: Callable[..., Follower], campaign: Callable[[], bytes], clock: Clock
) -> None:
    campaign()
    follower = follow(ages=())
    follower.poll()
    before = faulty.asked["eth_call"]
    for _ in range(5):
        follower.poll()
    assert faulty.asked["eth_call"] == before
    clock.now += following.AUDIT_SECONDS
    follower.poll()
    assert faulty.asked["eth_call"] == before + 1
