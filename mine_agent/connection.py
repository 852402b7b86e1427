"""A mine's home with everything it is connected to: node, contract, store, database. No account is opened
here.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from web3 import Web3

from mine_agent.home import Home
from mine_agent.journal import SCHEMA, Journal
from mine_agent.standing import Standing, standings
from pysonar.chain import rpc
from pysonar.chain.connect import connect
from pysonar.chain.database import open_database
from pysonar.chain.errors import AlreadyRunningError
from pysonar.chain.events import CampaignOpened, Settled, Submitted
from pysonar.chain.fees import FeePolicy
from pysonar.chain.follower import Follower, StoredEvent
from pysonar.chain.outbox import Outbox
from pysonar.chain.signer import Signer
from pysonar.chain.sonar import Sonar
from pysonar.home_lock import home_lock
from pysonar.store import Store, open_store


@dataclass(frozen=True)
class Connection:
    """What the commands work with. One per process and thread: SQLite and the follower are not shared."""

    home: Home
    web3: Web3
    sonar: Sonar
    database: sqlite3.Connection
    follower: Follower
    journal: Journal
    store: Store
    address: str

    @classmethod
    def open(cls, home: Home, web3: Web3 | None = None) -> Connection:
        """Connect; `web3` in place of the node of the settings.

        Raises:
            NodeDownError, WrongChainError, NoContractError, NotSonarError, StoreError, WrongDatabaseError.
        """
        settings = home.settings
        web3 = web3 or connect(settings.rpc, expected_chain_id=settings.chain_id)
        sonar = Sonar.open(web3, settings.contract)
        database = open_database(
            home.database,
            chain_id=settings.chain_id,
            genesis=rpc.genesis(web3),
            contract=sonar.address,
            schema=SCHEMA,
        )
        follower = Follower(
            database,
            web3,
            sonar,
            confirmations=settings.confirmations,
            start_block=settings.start_block,
        )
        store = open_store(settings.store)
        return cls(home, web3, sonar, database, follower, Journal(database), store, home.address)

    def outbox(self, signer: Signer) -> Outbox:
        """The way out for the account's transactions; the holder of the home's lock only."""
        settings = self.home.settings
        return Outbox(
            self.database,
            self.web3,
            signer,
            confirmations=settings.confirmations,
            policy=FeePolicy(max_fee=settings.max_fee_wei),
            poll_seconds=settings.poll_seconds,
        )

    def read_events(self) -> None:
        """Read the newest events, unless the process that holds the home's lock does that."""
        try:
            with home_lock(self.home.lock):
                self.follower.poll()
        except AlreadyRunningError:
            return

    def campaign_ids(self) -> list[bytes]:
        """Every campaign that was ever opened, oldest first."""
        opened = [entry.event for entry in self.follower.history(CampaignOpened)]
        return [event.id for event in opened if isinstance(event, CampaignOpened)]

    def settled_ids(self) -> set[bytes]:
        """Campaigns that are over."""
        return {
            entry.event.id for entry in self.follower.history(Settled) if isinstance(entry.event, Settled)
        }

    def own_campaign_ids(self) -> list[bytes]:
        """Every campaign this account has submitted to, or has a gradient for, oldest first."""
        queued = [
            entry.event.id
            for entry in self.follower.history(Submitted)
            if isinstance(entry.event, Submitted) and entry.event.miner == self.address
        ]
        made = [entry.campaign for entry in self.journal.submissions()]
        return list(dict.fromkeys([*queued, *made]))

    def standings(self, campaign: bytes) -> list[Standing]:
        """What became of this mine's submissions to the campaign."""
        history: list[StoredEvent] = self.follower.history(campaign=campaign)
        return standings(campaign, self.address, self.journal.submissions(campaign), history)
