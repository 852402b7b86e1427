"""How an agent waits for what concerns all its campaigns alike (the node, the database, a clock that is
behind its own key), at its start as later.

A reason is reported once, however often it is met; the pause doubles, never shorter than the node asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from openmined_syft.errors import OpenMinedError
from pysonar.chain.database_errors import DatabaseWaitError
from pysonar.chain.errors import NodeDownError, NodeError, WrongChainError
from pysonar.party.happenings import NodeTrouble, Tell, Waiting
from pysonar.pause import Pause
from pysonar.protocol.openpgp import ClockBehindError

T = TypeVar("T")

PAUSE = Pause(first=1.0, longest=60.0)
WAITED_FOR = (NodeError, DatabaseWaitError, ClockBehindError)
"""What a running agent waits for."""
WRONG_CHAIN_TRIES = 3
"""Answers in a row that name another chain before that is believed of a node that was just started with."""


class Patience:
    """The waiting of one agent, until `stop` is set."""

    def __init__(self, tell: Tell, stop: threading.Event) -> None:
        self._tell = tell
        self._stop = stop
        self._failures = 0
        self._told = ""
        self._trouble: str | None = None

    def wait(self, error: OpenMinedError) -> None:
        """Report it, unless it was the last one reported, and wait."""
        asked = error.retry_after if isinstance(error, NodeDownError) else 0.0
        self._failures += 1
        pause = max(asked, PAUSE.after(self._failures))
        reason = str(error)
        if reason != self._told:
            self._told = reason
            self._tell(Waiting(reason=reason, retry_seconds=pause))
        self._stop.wait(pause)

    def over(self) -> None:
        """All is well again."""
        self._failures, self._told = 0, ""

    def note_trouble(self, trouble: str | None) -> None:
        """What the nodes keep back or contradict each other about (`Follower.trouble`): reported when it
        changes.
        """
        if trouble != self._trouble:
            self._trouble = trouble
            self._tell(NodeTrouble(problem=trouble))

    def until_done(self, work: Callable[[], T]) -> T | None:
        """What `work` returns, tried until nothing that passes stands in its way; None if `stop` was set.

        Raises:
            OpenMinedError: what no waiting helps against; a wrong chain, after several tries.
        """
        wrong = 0
        while not self._stop.is_set():
            try:
                done = work()
            except WrongChainError as error:
                wrong += 1
                if wrong >= WRONG_CHAIN_TRIES:
                    raise
                self.wait(error)
            except WAITED_FOR as error:
                self.wait(error)
            else:
                self.over()
                return done
        return None
