"""What the demo's mines have given away: read from their own ledgers, after the run."""

import time
from dataclasses import dataclass
from typing import Any

from mine_agent.home import Home
from mine_agent.privacy.entries import Kind
from mine_agent.privacy.report import LedgerReport
from openmined_syft.privacy import NoisedSums
from scripts._demo.parties import Parties


@dataclass(frozen=True)
class MinePrivacy:
    """One mine: its address, its release (None without a budget), and what its ledger says."""

    address: str
    release: NoisedSums | None
    told: dict[str, Any]


def read_privacy(parties: Parties) -> list[MinePrivacy]:
    """What every mine's ledger says."""
    found = []
    for mine in parties.mines:
        home = Home.open(mine.home)
        ledger = home.privacy_ledger(int(time.time()))
        entries = ledger.entries()
        keys = [entry.key for entry in entries if entry.kind is Kind.RELEASED]
        release = ledger.release(keys[0]) if keys else None
        told = LedgerReport(entries, home.policy().privacy).summary() | {"mine": mine.name}
        found.append(MinePrivacy(parties.addresses[mine.name], release, told))
        ledger.close()
    return found
