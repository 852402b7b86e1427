"""Claims what every campaign owes the account by now, and waits until it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from mine_agent.connection import Connection
from mine_agent.errors import ClaimUnfinishedError
from mine_agent.work import payouts
from pysonar.chain.contract.events import Claimed
from pysonar.chain.errors import NodeDownError, NodeRefusedError, TransactionTimeoutError
from pysonar.chain.sending.deeds import Deed
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

    Raises the outbox's errors; ClaimUnfinishedError once something was sent: it stays sent, and is claimed
    once only.
    """
    outbox.pump()
    claims: list[Claim] = []
    sent: list[Deed] = []
    try:
        _reclaim_everything(connection, outbox, sent, timeout)
        _claim_everything(connection, outbox, sent, claims, timeout)
    except (NodeDownError, NodeRefusedError, TransactionTimeoutError) as error:
        if not sent:
            raise
        raise ClaimUnfinishedError(claims, [str(deed) for deed in sent], error) from error
    return claims


def _claim_everything(
    connection: Connection, outbox: Outbox, sent: list[Deed], claims: list[Claim], timeout: float
) -> None:
    sonar = connection.sonar
    first = len(sent)
    for campaign in connection.own_campaign_ids():
        if sonar.claimable(campaign, outbox.account):
            claim = payouts.claim(outbox, sonar, sonar.campaign(campaign))
            if claim is not None:
                sent.append(claim.deed)
    for deed in sent[first:]:
        campaign = deed.campaign or b""
        receipt = outbox.wait(deed, timeout)
        amount = sum(entry.event.amount for entry in receipt.events if isinstance(entry.event, Claimed))
        claims.append(Claim(campaign, amount, receipt.fee, receipt.transaction_hash))


def _reclaim_everything(connection: Connection, outbox: Outbox, sent: list[Deed], timeout: float) -> None:
    sonar, now = connection.sonar, connection.sonar.now()
    for campaign in connection.own_campaign_ids():
        record = sonar.campaign(campaign)
        for status in connection.submission_history(campaign):
            if payouts.may_reclaim(record, status, now):
                reclaim = payouts.reclaim(outbox, sonar, record, status)
                if reclaim is not None:
                    sent.append(reclaim.deed)
    for deed in list(sent):
        outbox.wait(deed, timeout)
