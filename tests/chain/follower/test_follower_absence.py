"""The follower behind a node that is late, behind, terse or wrong: no event is lost for good, nothing that a
node leaves out is believed, and what is missing is told.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pysonar.chain import follower as following
from pysonar.chain.contract.events import CampaignCreated, CapsuleRegistered, Submitted
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, Verdict
from pysonar.chain.errors import UnexpectedAnswerError
from pysonar.chain.follower import Follower
from pysonar.chain.log_ranges import AGES
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from tests.chain.follower.followers import MODEL, UPDATE, Clock, registered
from tests.conftest import Anvil
from tests.faulty_node import FaultyNode, answering, lagging
from tests.json_types import JsonObject
from tests.roles import Transact

# --- absence proves nothing


def test_events_that_a_machine_behind_left_out_are_found_later(
    node: Anvil,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    register: Callable[[int], object],
    clock: Clock,
) -> None:
    register(1)
    follower = follow()
    assert follower.poll() == 1
    faulty.habit(lagging(5), "eth_getLogs")  # block numbers come from a machine that is not behind
    register(2)
    node.mine(2)
    follower.poll()
    assert registered(follower) == [1]
    assert follower.cursor == rpc.block_number(node.web3)
    faulty.behave()
    clock.now += AGES[0]
    assert follower.poll() == 1
    assert registered(follower) == [1, 2]
    assert [one.event.certificate[-1] for one in follower.unhandled(CapsuleRegistered)] == [1, 2]


@pytest.mark.parametrize("age", range(len(AGES)))
def test_they_are_found_at_each_age_that_is_looked_at(
    node: Anvil,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    register: Callable[[int], object],
    clock: Clock,
    age: int,
) -> None:
    follower = follow()
    follower.poll()
    faulty.habit(answering([]), "eth_getLogs")
    register(1)
    began = clock.now
    for seconds in AGES[:age]:
        follower.poll()
        clock.now = began + seconds
    follower.poll()
    assert registered(follower) == []
    faulty.behave()
    clock.now = began + AGES[age]
    follower.poll()
    assert registered(follower) == [1]


def test_in_the_end_blocks_are_left_alone(
    node: Anvil,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    register: Callable[[int], object],
    clock: Clock,
) -> None:
    register(1)
    follower = follow()
    for _ in range(2):
        for seconds in (0.0, *AGES):
            clock.now += seconds
            follower.poll()
    before = faulty.asked["eth_getLogs"]
    for _ in range(3):
        clock.now += AGES[-1]
        follower.poll()
    assert faulty.asked["eth_getLogs"] == before


def test_a_restart_reads_the_newest_blocks_again(
    faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object], clock: Clock
) -> None:
    faulty.habit(answering([]), "eth_getLogs")
    register(1)
    follow().poll()
    faulty.behave()
    again = follow()
    again.poll()
    clock.now += AGES[0]
    again.poll()
    assert registered(again) == [1]


def test_a_machine_that_lacks_the_last_block_is_not_believed(
    node: Anvil, faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object]
) -> None:
    follower = follow(ages=())
    follower.poll()
    before = follower.cursor
    register(1)
    faulty.habit(lagging(1), "eth_getLogs", "eth_getBlockByNumber")
    assert follower.poll() == 0
    assert follower.cursor == before
    faulty.behave()
    assert follower.poll() == 1


def test_a_block_that_a_node_does_not_have_is_not_a_fork(
    node: Anvil, faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object]
) -> None:
    register(1)
    follower = follow()
    follower.poll()
    node.mine(1)
    faulty.habit(answering(None), "eth_getBlockByNumber")
    follower.poll()
    assert registered(follower) == [1]
    assert follower.handled_orphans() == []


# --- Sonar's own counters


def test_a_lost_submission_is_noticed_by_the_counters_told_and_found(
    node: Anvil,
    sonar: Sonar,
    miner: KeyfileSigner,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    transact: Transact,
    clock: Clock,
) -> None:
    opened = campaign()
    follower = follow(ages=())
    follower.poll()
    assert follower.trouble is None
    transact(node, miner, sonar.calls.submit(opened, UPDATE, miner.address, 73))
    faulty.habit(answering([]), "eth_getLogs")
    clock.now += following.AUDIT_SECONDS
    follower.poll()
    follower.poll()
    assert follower.history(Submitted) == []
    told = follower.trouble or ""
    assert f"0x{opened.hex()[:12]}: 0 of 1 events that Sonar counts as 'submitted'" in told
    faulty.behave()
    clock.now += following.GAP_PAUSE.longest
    assert follower.poll() == 1
    assert [one.event.update for one in follower.history(Submitted, campaign=opened)] == [UPDATE]
    assert follower.trouble is None


def test_a_lost_verdict_is_noticed_too(
    node: Anvil,
    sonar: Sonar,
    miner: KeyfileSigner,
    capsule: KeyfileSigner,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    transact: Transact,
    clock: Clock,
) -> None:
    opened = campaign()
    transact(node, miner, sonar.calls.submit(opened, UPDATE, miner.address, 73))
    follower = follow(ages=())
    follower.poll()
    report = Report(miner.address, UPDATE, Verdict.IMPROVED, 20_000, MODEL)
    transact(node, capsule, sonar.calls.report(opened, [report]))
    faulty.habit(answering([]), "eth_getLogs")
    clock.now += following.AUDIT_SECONDS
    follower.poll()
    follower.poll()
    assert "'evaluated'" in (follower.trouble or "")
    faulty.behave()
    clock.now += following.GAP_PAUSE.longest
    assert follower.poll() == 2
    assert follower.trouble is None


def test_a_lost_beginning_is_noticed_by_what_comes_after_it(
    node: Anvil,
    sonar: Sonar,
    miner: KeyfileSigner,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    transact: Transact,
) -> None:
    follower = follow(ages=())
    faulty.habit(answering([]), "eth_getLogs")
    opened = campaign()
    follower.poll()
    assert follower.history(CampaignCreated) == []
    faulty.behave()
    transact(node, miner, sonar.calls.submit(opened, UPDATE, miner.address, 73))
    assert follower.poll() == 3
    assert [one.event.id for one in follower.unhandled(CampaignCreated)] == [opened]
    assert follower.trouble is None


def test_a_campaign_from_before_the_first_block_is_told_for_a_while_only(
    node: Anvil,
    sonar: Sonar,
    miner: KeyfileSigner,
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    transact: Transact,
    clock: Clock,
) -> None:
    opened = campaign()
    follower = follow(start_block=rpc.block_number(node.web3) + 1)
    transact(node, miner, sonar.calls.submit(opened, UPDATE, miner.address, 73))
    follower.poll()
    assert "the event that created it missing" in (follower.trouble or "")
    for _ in range(following.TRIES_FOR_THE_BEGINNING):
        clock.now += following.GAP_PAUSE.longest
        follower.poll()
    assert follower.trouble is None


def test_counters_of_a_block_that_is_not_confirmed_yet_are_no_gap(
    node: Anvil,
    sonar: Sonar,
    miner: KeyfileSigner,
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    transact: Transact,
    clock: Clock,
) -> None:
    opened = campaign()
    node.mine(3)
    follower = follow(confirmations=3)
    follower.poll()
    transact(node, miner, sonar.calls.submit(opened, UPDATE, miner.address, 73))
    for _ in range(3):
        clock.now += following.AUDIT_SECONDS
        follower.poll()
        assert follower.trouble is None
    node.mine(3)
    assert follower.poll() == 1
    assert follower.trouble is None


# --- whatever comes back


@pytest.mark.parametrize("odd", [None, "text", 17, {}, [None], [{"topics": []}], [{"address": 5}]])
def test_odd_logs_are_an_error_and_change_nothing(
    faulty: FaultyNode, follow: Callable[..., Follower], register: Callable[[int], object], odd: object
) -> None:
    register(1)
    follower = follow()
    faulty.habit(answering(odd), "eth_getLogs")
    with pytest.raises(UnexpectedAnswerError):
        follower.poll()
    assert follower.cursor == -1
    faulty.behave()
    assert follower.poll() == 1


def test_a_log_that_no_sonar_made_is_an_error_and_changes_nothing(
    node: Anvil,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    sonar: Sonar,
    register: Callable[[int], object],
) -> None:
    register(1)
    place = hex(rpc.block_number(node.web3))
    (right,) = node.rpc("eth_getLogs", {"address": sonar.address, "fromBlock": place, "toBlock": place})
    follower = follow()
    wrongs: list[JsonObject] = [{"topics": ["0x" + "99" * 32]}, {"data": "0x01"}, {"topics": []}]
    for wrong in wrongs:
        faulty.behave()
        faulty.habit(answering([{**right, **wrong}]), "eth_getLogs")
        with pytest.raises(UnexpectedAnswerError):
            follower.poll()
    assert follower.cursor == -1
    faulty.behave()
    assert follower.poll() == 1


def test_logs_of_a_block_that_is_not_on_the_chain_are_not_stored(
    node: Anvil,
    faulty: FaultyNode,
    follow: Callable[..., Follower],
    sonar: Sonar,
    register: Callable[[int], object],
) -> None:
    register(1)
    node.mine(2)
    (right,) = node.rpc("eth_getLogs", {"address": sonar.address, "fromBlock": "0x0", "toBlock": "latest"})
    faulty.habit(answering([{**right, "blockHash": "0x" + "77" * 32}]), "eth_getLogs")
    follower = follow()
    assert follower.poll() == 0
    assert (follower.cursor, follower.history()) == (-1, [])
