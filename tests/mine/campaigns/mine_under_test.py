"""A mine that tests make work, round by round."""

from __future__ import annotations

import time

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.home import Home
from pysonar.chain.contract.events import Submitted
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from tests.roles import Tell


class Mine:
    """A mine under test: rounds, and what came of them."""

    def __init__(self, home: Home, signer: KeyfileSigner, tell: Tell) -> None:
        self.connection = Connection.open(home)
        self.outbox = self.connection.outbox(signer)
        self.time = 1_000_000.0
        self.agent = Agent(self.connection, self.outbox, tell=tell, clock=lambda: self.time)
        self.address = signer.address

    def round(self) -> list[str]:
        """A round; the names of its errors."""
        return [type(error).__name__ for error in self.errors()]

    def errors(self) -> list[Exception]:
        """A round, after which its transactions are read; its errors."""
        errors = self.agent.round()
        web3 = self.connection.web3
        while rpc.nonce(web3, self.address) < rpc.nonce(web3, self.address, "pending"):
            time.sleep(0.02)
        self.outbox.pump()
        self.connection.follower.poll()
        return list(errors)

    def submitted(self, campaign: bytes | None = None) -> list[Submitted]:
        history = self.connection.follower.history(Submitted, campaign=campaign)
        return [entry.event for entry in history if isinstance(entry.event, Submitted)]
