"""A scientist's home with everything it is connected to: node, contract, store, database.

`Connection` reads; `Scientist` can also sign, seal and open. Ape's scripts hand in a node and a signer of
their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pysonar.chain.address import require_address
from pysonar.chain.contract.events import CampaignCreated
from pysonar.chain.contract.tokens import Asset, asset_at
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.errors import NoSuchCampaignError
from pysonar.chain.node.handle import Node
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import KeyfileSigner, Signer
from pysonar.party.connection import AgentConnection
from pysonar.protocol.campaign_id import LEAST_DIGITS, beginning_with, hex_digits
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.errors import UnknownCampaignError
from pysonar.scientist.home import Home
from pysonar.scientist.journal import SCHEMA, Journal


@dataclass(frozen=True)
class Connection(AgentConnection[Home, Journal]):
    """What reading commands work with. One per process and thread."""

    @classmethod
    def open(cls, home: Home, web3: Node | None = None) -> Connection:
        """Connect; `web3` is a node to use instead of the one in the settings. Raises NodeDownError,
        WrongChainError, NoContractError, NotSonarError, StoreError, WrongDatabaseError.
        """
        return cls.connected(home, web3, tables=SCHEMA, journal=Journal)

    def confirmed(self, campaign: bytes) -> CampaignRecord:
        """The campaign at the last block whose events are read: what `follower.history` agrees with.

        Raises: NoSuchCampaignError: it is not there, or not there yet.
        """
        cursor = self.follower.cursor
        if cursor < 0:
            raise NoSuchCampaignError(campaign, self.sonar.address)
        return self.sonar.campaign(campaign, block=cursor)

    def exists(self, campaign: bytes) -> bool:
        """Whether the campaign is on chain now."""
        try:
            self.sonar.campaign(campaign)
        except NoSuchCampaignError:
            return False
        return True

    def find(self, asked: str) -> bytes:
        """The id behind a name of this home, an id, or the beginning of an id (0x and six digits or more).

        Raises:
            UnknownCampaignError: nothing or several things.
        """
        row = self.journal.named(asked)
        if row is not None:
            return row.id
        if not asked.lower().startswith("0x"):
            raise UnknownCampaignError(asked, "no campaign of this home has that name, and ids begin with 0x")
        digits = hex_digits(asked)
        if digits is None:
            raise UnknownCampaignError(
                asked, f"an id has 64 hex digits; its beginning at least {LEAST_DIGITS}"
            )
        if len(digits) == 64:
            return bytes.fromhex(digits)
        known = {logged.event.id for logged in self.follower.history(CampaignCreated)}
        known |= {row.id for row in self.journal.all()}
        matches = beginning_with(digits, known)
        if len(matches) != 1:
            why = "several ids begin with that; give more digits" if matches else "no id begins with that"
            raise UnknownCampaignError(asked, why)
        return matches[0]


@dataclass(frozen=True)
class Scientist:
    """A Data Scientist who can act: connection, account, OpenPGP key."""

    connection: Connection
    signer: Signer
    key: SecretKey
    outbox: Outbox

    @classmethod
    def open(
        cls,
        home: str | Path | Home,
        passphrase: str,
        *,
        web3: Node | None = None,
        signer: Signer | None = None,
    ) -> Scientist:
        """Open a home made by `sonar init`.

        Args:
            passphrase: of the keyfile and the OpenPGP key.
            web3, signer: in place of the settings' node and keyfile (Ape's scripts give theirs).

        Raises:
            SettingsError, KeyfileError, SealError, ChainError, StoreError.
        """
        opened = home if isinstance(home, Home) else Home.open(Path(home).expanduser().absolute())
        signer = signer or KeyfileSigner.open(opened.keyfile, passphrase)
        key = opened.secret_key(passphrase)
        connection = Connection.open(opened, web3)
        outbox = connection.outbox(signer, poll_seconds=min(opened.settings.poll_seconds, 1.0))
        return cls(connection, signer, key, outbox)

    def asset(self, address: str) -> Asset:
        """The token at the address (the zero address: ether), for `Plan(asset=...)`. NotATokenError."""
        return asset_at(self.connection.web3, require_address("the asset", address))

    @property
    def address(self) -> str:
        """The account."""
        return self.signer.address
