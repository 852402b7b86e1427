"""Claims what every campaign owes the account by now, and waits until it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from mine_agent.connection import Connection
from mine_agent.work import payouts as settling
from pysonar.chain.contract.events import Claimed
from pysonar.chain.sending.outbox import Outbox

WAIT_SECONDS = 600.0


@dataclass(frozen=True)
class Claim:
    """One claim that went through; `amount` and `gas` in wei."""

    campaign: bytes
    amount: int
    gas: int
    transaction: str


def claim_everything(connection: Connection, outbox: Outbox, *, timeout: float = WAIT_SECONDS) -> list[Claim]:
    """Take back the stakes that will not be judged any more, then one claim for each campaign with
    something to claim. All are sent before the first is waited for.

    Raises the outbox's errors; what was sent before stays sent, and is claimed once only.
    """
    outbox.pump()
    _reclaim_everything(connection, outbox, timeout)
    sent = []
    for campaign in connection.own_campaign_ids():
        if connection.sonar.claimable(campaign, outbox.account):
            history = connection.follower.history(campaign=campaign)
            sent.append((campaign, settling.claim(outbox, connection.sonar, campaign, history).key))
    claims = []
    for campaign, key in sent:
        receipt = outbox.wait(key, timeout)
        amount = sum(entry.event.amount for entry in receipt.events if isinstance(entry.event, Claimed))
        claims.append(Claim(campaign, amount, receipt.fee, receipt.transaction_hash))
    return claims


def _reclaim_everything(connection: Connection, outbox: Outbox, timeout: float) -> None:
    sonar, now = connection.sonar, connection.sonar.now()
    sent = [
        settling.reclaim(outbox, sonar, standing).key
        for campaign in connection.own_campaign_ids()
        for standing in connection.standings(campaign)
        if settling.may_reclaim(sonar.campaign(campaign), standing, now)
    ]
    for key in sent:
        outbox.wait(key, timeout)
