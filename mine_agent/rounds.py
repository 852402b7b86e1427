"""Keeping a mine at work: round after round until it is stopped, whatever goes away meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mine_agent.agent import Agent
from mine_agent.privacy.errors import LedgerDamagedError
from openmined_syft.errors import OpenMinedError
from pysonar.chain.database_errors import DatabaseDamagedError
from pysonar.party.patience import Patience


def rounds_until(
    agent: Agent,
    stop: threading.Event,
    poll_seconds: float,
    patience: Patience,
    round_done: Callable[[], None] = lambda: None,
) -> None:
    """Rounds until `stop`. What concerns all campaigns (the node is away, the database is busy, the policy
    faulty) is reported once and waited for; a damaged database or privacy ledger is raised. `round_done` is
    called after each round that ended well. Between two rounds the mine prepares its next visits.
    """
    while not stop.is_set():
        try:
            agent.round()
        except (DatabaseDamagedError, LedgerDamagedError):
            raise
        except OpenMinedError as error:
            patience.wait(error)
            continue
        patience.over()
        round_done()
        patience.note_trouble(agent.trouble)
        began = time.monotonic()
        agent.idle(stop.is_set, poll_seconds)
        stop.wait(max(0.0, began + poll_seconds - time.monotonic()))
