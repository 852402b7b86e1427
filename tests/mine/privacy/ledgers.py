"""Ledgers for tests, and the budget they are kept under."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from mine_agent.privacy.budget import Budget
from mine_agent.privacy.ledger import Ledger
from openmined_syft.privacy import Clip, NoisedSums, exact_sums, on_grid

ACCOUNT, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20


CAMPAIGN, KEY = b"\1" * 32, b"\2" * 32


BUDGET = Budget(10.0, 3.0, 1e-6)


NOW = 1_800_000_000


def open_ledger(folder: Path, now: int = NOW) -> Ledger:
    return Ledger.open(folder, account=ACCOUNT, now=now)


def charge(ledger: Ledger, key: bytes = KEY, rho: Fraction | None = None, now: int = NOW) -> None:
    ledger.charge(key, rho or BUDGET.price_rho, BUDGET, campaign=CAMPAIGN, data="rows", now=now)


def release(rho: Fraction = BUDGET.price_rho) -> NoisedSums:
    return exact_sums(on_grid([[0.5, 1.0]], [[1.0]], Clip(1.0, 1.0))).noised(rho)


def keep(ledger: Ledger, noised: NoisedSums, key: bytes = KEY) -> NoisedSums:
    return ledger.keep(key, noised, campaign=CAMPAIGN, data="rows", now=NOW)


def filled(folder: Path) -> Ledger:
    """Two charges, of which one was drawn, and a gradient."""
    ledger = open_ledger(folder)
    charge(ledger)
    keep(ledger, release())
    ledger.note(b"\7" * 32, KEY, campaign=CAMPAIGN, data="rows", now=NOW)
    charge(ledger, b"\3" * 32)
    return ledger
