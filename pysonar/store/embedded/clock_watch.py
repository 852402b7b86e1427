"""How far ahead of itself this machine's clock is.

A garbage collection tells by the times of files what was put a moment ago, and a clock that is set ahead
makes everything look old at once. Nobody sets the time since the machine was started: the store notes, at
each writing, the smallest difference of the two clocks since then. What the clock is ahead of that by counts
for nothing. A file that is lost, or of another machine, costs this protection and nothing else.
"""

from __future__ import annotations

import time
from pathlib import Path

SLACK = 1.0
"""Seconds by which the two clocks may drift apart before it is written down."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def difference() -> float | None:
    """The wall clock less the time since the machine was started, in seconds; None where the system does not
    say.
    """
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def this_start() -> str | None:
    """What names this start of the machine; None where the system does not say."""
    try:
        return _BOOT.read_text("ascii").strip() or None
    except (OSError, ValueError):
        return None


def noted(kept: bytes | None, start: str) -> float | None:
    """The smallest difference in a store's note, if it is of this start of the machine."""
    try:
        of, seconds = (kept or b"").decode("ascii").split()
        return float(seconds) if of == start else None
    except ValueError:
        return None


def note(start: str, seconds: float) -> bytes:
    """The inverse of `noted`."""
    return f"{start} {seconds:.3f}\n".encode("ascii")
