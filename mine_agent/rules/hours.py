"""Hours of the day in which a mine begins new work, as its owner writes them: "22:00-06:00", by the clock of
this machine. A span may go over midnight; 24:00 is the end of a day.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

DAY = 24 * 60
_SPAN = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


@dataclass(frozen=True)
class Span:
    """From a minute of the day, to a minute that no longer belongs to it."""

    begins: int
    ends: int

    def __contains__(self, minute: int) -> bool:
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends

    def __str__(self) -> str:
        return f"{shown_minute(self.begins)}-{shown_minute(self.ends)}"


@dataclass(frozen=True)
class Hours:
    """When new work may begin. `spans` None: always; none at all: never."""

    spans: tuple[Span, ...] | None = None

    def __contains__(self, minute: int) -> bool:
        return self.spans is None or any(minute in span for span in self.spans)

    def __str__(self) -> str:
        if self.spans is None:
            return "any"
        return ", ".join(map(str, self.spans)) or "none"


ALWAYS = Hours()


def parse_span(text: str) -> Span | None:
    """The span that "22:00-06:00" gives; None for what is not a span of two different times."""
    found = _SPAN.fullmatch(text)
    if not found:
        return None
    hour, minute, to_hour, to_minute = (int(part) for part in found.groups())
    begins, ends = hour * 60 + minute, to_hour * 60 + to_minute
    fits = minute < 60 and to_minute < 60 and begins < DAY and ends <= DAY and begins != ends
    return Span(begins, ends) if fits else None


def hours_of(texts: Sequence[str]) -> Hours:
    """What a list in the policy file allows; "any" is always."""
    if "any" in texts:
        return ALWAYS
    return Hours(tuple(span for span in map(parse_span, texts) if span is not None))


def minute_of_day(seconds: float) -> int:
    """The minute of the day at that time (seconds since 1970), by the clock of this machine."""
    local = time.localtime(seconds)
    return local.tm_hour * 60 + local.tm_min


def shown_minute(minute: int) -> str:
    """A minute of the day as 22:05."""
    return f"{minute // 60:02}:{minute % 60:02}"
