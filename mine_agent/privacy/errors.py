"""What can go wrong with budget and ledger. After each of these nothing was released."""

from __future__ import annotations

from mine_agent.errors import MineError


class LedgerError(MineError):
    """Base of what is wrong with the ledger of spent privacy."""


class LedgerDamagedError(LedgerError):
    """The ledger was edited, cut off, put back from a copy, or cannot be read: the mine stops."""

    def __init__(self, path: str, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(
            f"the privacy ledger {path} {what}; nothing is released from it. Put back the newest copy; if"
            " there is none, `mine-agent ledger --start-anew` begins one in which the whole budget is spent"
        )


class LedgerUnusableError(LedgerError):
    """The ledger's file is busy, full, read-only or on a failing disk: it may pass."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"the privacy ledger {path} cannot be used now: {what}; nothing was released")


class BudgetSpentError(LedgerError):
    """The owner's limit does not cover one release more."""

    def __init__(self, *, price: str, spent: str, limit: str, delta: float) -> None:
        super().__init__(
            f"a release would cost epsilon {price}, and of the budget of {limit} (delta {delta:g}) {spent} is"
            " spent; nothing is released. To go on, the owner raises privacy_budget in policy.toml"
        )
