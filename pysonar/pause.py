"""The pause between two tries: it doubles with each failure, up to a longest one.

One rule for every place that tries again, whichever clock it reads. Times that are stored outlive a restart,
and a clock may be set right by hours meanwhile: a stored time that lies further ahead than the longest pause
was written by a clock that ran ahead, so it is due at once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pause:
    """A doubling pause from `first` to `longest` seconds."""

    first: float
    longest: float

    def after(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row; 0 after none."""
        if failures <= 0:
            return 0.0
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 60))

    def left(self, until: float, now: float) -> float:
        """Seconds still to wait until the stored time `until`; 0 if it is due."""
        seconds = until - now
        return seconds if 0 < seconds <= self.longest else 0.0

    def is_due(self, until: float, now: float) -> bool:
        """Whether the wait until the stored time `until` is over."""
        return self.left(until, now) == 0
