"""An outbox on a real chain, and its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil
from tests.json_types import JsonObject

if TYPE_CHECKING:
    from pysonar.chain.node.connect import NodeProvider
    from pysonar.chain.sending.outbox import Outbox


@pytest.fixture
def database(tmp_path: Path, node: Anvil, sonar: Sonar) -> Iterator[sqlite3.Connection]:
    """A new database of this chain and contract."""
    from pysonar.chain.database import open_database
    from pysonar.chain.node import rpc

    opened = open_database(
        tmp_path / "agent.sqlite", chain_id=1337, genesis=rpc.genesis(node.web3), contract=sonar.address
    )
    yield opened
    opened.close()


@pytest.fixture
def make(
    database: sqlite3.Connection, node: Anvil, sonar: Sonar, capsule: KeyfileSigner
) -> Callable[..., Outbox]:
    """`make(provider_or_web3=None, **options) -> Outbox` of the capsule's account: as a restarted process
    would open it. What its deeds bring about is asked of the node itself.
    """
    from pysonar.chain.node.handle import NodeHandle
    from pysonar.chain.sending.effects import Effects
    from pysonar.chain.sending.outbox import Outbox

    def build(provider: NodeProvider | None = None, **options: object) -> Outbox:
        settings: JsonObject = {"chain_id": 1337, "confirmations": 0, "poll_seconds": 0.01} | options
        signer = settings.pop("signer", capsule)
        settings.setdefault("effects", Effects(sonar, signer.address, lambda _: ()))
        web3 = node.web3 if provider is None else NodeHandle(provider)
        return Outbox(database, web3, signer, **settings)

    return build
