"""What a Capsule earns and what it pays for gas, campaign by campaign."""

from __future__ import annotations

from dataclasses import dataclass

from openmined_oracle.connection import Connection
from openmined_oracle.overview import overview
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.events import Claimed, Settled
from pysonar.chain.contract.types import CampaignRecord
from pysonar.chain.sending.outbox_records import OutboxRecords


@dataclass(frozen=True)
class Earnings:
    """One campaign, for this Capsule. Amounts in the smallest unit of `asset` (the zero address is ether),
    gas in wei.

    Attributes:
        judged: submissions with a verdict.
        fees: of them. Until settlement they depend on a result in time; a settlement without one leaves none.
        claimable: to be claimed now. claimed: already sent.
        gas: of every mined transaction of the campaign, reverted ones too.
    """

    campaign: bytes
    asset: str
    state: str
    judged: int
    fees: int
    claimable: int
    claimed: int
    gas: int

    @property
    def net(self) -> int | None:
        """Fees less gas; None where the two are of different currencies."""
        return self.fees - self.gas if self.asset == ZERO_ADDRESS else None


def earnings(connection: Connection) -> list[Earnings]:
    """Every campaign that names this Capsule, oldest first, as of the newest block."""
    account = connection.home.address
    sent = OutboxRecords(connection.database, account)
    return [
        Earnings(
            campaign=entry.record.id,
            asset=entry.record.terms.asset,
            state=entry.state,
            judged=entry.record.evaluated,
            fees=_fees(connection, entry.record),
            claimable=connection.sonar.claimable(entry.record.id, account),
            claimed=_claimed(connection, entry.record.id, account),
            gas=sum(one.receipt.fee for one in sent.of_campaign(entry.record.id) if one.receipt is not None),
        )
        for entry in overview(connection)
    ]


def _fees(connection: Connection, record: CampaignRecord) -> int:
    for logged in connection.follower.history(Settled, campaign=record.id):
        if isinstance(logged.event, Settled):
            return logged.event.fees
    return record.evaluated * record.terms.fee


def _claimed(connection: Connection, campaign: bytes, account: str) -> int:
    claims = (logged.event for logged in connection.follower.history(Claimed, campaign=campaign))
    return sum(one.amount for one in claims if isinstance(one, Claimed) and one.account == account)
