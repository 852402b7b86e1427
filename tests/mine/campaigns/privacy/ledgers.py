"""The ledger of a mine under test."""

from __future__ import annotations

from mine_agent.privacy.entries import Entry, Kind
from mine_agent.privacy.ledger import Ledger
from tests.mine.campaigns.mine_under_test import Mine


def ledger_of(mine: Mine) -> Ledger:
    return mine.connection.home.privacy_ledger(int(mine.time))


def kinds(mine: Mine) -> list[Kind]:
    return [entry.kind for entry in ledger_of(mine).entries()]


def charges(mine: Mine) -> list[Entry]:
    return [entry for entry in ledger_of(mine).entries() if entry.kind is Kind.CHARGED]
