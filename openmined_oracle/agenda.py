"""Which campaigns Capsule looks at in a round.

Looking costs a question to the node, so an open campaign where nothing happens is looked at rarely: a new
event, a transaction of its own under way or a deadline brings it up at once, and a slow sweep catches what
none of them did. Kept in memory and by a clock that nobody can set: a restart looks at everything.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from pysonar.pause import Pause

SWEEP_SECONDS = 60.0


@dataclass(frozen=True)
class Outlook:
    """When a campaign needs Capsule again, if no event comes first.

    Attributes:
        seconds: from now.
        deadlines: times of the chain.
        under_way: whether something of it is being fetched or computed at this moment.
    """

    seconds: float = SWEEP_SECONDS
    deadlines: tuple[int, ...] = ()
    under_way: bool = False


@dataclass
class _Entry:
    look_at: float = 0.0
    deadline: int | None = None
    failures: int = 0
    pausing: bool = False


class Agenda:
    """The open campaigns and when each is looked at next."""

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}

    def due(self, campaign: bytes, now: int) -> bool:
        """Whether to look at the campaign at the chain's time `now`."""
        entry = self._entries.get(campaign)
        if entry is None or time.monotonic() >= entry.look_at:
            return True
        return not entry.pausing and entry.deadline is not None and now >= entry.deadline

    def bring_up(self, campaigns: Iterable[bytes]) -> None:
        """Something happened to these: look at them now, unless they are pausing after a failure."""
        for campaign in campaigns:
            entry = self._entries.get(campaign)
            if entry is not None and not entry.pausing:
                entry.look_at = 0.0

    def looked(self, campaign: bytes, outlook: Outlook, now: int) -> None:
        """It was looked at, and nothing failed. What is still under way has not succeeded either."""
        later = [deadline for deadline in outlook.deadlines if deadline > now]
        before = self._entries.get(campaign, _Entry())
        self._entries[campaign] = _Entry(
            time.monotonic() + outlook.seconds,
            min(later, default=None),
            before.failures if outlook.under_way else 0,
        )

    def failed(self, campaign: bytes, pause: Pause) -> float:
        """It failed: let it be for a while; how many seconds."""
        entry = self._entries.setdefault(campaign, _Entry())
        entry.failures += 1
        seconds = pause.after(entry.failures)
        entry.look_at, entry.pausing = time.monotonic() + seconds, True
        return seconds

    def closed(self, campaign: bytes) -> None:
        """Nothing is left to do for it."""
        self._entries.pop(campaign, None)
