"""Capsule's home with what it is connected to; and, with the keys opened, the agent."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from typing_extensions import override

from openmined_oracle.agent import Agent
from openmined_oracle.campaigns.context import Context, by_certificate
from openmined_oracle.home import Home
from openmined_oracle.journal import SCHEMA, Journal
from openmined_oracle.judging.prefetch import Prefetcher
from openmined_oracle.keys.announced import announced
from openmined_oracle.keys.hand_over import require_not_handed_over
from openmined_oracle.keys.keystore import Generate, KeyStore, generate_key
from openmined_oracle.keys.registration import Registration
from openmined_oracle.operation.metrics import Watch
from openmined_oracle.waiting import Waiting
from openmined_oracle.workers import Workers
from openmined_oracle.workshop import Workshop
from pysonar.chain.node.handle import Node
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import Signer
from pysonar.party.connection import AgentConnection
from pysonar.party.happenings import LOGGER, Tell
from pysonar.protocol.openpgp import Certificate, SecretKey
from pysonar.store import cid_of


@dataclass(frozen=True)
class Connection(AgentConnection[Home, Journal]):
    """One per process and thread."""

    @classmethod
    def open(cls, home: Home, web3: Node | None = None) -> Connection:
        """Connect; no key is needed for that. `web3` is a node to use instead of the one in the settings.

        Raises:
            ChainError: the node is down, of another chain, or has no Sonar at the address; or the database is
                of another chain.
            StoreError: the store's setting cannot be used.
        """
        return cls.connected(home, web3, tables=SCHEMA, journal=Journal)

    @override
    def outbox(self, signer: Signer, *, poll_seconds: float | None = None) -> Outbox:
        """See `AgentConnection.outbox`. HandedOverError: another machine sends from this account now."""
        require_not_handed_over(self.home)
        return super().outbox(signer, poll_seconds=poll_seconds)

    def registration(self, certificate_key: SecretKey, outbox: Outbox) -> Registration:
        """What makes this Capsule known on chain."""
        return Registration(self.announced(certificate_key), self.store, self.sonar, outbox)

    def announced(self, certificate_key: SecretKey) -> Certificate:
        """The certificate with the operator's terms, as it is registered. Raises ClockBehindError."""
        return announced(self.home.path, self.home.capsule, certificate_key)

    def agent(
        self,
        signer: Signer,
        keys: Mapping[str, SecretKey],
        tell: Tell,
        *,
        generate: Generate = generate_key,
        stop: threading.Event | None = None,
        watch: Watch | None = None,
    ) -> Agent:
        """The agent; for the holder of the home's lock only.

        Args:
            signer: the account.
            keys: OpenPGP keys by fingerprint, the one in use first, as `Home.secret_keys` gives them.
            generate: makes a campaign's key pair.
            stop: ends the agent after the round at hand.
            watch: told how it goes, in numbers.

        Raises:
            ClockBehindError: by this machine's clock the key in use is of the future; try again.
        """
        (own, *older), own_settings = keys.values(), self.home.capsule
        certificate = self.announced(own)
        announced, outbox = cid_of(certificate.to_bytes()), self.outbox(signer)
        workers, waiting = Workers(own_settings.workers, trouble=LOGGER.warning), Waiting()
        context = Context(
            sonar=self.sonar,
            follower=self.follower,
            outbox=outbox,
            journal=self.journal,
            keystore=KeyStore(
                self.home.keys,
                own,
                generate=generate,
                older=older,
                copies=self.home.keys_copy,
                workers=workers,
            ),
            store=self.store,
            prefetcher=Prefetcher(
                self.store, own_settings.fetch_threads, retry_seconds=own_settings.retry_seconds
            ),
            workshop=Workshop(waiting),
            waiting=waiting,
            workers=workers,
            own=own,
            secrets={**by_certificate(keys), announced: own},
            announced=announced,
            settings=own_settings,
            tell=tell,
        )
        registration = Registration(
            certificate,
            self.store,
            self.sonar,
            outbox,
            lost=lambda: context.journal.note_store_loss(b"", self.sonar.now()),
        )
        return Agent(
            context, registration, poll_seconds=self.home.settings.poll_seconds, stop=stop, watch=watch
        )
