"""What each campaign brought in and cost, and every single payment."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.earnings import Earnings, earnings
from mine_agent.campaigns.income import entries, times_of
from mine_agent.connection import Connection
from mine_agent.rules.pacing import Outcome
from pysonar.chain.contract.tokens import Asset


def asset_row(asset: Asset) -> dict[str, Any]:
    """How amounts in an asset are written: its symbol, and the digits behind the point."""
    return {"symbol": asset.symbol, "decimals": asset.decimals}


AMOUNTS = ("promised", "pending", "claimable", "claimed", "staked", "burned", "fees", "net")


def earnings_row(entry: Earnings, asset: Asset) -> dict[str, Any]:
    """One campaign as a JSON object; amounts in the smallest units of `asset` as text, gas in wei. `decimals`
    of those digits are behind the point.
    """
    return {
        "campaign": "0x" + entry.campaign.hex(),
        "state": entry.state.name,
        "submitted": len(entry.history),
        "improved": entry.count(Outcome.IMPROVED),
        "no_gain": entry.count(Outcome.NO_GAIN),
        "lost": entry.count(Outcome.BURNED),
        "waiting": entry.count(Outcome.WAITING),
        "withdrawn": entry.count(Outcome.WITHDRAWN),
        "asset": entry.asset,
        **asset_row(asset),
        **{name: str(getattr(entry, name)) for name in (*AMOUNTS, "gas")},
        "spent": str(entry.spent),
        "outcomes": ", ".join(
            f"{entry.count(outcome)} {outcome.value}" for outcome in Outcome if entry.count(outcome)
        ),
        "submissions": [
            {
                "index": status.index,
                "data": status.submission.data if status.submission else None,
                "base_version": status.submission.base_version if status.submission else None,
                "verdict": status.verdict.name if status.verdict else None,
                "outcome": status.outcome.value,
                "payout": str(status.payout),
                "accuracy_ppm": status.accuracy,
            }
            for status in entry.history
        ],
    }


def earnings_rows(connection: Connection) -> list[dict[str, Any]]:
    """A row for each campaign that this mine submitted to, oldest first. Raises ChainError."""
    found = [earnings(connection, campaign) for campaign in connection.own_campaign_ids()]
    return [earnings_row(entry, connection.asset(entry.asset)) for entry in found]


def payment_rows(connection: Connection) -> list[dict[str, Any]]:
    """A row for each payout, fee, burned stake and transaction, oldest first: `amount` below 0 was spent,
    `total` is what all of them in the same asset come to up to there, both in its smallest unit. Raises
    ChainError.
    """
    changes = entries(connection)
    times, totals = times_of(connection, (entry.block for entry in changes)), dict[str, int]()
    rows = []
    for entry in changes:
        totals[entry.asset] = totals.get(entry.asset, 0) + entry.amount
        rows.append(
            {
                "block": entry.block,
                "time": times.get(entry.block),
                "campaign": "0x" + entry.campaign.hex() if entry.campaign else None,
                "what": entry.what,
                "asset": entry.asset,
                **asset_row(connection.asset(entry.asset)),
                "amount": str(entry.amount),
                "total": str(totals[entry.asset]),
            }
        )
    return rows
