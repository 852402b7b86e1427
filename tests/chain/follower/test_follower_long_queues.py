"""A campaign with very many events costs no more than one with a few: neither to judge nor to look after."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from pysonar.chain.audit import Audit
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.follower import PAUSE_PER_CHECK, Follower
from pysonar.chain.sending.signer import KeyfileSigner
from tests.chain.follower.followers import UPDATE, Clock
from tests.conftest import Anvil
from tests.roles import Transact


def test_a_part_of_the_queue_is_read_without_the_rest(
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    node: Anvil,
    sonar: Sonar,
    miner: KeyfileSigner,
    transact: Transact,
) -> None:
    """From any place on, in order, and not what a fork took away."""
    found, follower = campaign(), follow()
    for _ in range(5):
        transact(node, miner, sonar.calls.submit(found, UPDATE, miner.address, 73))
    follower.poll()

    def indices(first: int, count: int) -> list[int]:
        return [stored.event.index for stored in follower.queue(found, first, count)]

    assert indices(0, 32) == [0, 1, 2, 3, 4]
    assert indices(1, 3) == [1, 2, 3]
    assert indices(4, 1) == [4]
    assert indices(5, 32) == []
    assert follower.queue(bytes(32), 0, 32) == []
    node.reorg(2)
    follower.poll()
    assert indices(0, 32) == [0, 1, 2]


def test_after_a_dear_look_for_gaps_the_next_one_waits(
    follow: Callable[..., Follower],
    campaign: Callable[[], bytes],
    node: Anvil,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was touched meanwhile is not forgotten."""
    looked: list[set[bytes]] = []

    def dear(_audit: Audit, _cursor: int, touched: Iterable[bytes]) -> dict[bytes, str]:
        looked.append(set(touched))
        clock.now += 2.0
        return {}

    follower = follow()
    follower.poll()
    monkeypatch.setattr(Audit, "missing", dear)
    follower.poll()
    assert looked == [set()]
    found = campaign()
    follower.poll()
    clock.now += 2.0 * PAUSE_PER_CHECK - 0.1
    follower.poll()
    assert looked == [set()]
    clock.now += 0.2
    follower.poll()
    assert looked == [set(), {found}]
