"""Capsule's home with what it is connected to: node, contract, store, database; and, with the keys
opened, the
agent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from web3 import Web3

from openmined_oracle.agent import Agent
from openmined_oracle.context import Announce, Context, by_certificate
from openmined_oracle.home import Home
from openmined_oracle.journal import SCHEMA, Journal
from openmined_oracle.keystore import Generate, KeyStore
from openmined_oracle.prefetch import Prefetcher
from openmined_oracle.registering import Registration
from openmined_syft.keys import generate_keypair
from pysonar.chain import rpc
from pysonar.chain.connect import connect
from pysonar.chain.database import open_database
from pysonar.chain.fees import FeePolicy
from pysonar.chain.follower import Follower
from pysonar.chain.outbox import Outbox
from pysonar.chain.signer import Signer
from pysonar.chain.sonar import Sonar
from pysonar.openpgp import SecretKey
from pysonar.store import Store, open_store


@dataclass(frozen=True)
class Connection:
    """One per process and thread: neither SQLite nor the follower is shared."""

    home: Home
    web3: Web3
    sonar: Sonar
    database: sqlite3.Connection
    follower: Follower
    journal: Journal
    store: Store

    @classmethod
    def open(cls, home: Home, web3: Web3 | None = None) -> Connection:
        """Connect; no key is needed for that. `web3` takes the place of the node of the settings.

        Raises:
            ChainError: the node is down, of another chain, or has no Sonar at the address; or the
                database is of
                another chain.
            StoreError: the store's setting cannot be used.
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
            database, web3, sonar, confirmations=settings.confirmations, start_block=settings.start_block
        )
        return cls(home, web3, sonar, database, follower, Journal(database), open_store(settings.store))

    def outbox(self, signer: Signer) -> Outbox:
        """The way out for the account's transactions; for the holder of the home's lock only."""
        settings = self.home.settings
        return Outbox(
            self.database,
            self.web3,
            signer,
            confirmations=settings.confirmations,
            policy=FeePolicy(max_fee=settings.max_fee_wei),
            poll_seconds=settings.poll_seconds,
        )

    def registration(self, certificate_key: SecretKey, outbox: Outbox) -> Registration:
        """What makes this Capsule known on chain."""
        return Registration(certificate_key.certificate, self.store, self.sonar, outbox)

    def agent(
        self,
        signer: Signer,
        keys: Mapping[str, SecretKey],
        announce: Announce,
        *,
        generate: Generate = generate_keypair,
    ) -> Agent:
        """The agent; for the holder of the home's lock only.

        Args:
            signer: the account.
            keys: OpenPGP keys by fingerprint, the one in use first, as `Home.secret_keys` gives them.
            generate: makes a campaign's key pair.
        """
        own, own_settings = next(iter(keys.values())), self.home.capsule
        outbox = self.outbox(signer)
        context = Context(
            sonar=self.sonar,
            follower=self.follower,
            outbox=outbox,
            journal=self.journal,
            keystore=KeyStore(self.home.keys, own, generate=generate),
            store=self.store,
            prefetcher=Prefetcher(
                self.store, own_settings.fetch_threads, retry_seconds=own_settings.retry_seconds
            ),
            own=own,
            secrets=by_certificate(keys),
            settings=own_settings,
            announce=announce,
        )
        registration = self.registration(own, outbox)
        return Agent(context, registration, poll_seconds=self.home.settings.poll_seconds)
