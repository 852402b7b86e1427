"""The follower on a chain that forks, with nodes that lag and limit, and a process that is killed."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from pysonar.chain.contract.events import CampaignCreated, CapsuleRegistered, decode_log
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import open_database, transaction
from pysonar.chain.errors import NodeDownError, NodeRefusedError
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import NodeProvider
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil
from tests.json_types import Json
from tests.meddling import Answer, Params
from tests.roles import Transact


@pytest.fixture
def database(tmp_path: Path, node: Anvil, sonar: Sonar) -> Iterator[sqlite3.Connection]:
    """A new database of this chain and contract."""
    opened = open_here(tmp_path, node, sonar)
    yield opened
    opened.close()


@pytest.fixture
def follower(database: sqlite3.Connection, node: Anvil, sonar: Sonar) -> Follower:
    """A follower without confirmations."""
    return Follower(database, node.web3, sonar, confirmations=0)


@pytest.fixture
def register(node: Anvil, sonar: Sonar, capsule: KeyfileSigner, transact: Transact) -> Callable[[], bytes]:
    """`register() -> certificate`: one more event on chain, told apart by its value."""
    numbers = itertools.count(1)

    def send() -> bytes:
        certificate = next(numbers).to_bytes(32, "big")
        transact(node, capsule, sonar.calls.register_capsule(certificate))
        return certificate

    return send


def open_here(folder: Path, node: Anvil, sonar: Sonar) -> sqlite3.Connection:
    """The database that a restarted process would open."""
    return open_database(
        folder / "agent.sqlite", chain_id=1337, genesis=rpc.genesis(node.web3), contract=sonar.address
    )


def certificates(follower: Follower) -> list[bytes]:
    """What waits to be handled, by the value that tells events apart."""
    return [stored.event.certificate for stored in follower.unhandled(CapsuleRegistered)]


def on_chain(node: Anvil, sonar: Sonar) -> list[bytes]:
    """The certificates in the events that the node has now, in order."""
    logs = rpc.logs(node.web3, sonar.address, 0, rpc.block_number(node.web3))
    return [decode_log(log).event.certificate for log in logs]  # type: ignore[attr-defined]


def test_events_come_once_in_order_and_survive_a_restart(
    tmp_path: Path, node: Anvil, sonar: Sonar, follower: Follower, register: Callable[[], bytes]
) -> None:
    sent = [register() for _ in range(3)]
    assert follower.poll() == 3
    assert certificates(follower) == sent
    follower.mark_handled(follower.unhandled()[0])
    again = Follower(open_here(tmp_path, node, sonar), node.web3, sonar, confirmations=0)
    assert again.poll() == 0
    assert certificates(again) == sent[1:]
    sent.append(register())
    assert again.poll() == 1
    assert certificates(again) == sent[1:]
    assert [stored.event.certificate for stored in again.history()] == sent  # type: ignore[attr-defined]
    assert again.unhandled(CampaignCreated) == []


def test_nothing_is_read_before_its_confirmations(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    follower = Follower(database, node.web3, sonar, confirmations=3)
    register()
    node.mine(2)
    assert follower.poll() == 0
    node.mine(1)
    assert follower.poll() == 1
    assert follower.cursor == rpc.block_number(node.web3) - 3


def test_reading_begins_at_the_start_block(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()
    second = register()
    follower = Follower(database, node.web3, sonar, confirmations=0, start_block=rpc.block_number(node.web3))
    assert follower.cursor == rpc.block_number(node.web3) - 1
    assert follower.poll() == 1
    assert certificates(follower) == [second]


def test_an_event_that_a_fork_threw_out_is_not_delivered(
    node: Anvil, follower: Follower, register: Callable[[], bytes]
) -> None:
    kept = register()
    follower.poll()
    lost = register()
    follower.poll()
    assert certificates(follower) == [kept, lost]
    node.reorg(1)
    assert follower.poll() == 0
    assert certificates(follower) == [kept]
    assert follower.handled_orphans() == []


def test_an_event_that_was_handled_and_then_thrown_out_is_shown(
    node: Anvil, follower: Follower, register: Callable[[], bytes]
) -> None:
    register()
    follower.poll()
    (event,) = follower.unhandled()
    follower.mark_handled(event)
    node.reorg(1)
    follower.poll()
    (orphan,) = follower.handled_orphans()
    assert (orphan.event, orphan.orphaned) == (event.event, True)
    assert follower.history() == []


def test_an_event_mined_again_in_another_block_is_delivered_again(
    node: Anvil,
    sonar: Sonar,
    follower: Follower,
    register: Callable[[], bytes],
    capsule: KeyfileSigner,
    transact: Transact,
) -> None:
    certificate = register()
    follower.poll()
    (before,) = follower.unhandled()
    follower.mark_handled(before)
    node.reorg(1)
    transact(node, capsule, sonar.calls.register_capsule(certificate))
    follower.poll()
    (after,) = follower.unhandled()
    assert after.event == before.event
    assert after.block_hash != before.block_hash


def test_walking_back_past_a_handled_event_does_not_deliver_it_again(
    node: Anvil, follower: Follower, register: Callable[[], bytes]
) -> None:
    kept = register()
    node.mine(5)
    lost = register()
    follower.poll()  # one range, so one checkpoint: the walk goes back to the very start
    follower.mark_handled(follower.unhandled()[0])
    assert certificates(follower) == [lost]
    node.reorg(1)
    assert follower.poll() == 0
    assert certificates(follower) == []
    assert [stored.event.certificate for stored in follower.history()] == [kept]  # type: ignore[attr-defined]


def test_a_chain_cut_short_and_grown_anew(
    node: Anvil, sonar: Sonar, follower: Follower, register: Callable[[], bytes]
) -> None:
    kept = register()
    follower.poll()
    snapshot = node.rpc("evm_snapshot")
    register()
    register()
    follower.poll()
    node.rpc("evm_revert", snapshot)
    assert follower.poll() == 0  # shorter, but nothing contradicts: may be a node that lags
    assert len(certificates(follower)) == 3
    fresh = [register() for _ in range(3)]
    assert follower.poll() == 3
    assert certificates(follower) == [kept, *fresh] == on_chain(node, sonar)


class Meddling(NodeProvider):
    """A node between: `before` sees every request and may answer it itself."""

    def __init__(self, url: str, before: Callable[[str, Params], Answer | None]) -> None:
        super().__init__(url)
        self.before = before

    def make_request(self, method: str, params: Params) -> Json:
        answer = self.before(method, params)
        return super().make_request(method, params) if answer is None else answer

    def make_requests(self, asked: Sequence[tuple[str, Sequence[object]]]) -> list[Mapping[str, Json]]:
        return [self.make_request(method, params) for method, params in asked]


def test_a_node_that_lags_behind_orphans_nothing(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()
    register()
    honest = Follower(database, node.web3, sonar, confirmations=0)
    honest.poll()
    head = rpc.block_number(node.web3)

    def behind(method: str, params: Params) -> Answer | None:
        if method == "eth_blockNumber":
            return {"result": hex(head - 1)}
        if method == "eth_getBlockByNumber" and params[0] == hex(head):
            return {"result": None}
        return None

    lagging = Follower(database, NodeHandle(Meddling(node.url, behind)), sonar, confirmations=0)
    assert lagging.poll() == 0
    assert len(lagging.unhandled()) == 2


def test_a_node_that_limits_the_range_is_asked_for_less(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    sent = []
    for _ in range(4):
        sent.append(register())
        node.mine(30)
    asked = []

    def limited(method: str, params: Params) -> Answer | None:
        if method != "eth_getLogs":
            return None
        span = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
        asked.append(span)
        return {"error": {"code": -32005, "message": "block range too large"}} if span > 20 else None

    follower = Follower(database, NodeHandle(Meddling(node.url, limited)), sonar, confirmations=0)
    assert follower.poll() == 4
    assert certificates(follower) == sent
    assert min(asked) <= 20 < max(asked)


def test_a_node_that_refuses_every_range_is_an_error_and_changes_nothing(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()

    def refusing(method: str, params: Params) -> Answer | None:
        return {"error": {"code": -32000, "message": "no logs here"}} if method == "eth_getLogs" else None

    follower = Follower(database, NodeHandle(Meddling(node.url, refusing)), sonar, confirmations=0)
    with pytest.raises(NodeRefusedError, match="no logs here"):
        follower.poll()
    assert follower.cursor == -1


def test_logs_of_a_branch_that_vanishes_while_they_are_read_are_not_stored(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()
    forks = [1]

    def fork_after_logs(method: str, params: Params) -> Answer | None:
        if method == "eth_getLogs" and forks:
            forks.clear()
            answer = Answer(node.web3.provider.make_request(method, params))
            node.reorg(1)
            return answer
        return None

    follower = Follower(database, NodeHandle(Meddling(node.url, fork_after_logs)), sonar, confirmations=0)
    follower.poll()
    assert not forks
    assert certificates(follower) == on_chain(node, sonar) == []


def test_a_fork_between_two_requests_does_not_join_two_branches(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()
    Follower(database, node.web3, sonar, confirmations=0).poll()
    node.mine(2)
    asked = []

    def fork_before_the_second_block(method: str, params: Params) -> Answer | None:
        if method == "eth_getBlockByNumber":
            asked.append(params[0])
            if len(asked) == 2:  # the first was the cursor, still on the old branch
                node.reorg(3)
        return None

    meddled = NodeHandle(Meddling(node.url, fork_before_the_second_block))
    follower = Follower(database, meddled, sonar, confirmations=0)
    follower.poll()
    assert len(asked) > 2
    assert certificates(follower) == on_chain(node, sonar) == []


def test_a_node_that_goes_away_leaves_everything_as_it_was(
    node: Anvil, sonar: Sonar, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()
    gone: list[str] = []

    def away(method: str, params: Params) -> Answer | None:
        if method == "eth_getLogs" and not gone:
            gone.append(method)
        if gone == ["eth_getLogs"]:
            raise NodeDownError(node.url, "test")
        return None

    follower = Follower(database, NodeHandle(Meddling(node.url, away)), sonar, confirmations=0)
    with pytest.raises(NodeDownError):
        follower.poll()
    assert follower.cursor == -1
    gone.append("and back")
    assert follower.poll() == 1


@pytest.mark.parametrize("seed", range(4))
def test_after_any_forks_the_records_are_the_chain_and_nothing_in_place_comes_twice(
    node: Anvil, sonar: Sonar, follower: Follower, register: Callable[[], bytes], seed: int
) -> None:
    chooser = random.Random(seed)
    delivered: set[tuple[bytes, int]] = set()
    start = rpc.block_number(node.web3)
    for _ in range(25):
        match chooser.choice(["event", "event", "mine", "fork", "poll", "poll"]):
            case "event":
                register()
            case "mine":
                node.mine(chooser.randint(1, 3))
            case "fork":
                height = rpc.block_number(node.web3) - start
                if height:
                    node.reorg(chooser.randint(1, min(height, 4)))
            case "poll":
                follower.poll()
                for event in follower.unhandled():
                    place = (event.block_hash, event.log_index)
                    assert place not in delivered
                    delivered.add(place)
                    follower.mark_handled(event)
    follower.poll()
    assert [stored.event.certificate for stored in follower.history()] == on_chain(node, sonar)  # type: ignore[attr-defined]


def test_marking_joins_the_transaction_of_the_handler(
    follower: Follower, database: sqlite3.Connection, register: Callable[[], bytes]
) -> None:
    register()
    follower.poll()

    def crash() -> None:
        with transaction(database):
            follower.mark_handled(follower.unhandled()[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert len(follower.unhandled()) == 1
