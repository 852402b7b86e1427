"""A mine's home with everything it is connected to: node, contract, store, database. No account is opened
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mine_agent.campaigns.decisions.records import DecisionRecords
from mine_agent.campaigns.history import SubmissionStatus, submission_history
from mine_agent.home import Home
from mine_agent.journal import SCHEMA, Journal
from pysonar.chain.contract.events import CampaignOpened, Settled, Submitted
from pysonar.chain.contract.tokens import Asset, asset_at, smallest_units
from pysonar.chain.errors import ChainError
from pysonar.chain.follower import StoredEvent
from pysonar.chain.node.handle import Node
from pysonar.chain.sending.fees import GasPrice
from pysonar.party.connection import AgentConnection


@dataclass(frozen=True)
class Connection(AgentConnection[Home, Journal]):
    """What the commands work with. One per process and thread.

    Attributes:
        address: the account, as it was when the connection was made.
        gas_price: what gas costs now, in the gas of Ethereum.
    """

    address: str = field(init=False)
    gas_price: GasPrice = field(init=False)
    _assets: dict[str, Asset] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", self.home.address)
        object.__setattr__(self, "gas_price", GasPrice(self.web3, self.address))

    @classmethod
    def open(cls, home: Home, web3: Node | None = None) -> Connection:
        """Connect; `web3` is a node to use instead of the one in the settings.

        Raises:
            NodeDownError, WrongChainError, NoContractError, NotSonarError, StoreError, WrongDatabaseError,
            KeyfileError.
        """
        return cls.connected(home, web3, tables=SCHEMA, journal=Journal)

    def asset(self, address: str) -> Asset:
        """What amounts of a campaign in that asset are counted in. A token is asked once; one that cannot be
        asked now is counted in its smallest unit.
        """
        known = self._assets.get(address)
        if known is None:
            try:
                known = self._assets[address] = asset_at(self.web3, address)
            except ChainError:
                return smallest_units(address)
        return known

    @property
    def decisions(self) -> DecisionRecords:
        """What was decided about campaigns, and the owner's word on them."""
        return DecisionRecords(self.database)

    def campaign_ids(self) -> list[bytes]:
        """Every campaign that was ever opened, oldest first."""
        return self.follower.campaigns_with(CampaignOpened)

    def settled_ids(self) -> set[bytes]:
        """Campaigns that are over."""
        return set(self.follower.campaigns_with(Settled))

    def own_campaign_ids(self) -> list[bytes]:
        """Every campaign this account has submitted to, or has a gradient for, oldest first."""
        queued = self.follower.campaigns_with(Submitted, submitter=self.address)
        made = [entry.campaign for entry in self.journal.submissions()]
        return list(dict.fromkeys([*queued, *made]))

    def own_updates(self) -> list[bytes]:
        """Every gradient of this account that the chain knows, by its digest, oldest first."""
        return [entry.event.update for entry in self.follower.history(Submitted, submitter=self.address)]

    def submission_history(self, campaign: bytes) -> list[SubmissionStatus]:
        """What became of this mine's submissions to the campaign."""
        about: list[StoredEvent] = []
        if self.follower.history(Submitted, campaign=campaign, submitter=self.address):
            about = self.follower.history(campaign=campaign, submitter=self.address)
        return submission_history(campaign, self.address, self.journal.submissions(campaign), about)
