"""A follower behind a faulty node, its clock, and events for it to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.follower import AGES, Follower
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.node.provider import NodeProvider
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.terms import terms_of
from tests.chain.follower.followers import KEY, MODEL, SALT, SPEC, Clock
from tests.conftest import Anvil
from tests.faulty_node import FaultyNode
from tests.roles import Transact


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def follow(
    database: sqlite3.Connection, faulty: FaultyNode, sonar: Sonar, clock: Clock
) -> Callable[..., Follower]:
    """`follow(**options) -> Follower` behind the faulty node, which nobody waits for."""

    def start(
        *urls: str, confirmations: int = 0, start_block: int = 0, ages: Sequence[float] = AGES
    ) -> Follower:
        web3 = NodeHandle(NodeProvider(urls or faulty.url, pause=lambda _: None))
        behind = Sonar(web3, sonar.address)
        return Follower(
            database,
            web3,
            behind,
            confirmations=confirmations,
            start_block=start_block,
            clock=clock,
            ages=ages,
        )

    return start


@pytest.fixture
def register(
    node: Anvil, sonar: Sonar, capsule: KeyfileSigner, transact: Transact
) -> Callable[[int], object]:
    """`register(number)`: one more event on chain."""
    return lambda number: transact(node, capsule, sonar.calls.register_capsule(number.to_bytes(32, "big")))


@pytest.fixture
def campaign(
    node: Anvil, sonar: Sonar, scientist: KeyfileSigner, capsule: KeyfileSigner, transact: Transact
) -> Callable[[], bytes]:
    """`campaign() -> id`: a campaign, opened."""

    def create() -> bytes:
        terms = terms_of(capsule.address, node.now(), spec=SPEC, bounty=1000, stake=70, fee=3)
        transact(node, scientist, sonar.calls.create_campaign(terms, SALT))
        found = sonar.campaign_id(scientist.address, SPEC, SALT)
        transact(node, capsule, sonar.calls.open_campaign(found, KEY, MODEL, 0))
        return found

    return create
