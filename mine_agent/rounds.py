"""Keeping a mine at work: round after round until it is told to stop, whatever goes away meanwhile."""

from __future__ import annotations

import threading

from mine_agent.agent import Agent
from openmined_syft.errors import OpenMinedError
from pysonar.chain.database_errors import DatabaseDamagedError
from pysonar.party.happenings import Tell, Waiting
from pysonar.pause import Pause

LONGEST_PAUSE = 60.0


def rounds_until(agent: Agent, stop: threading.Event, poll_seconds: float, tell: Tell) -> None:
    """Rounds until `stop`. What concerns all campaigns (the node is away, the database is busy, the policy
    faulty) is told once and waited for; a damaged database is raised."""
    pause = Pause(first=min(LONGEST_PAUSE, max(1.0, 2 * poll_seconds)), longest=LONGEST_PAUSE)
    failures, told = 0, ""
    while not stop.is_set():
        try:
            agent.round()
            failures, told = 0, ""
        except DatabaseDamagedError:
            raise
        except OpenMinedError as error:
            failures += 1
            if str(error) != told:
                told = str(error)
                tell(Waiting(reason=told, retry_seconds=pause.after(failures)))
        stop.wait(pause.after(failures) or poll_seconds)
