"""A home with what it is connected to: node, contract, store, database. No key is opened here: to read,
none is needed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import open_database
from pysonar.chain.errors import AlreadyRunningError
from pysonar.chain.follower import Follower
from pysonar.chain.migrations import Tables
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import connect
from pysonar.chain.node.handle import Node
from pysonar.chain.sending.effects import Effects
from pysonar.chain.sending.fees import FeePolicy
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import Signer
from pysonar.party.home.home import AgentHome
from pysonar.party.home.home_lock import home_lock
from pysonar.store import Store, open_store

HomeT = TypeVar("HomeT", bound=AgentHome)
JournalT = TypeVar("JournalT")


@dataclass(frozen=True)
class AgentConnection(Generic[HomeT, JournalT]):
    """Base of the agents' connections. One per process and thread: SQLite and the follower are not shared."""

    home: HomeT
    web3: Node
    sonar: Sonar
    database: sqlite3.Connection
    follower: Follower
    journal: JournalT
    store: Store

    @classmethod
    def connected(
        cls,
        home: HomeT,
        web3: Node | None,
        *,
        tables: Tables,
        journal: Callable[[sqlite3.Connection], JournalT],
    ) -> Self:
        """Connect.

        Args:
            web3: in place of the node of the settings.
            tables, journal: the agent's own tables beside those of follower and outbox, and what reads them.

        Raises:
            ChainError: the node is down, of another chain, or has no Sonar at the address; or the database is
                of another chain.
            StoreError: the store's setting cannot be used.
        """
        settings = home.settings
        web3 = web3 or connect(settings.rpc, expected_chain_id=settings.chain_id)
        sonar = Sonar.open(
            web3, settings.contract, settings.chain_id, version=settings.contract_version or None
        )
        database = open_database(
            home.database,
            chain_id=sonar.chain_id,
            genesis=rpc.genesis(web3),
            contract=sonar.address,
            tables=[tables],
        )
        follower = Follower(
            database, web3, sonar, confirmations=settings.confirmations, start_block=settings.start_block
        )
        return cls(home, web3, sonar, database, follower, journal(database), open_store(settings.store))

    def outbox(self, signer: Signer, *, poll_seconds: float | None = None) -> Outbox:
        """The way out for the account's transactions. `poll_seconds`: in place of the settings'."""
        settings = self.home.settings
        return Outbox(
            self.database,
            self.web3,
            signer,
            chain_id=settings.chain_id,
            confirmations=settings.confirmations,
            effects=Effects(
                self.sonar, signer.address, lambda campaign: self.follower.history(campaign=campaign)
            ),
            policy=FeePolicy(
                max_fee=settings.max_fee_wei,
                max_tip=settings.max_tip_wei,
                max_token_call=settings.max_token_call_wei,
            ),
            poll_seconds=settings.poll_seconds if poll_seconds is None else poll_seconds,
        )

    def read_events(self) -> None:
        """Read the newest events, unless the process that holds the home's lock does that."""
        try:
            with home_lock(self.home.lock, for_a_moment=True):
                self.follower.poll()
        except AlreadyRunningError:
            return
