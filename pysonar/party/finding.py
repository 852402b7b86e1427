"""What a doctor says: one line for each thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, whether it is fine, what was found, what to do if not."""

    check: str
    ok: bool
    found: str
    advice: str | None = None
