"""What each campaign brought in and cost, from the chain's events and the receipts of this mine's
transactions.

Amounts in the smallest units of the campaign's asset; gas in wei. Nothing is estimated: a payout counts once
Sonar announced it, gas once its receipt is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mine_agent.campaigns.history import SubmissionStatus
from mine_agent.connection import Connection
from mine_agent.rules.pacing import Outcome
from pysonar.chain.address import ZERO_ADDRESS
from pysonar.chain.contract.events import Claimed
from pysonar.chain.contract.types import State
from pysonar.chain.sending.outbox_records import OutboxRecords, Pending


@dataclass(frozen=True)
class Earnings:
    """One campaign, for this mine.

    Attributes:
        asset: what it pays in; the zero address is ether.
        promised: payouts announced by verdicts; due after settlement.
        pending: owed, but not yet to be claimed. claimable: to be claimed now. claimed: already sent.
        staked: stake and fee of submissions that wait for a verdict; they come back if there never is one.
        burned: stakes lost. fees: paid to Capsule for verdicts. gas: of every mined transaction.
    """

    campaign: bytes
    asset: str
    state: State
    history: tuple[SubmissionStatus, ...]
    promised: int
    pending: int
    claimable: int
    claimed: int
    staked: int
    burned: int
    fees: int
    gas: int

    @property
    def spent(self) -> int:
        """Burned stakes, fees and, where the campaign pays in ether as gas does, gas."""
        return self.burned + self.fees + (self.gas if self.asset == ZERO_ADDRESS else 0)

    @property
    def net(self) -> int:
        """What is left of the payouts when everything is settled; stakes that come back are not income."""
        return self.promised - self.spent

    def count(self, outcome: Outcome) -> int:
        """Submissions with that outcome."""
        return Counter(status.outcome for status in self.history)[outcome]


def earnings(connection: Connection, campaign: bytes) -> Earnings:
    """The account's earnings of one campaign, as of the newest block and the events read so far."""
    account, record = connection.address, connection.sonar.campaign(campaign)
    history = connection.submission_history(campaign)
    evaluated = [entry for entry in history if entry.verdict is not None]
    burned = [entry for entry in evaluated if entry.outcome is Outcome.BURNED]
    queued = [entry for entry in history if entry.index is not None and entry.outcome is Outcome.WAITING]
    claimable = connection.sonar.claimable(campaign, account)
    claims = [entry.event for entry in connection.follower.history(Claimed, campaign=campaign)]
    return Earnings(
        campaign=record.id,
        asset=record.terms.asset,
        state=record.state,
        history=tuple(history),
        promised=sum(entry.payout for entry in evaluated),
        pending=connection.sonar.owed(campaign, account) - claimable,
        claimable=claimable,
        claimed=sum(one.amount for one in claims if isinstance(one, Claimed) and one.account == account),
        staked=len(queued) * (record.terms.stake + record.terms.fee),
        burned=len(burned) * record.terms.stake,
        fees=len(evaluated) * record.terms.fee,
        gas=gas_of(OutboxRecords(connection.database, account).of_campaign(campaign)),
    )


def gas_of(transactions: Iterable[Pending]) -> int:
    """Wei paid for gas of the transactions, reverted ones too."""
    return sum(sent.receipt.fee for sent in transactions if sent.receipt is not None)
