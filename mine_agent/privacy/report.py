"""The ledger as its owner wants to see it: what was spent of what, line by line, and how the budget went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mine_agent.privacy.budget import Budget
from mine_agent.privacy.defaults import NEIGHBOURS
from mine_agent.privacy.entries import Entry, Kind, spent


@dataclass(frozen=True)
class LedgerReport:
    """`budget` is None where the owner chose privacy = "none"; what was spent before is shown as well."""

    entries: Sequence[Entry]
    budget: Budget | None

    @property
    def spent(self) -> Fraction:
        """Rho, exact."""
        return spent(self.entries)

    @property
    def unprotected(self) -> int:
        """Gradients without any noise: nothing bounds what they tell."""
        return sum(entry.kind is Kind.UNPROTECTED for entry in self.entries)

    @property
    def releases_left(self) -> int | None:
        """How many releases at the owner's price the budget still pays for."""
        if self.budget is None:
            return None
        return max(0, int((self.budget.limit - self.spent) / self.budget.price_rho))

    def summary(self) -> dict[str, Any]:
        """The totals, as JSON has them: rho as an exact fraction, epsilon at the budget's delta."""
        budget = self.budget or Budget()
        total = self.spent
        return {
            "privacy": "none" if self.budget is None else "differential",
            "neighbours": NEIGHBOURS,
            "delta": budget.delta,
            "budget_epsilon": None if self.budget is None else budget.epsilon,
            "budget_rho": None if self.budget is None else str(budget.limit),
            "price_epsilon": None if self.budget is None else budget.price,
            "spent_rho": str(total),
            "spent_epsilon": budget.shown(total),
            "releases_left": self.releases_left,
            "unprotected_gradients": self.unprotected,
        }

    def rows(self) -> list[dict[str, Any]]:
        """One for each entry; `total_epsilon` is what all of them up to there come to."""
        budget, total, rows = self.budget or Budget(), Fraction(0), []
        for entry in self.entries:
            total += entry.rho
            rows.append(
                {
                    "number": entry.number,
                    "time": entry.time,
                    "what": entry.kind.value,
                    "campaign": "0x" + entry.campaign.hex() if entry.campaign else None,
                    "data": entry.data or None,
                    "rho": str(entry.rho) if entry.rho else None,
                    "epsilon": budget.shown(entry.rho) if entry.rho else None,
                    "total_epsilon": budget.shown(total),
                    "hash": "0x" + entry.hash.hex(),
                }
            )
        return rows
