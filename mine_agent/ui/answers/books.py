"""What was earned, spent, given away and decided."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.decisions.explanations import explanations, newest_explanations
from mine_agent.campaigns.find import campaign_by
from mine_agent.connection import Connection
from mine_agent.privacy.report import LedgerReport
from mine_agent.rows.decisions import decision_row
from mine_agent.rows.earnings import earnings_rows, payment_rows
from mine_agent.ui.asking import Asked
from mine_agent.ui.desk import Desk

MOST_DECISIONS = 500


def show_earnings(desk: Desk, _: Asked) -> list[dict[str, Any]]:
    """As `mine-agent earnings`."""
    return desk.connected(earnings_rows)


def show_payments(desk: Desk, _: Asked) -> list[dict[str, Any]]:
    """As `mine-agent earnings --each`."""
    return desk.connected(payment_rows)


def show_ledger(desk: Desk, _: Asked) -> dict[str, Any]:
    """As `mine-agent ledger`."""
    ledger = desk.home.privacy_ledger(int(desk.clock()))
    report = LedgerReport(ledger.entries(), desk.home.policy().privacy)
    return {**report.summary(), "entries": report.rows()}


def show_decisions(desk: Desk, asked: Asked) -> list[dict[str, Any]]:
    """As `mine-agent explain`: about all campaigns, the newest first, or about one, the oldest first."""
    beginning, last = asked.query.get("campaign"), asked.number("last", 50, MOST_DECISIONS)

    def rows(connection: Connection) -> list[dict[str, Any]]:
        if beginning is None:
            found = newest_explanations(connection, last)
        else:
            found = explanations(connection, campaign_by(connection, beginning))
        return [decision_row(one) for one in found]

    return desk.connected(rows)
