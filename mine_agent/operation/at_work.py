"""What a running mine is doing, in a file of its home, so that other processes can show it: the work at hand
with how far it is, and the latest happenings.

Only for people's eyes: nothing is decided by it, and a mine that cannot write it goes on. It holds what the
log holds, no value of the data.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mine_agent.happenings import Progress, Training
from pysonar.files.secret_file import replace_secret_file
from pysonar.party.happenings import Happening, Stopped, Tell, Waiting

KEPT = 40
"""Happenings; a page has room for no more."""
SIGN_OF_LIFE = 15.0
"""Seconds after which a round without happenings is written down."""
_LARGEST = 1 << 20


@dataclass(frozen=True)
class WorkSeen:
    """What the file says.

    Attributes:
        work: the piece at hand, as a happening's record (`training` or `progress`) with its `sentence`; None
            if there is none.
        waiting: what keeps the mine from working for any campaign, such as a node that is away.
        happenings: the latest ones, oldest first, each with its `sentence`.
        stopped: whether the mine ended in good order.
        looked_at: when the last round ended, in seconds since 1970.
    """

    work: dict[str, Any] | None = None
    waiting: str | None = None
    happenings: tuple[dict[str, Any], ...] = ()
    stopped: bool = False
    looked_at: float | None = None


class AtWork:
    """Writes the file at `path`, whole or not at all."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()  # progress is told by a thread of its own
        self._latest: deque[dict[str, Any]] = deque(read_at_work(path).happenings, maxlen=KEPT)
        self._work: dict[str, Any] | None = None
        self._waiting: str | None = None
        self._looked_at: float | None = None

    def heard(self, tell: Tell) -> Tell:
        """Tells to `tell`, and writes it down."""

        def both(happening: Happening) -> None:
            tell(happening)
            self.note(happening)

        return both

    def note(self, happening: Happening) -> None:
        """Write a happening down. What ends the piece of work at hand is everything but its progress."""
        record = {**happening.as_record(), "sentence": happening.sentence()}
        with self._lock:
            self._work = record if isinstance(happening, Training | Progress) else None
            self._waiting = happening.reason if isinstance(happening, Waiting) else None
            if not isinstance(happening, Progress):
                self._latest.append(record)
            self._write(stopped=isinstance(happening, Stopped))

    def round_done(self) -> None:
        """A round ended well: nothing is at hand, and nothing is waited for any more."""
        with self._lock:
            now = self._clock()
            fresh = self._looked_at is not None and 0 <= now - self._looked_at < SIGN_OF_LIFE
            if fresh and self._work is None and self._waiting is None:
                return
            self._work, self._waiting, self._looked_at = None, None, now
            self._write(stopped=False)

    def _write(self, *, stopped: bool) -> None:
        document = {
            "work": self._work,
            "waiting": self._waiting,
            "happenings": list(self._latest),
            "stopped": stopped,
            "looked_at": self._looked_at,
        }
        with suppress(OSError):  # a full disk stops what matters elsewhere
            replace_secret_file(self._path, json.dumps(document, ensure_ascii=False).encode())


def read_at_work(path: Path) -> WorkSeen:
    """What the file at `path` says; nothing if there is none, or it is not one of ours."""
    try:
        text = path.read_bytes()[:_LARGEST]
        found = json.loads(text)
        return WorkSeen(
            work=found["work"],
            waiting=found["waiting"],
            happenings=tuple(dict(one) for one in found["happenings"]),
            stopped=bool(found["stopped"]),
            looked_at=found["looked_at"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return WorkSeen()
