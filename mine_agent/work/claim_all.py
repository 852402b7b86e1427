"""Claims what every campaign owes the account by now, and waits until it is confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mine_agent.connection import Connection
from mine_agent.errors import ClaimUnfinishedError
from mine_agent.failures import describe
from mine_agent.work import payouts
from openmined_syft.errors import OpenMinedError
from pysonar.chain.contract.events import Claimed
from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import NodeDownError, NodeRefusedError, TransactionTimeoutError
from pysonar.chain.sending.deeds import Deed
from pysonar.chain.sending.outbox import Outbox

WAIT_SECONDS = 600.0
_FOR_ALL = (NodeDownError, NodeRefusedError, TransactionTimeoutError)


@dataclass(frozen=True)
class Claim:
    """One claim that went through; `amount` in the smallest unit of `asset` (the zero address is ether),
    `gas` in wei.
    """

    campaign: bytes
    asset: str
    amount: int
    gas: int
    transaction: str


@dataclass(frozen=True)
class Unclaimed:
    """A campaign whose money could not be had now: most often its token refuses. `why` in words."""

    campaign: bytes
    why: str


@dataclass
class ClaimRun:
    """What came of claiming. `sent`: every transaction of it."""

    claims: list[Claim] = field(default_factory=list)
    unclaimed: list[Unclaimed] = field(default_factory=list)
    sent: list[Deed] = field(default_factory=list)


def claim_everything(
    connection: Connection,
    outbox: Outbox,
    *,
    campaigns: Sequence[bytes] | None = None,
    timeout: float = WAIT_SECONDS,
) -> ClaimRun:
    """Take back the stakes that will not be judged any more, then one claim for each campaign with something
    to claim. All are sent before the first is waited for. A campaign that refuses, as one in a token that
    does not pay, is noted in the answer and stops no other.

    Args:
        campaigns: these alone; None: all that this account has to do with.

    Raises the outbox's errors that concern all alike (the node is away); ClaimUnfinishedError once something
    was sent: it stays sent, and is claimed once only.
    """
    outbox.pump()
    run = ClaimRun()
    wanted = connection.own_campaign_ids() if campaigns is None else campaigns
    try:
        _reclaim(connection, outbox, wanted, run, timeout)
        _claim(connection, outbox, wanted, run, timeout)
    except _FOR_ALL as error:
        if not run.sent:
            raise
        raise ClaimUnfinishedError(run.claims, [str(deed) for deed in run.sent], error) from error
    return run


def _claim(
    connection: Connection, outbox: Outbox, campaigns: Sequence[bytes], run: ClaimRun, timeout: float
) -> None:
    sonar, waiting = connection.sonar, []
    for campaign in campaigns:
        with _noting(campaign, run):
            if sonar.claimable(campaign, outbox.account):
                record = sonar.campaign(campaign)
                claim = payouts.claim(outbox, sonar, record)
                if claim is not None:
                    waiting.append((campaign, record.terms.asset, claim.deed))
                    run.sent.append(claim.deed)
    for campaign, asset, deed in waiting:
        with _noting(campaign, run):
            receipt = outbox.wait(deed, timeout)
            amount = sum(entry.event.amount for entry in receipt.events if isinstance(entry.event, Claimed))
            run.claims.append(Claim(campaign, asset, amount, receipt.fee, receipt.transaction_hash))


def _reclaim(
    connection: Connection, outbox: Outbox, campaigns: Sequence[bytes], run: ClaimRun, timeout: float
) -> None:
    sonar, now, waiting = connection.sonar, connection.sonar.now(), []
    for campaign in campaigns:
        with _noting(campaign, run):
            record = sonar.campaign(campaign)
            for status in connection.submission_history(campaign):
                if payouts.may_reclaim(record, status, now):
                    reclaim = payouts.reclaim(outbox, sonar, record, status)
                    if reclaim is not None:
                        waiting.append((campaign, reclaim.deed))
                        run.sent.append(reclaim.deed)
    for campaign, deed in waiting:
        with _noting(campaign, run):
            outbox.wait(deed, timeout)


@contextmanager
def _noting(campaign: bytes, run: ClaimRun) -> Iterator[None]:
    """What goes wrong with this campaign alone is noted."""
    try:
        yield
    except (*_FOR_ALL, DatabaseUnusableError):
        raise
    except OpenMinedError as error:
        run.unclaimed.append(Unclaimed(campaign, describe(error)))
