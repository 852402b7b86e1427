"""The numbers that tell how a Capsule is: what waits and since when, how long funds last, what is at risk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from openmined_oracle.journal import Journal
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import CampaignRecord, State
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from pysonar.chain.sending.outbox_records import Pending

DAY = 86_400
AT_RISK_SECONDS = DAY
"""How long before the end of its review a campaign with something to do is at risk."""
RECENT = 200
"""Transactions from which the cost of a day is estimated."""


@dataclass(frozen=True)
class Vitals:
    """How a Capsule is.

    Attributes:
        taken_at: by this process's monotonic clock.
        campaigns: those with something left to do; problems: those of them whose last try failed.
        queue: submissions without a verdict on chain; oldest_seconds: since the block of the oldest.
        at_risk: campaigns whose review ends within a day while something of them is left to do.
        balance: wei; balance_days: how long it lasts if gas costs what it did lately, None if none was used.
        blocks_behind: blocks of the chain that are not read yet.
    """

    taken_at: float
    campaigns: int
    problems: int
    queue: int
    oldest_seconds: int
    at_risk: int
    balance: int
    balance_days: float | None
    blocks_behind: int


def vitals(
    sonar: Sonar, follower: Follower, journal: Journal, account: str, sent: Sequence[Pending]
) -> Vitals:
    """Ask the node and the journal: a few questions, and one for each campaign with a queue. NodeError."""
    now, rows = sonar.now(), journal.active_campaigns()
    records = list(sonar.many([row.id for row in rows]).values())
    waiting = [record for record in records if _waits(record)]
    balance = rpc.balance(sonar.web3, account)
    return Vitals(
        taken_at=time.monotonic(),
        campaigns=len(rows),
        problems=sum(row.problem is not None for row in rows),
        queue=sum(record.submitted - record.evaluated for record in waiting),
        oldest_seconds=max((_age(sonar, follower, record, now) for record in waiting), default=0),
        at_risk=sum(_at_risk(record, now) for record in records),
        balance=balance,
        balance_days=_days(sonar, balance, sent, now),
        blocks_behind=max(0, rpc.block_number(sonar.web3) - follower.cursor),
    )


def _waits(record: CampaignRecord) -> bool:
    return record.state is State.OPEN and record.submitted > record.evaluated


def _at_risk(record: CampaignRecord, now: int) -> bool:
    terms = record.terms
    if record.state is not State.OPEN or record.delivered:
        return False
    return terms.submit_until <= now and terms.review_until - now <= AT_RISK_SECONDS


def _age(sonar: Sonar, follower: Follower, record: CampaignRecord, now: int) -> int:
    for stored in follower.queue(record.id, record.evaluated, 1):
        block = rpc.block(sonar.web3, stored.block_number)
        return 0 if block is None else max(0, now - block.timestamp)
    return 0


def _days(sonar: Sonar, balance: int, sent: Sequence[Pending], now: int) -> float | None:
    receipts = [pending.receipt for pending in sent[-RECENT:] if pending.receipt is not None]
    spent = sum(receipt.fee for receipt in receipts)
    first = rpc.block(sonar.web3, min(r.block_number for r in receipts)) if receipts else None
    if not spent or first is None:
        return None
    return balance * max(now - first.timestamp, DAY) / DAY / spent
