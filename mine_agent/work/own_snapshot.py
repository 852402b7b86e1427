"""One look at all campaigns that this mine has submitted to: in a few requests to the node, whatever their
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from mine_agent.connection import Connection
from pysonar.chain.contract.types import CampaignRecord, State


class OwnSnapshot:
    """The campaigns that this mine has submitted to, as one round sees them; whatever it sends is simulated
    by the contract first.
    """

    def __init__(self, connection: Connection, campaigns: Sequence[bytes]) -> None:
        """Ask for them. Raises NodeError."""
        self._connection = connection
        self._records = connection.sonar.many(campaigns)
        self.now = connection.sonar.now() if campaigns else 0
        """The time of the newest block."""

    def record(self, campaign: bytes) -> CampaignRecord:
        """One of them. NoSuchCampaignError: a re-org took it."""
        return self._records.get(campaign) or self._connection.sonar.campaign(campaign)

    def claimable(self, campaign: bytes) -> int:
        """Wei that a settled campaign would send this mine now."""
        return self._claimable.get(campaign, 0)

    def owed(self, campaign: bytes) -> int:
        """Wei that a campaign whose time is over owes this mine."""
        return self._owed.get(campaign, 0)

    @cached_property
    def price(self) -> int:
        """Of one unit of gas, in wei."""
        return self._connection.gas_price.now()

    @cached_property
    def _claimable(self) -> dict[bytes, int]:
        settled = [one for one, record in self._records.items() if record.state is State.SETTLED]
        return self._connection.sonar.claimable_of_many(settled, self._connection.address)

    @cached_property
    def _owed(self) -> dict[bytes, int]:
        over = [
            one
            for one, record in self._records.items()
            if record.state is not State.SETTLED and self.now >= record.terms.review_until
        ]
        return self._connection.sonar.owed_of_many(over, self._connection.address)
