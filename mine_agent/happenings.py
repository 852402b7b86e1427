"""What only a mine tells while it works: see `pysonar.party.happenings`."""

from __future__ import annotations

from dataclasses import dataclass

from pysonar.party.happenings import Happening


@dataclass(frozen=True, kw_only=True)
class Asking(Happening):
    """The owner wants to be asked first, and everything else speaks for the campaign."""

    event = "asking"
    data: str
    title: str

    def sentence(self) -> str:
        campaign = "ID" if self.campaign is None else f"0x{self.campaign.hex()[:8]}"
        return (
            f"may {self.title!r} learn from {self.data!r}? mine-agent explain {campaign} says what it asks"
            f" for; then: mine-agent approve {campaign}, or: mine-agent refuse {campaign}"
        )


@dataclass(frozen=True, kw_only=True)
class Paused(Happening):
    """The owner has told the mine to begin nothing new."""

    event = "paused"

    def sentence(self) -> str:
        return "paused: nothing new is begun until `mine-agent resume`; what is due is still claimed"


@dataclass(frozen=True, kw_only=True)
class Resumed(Happening):
    """New work may begin again."""

    event = "resumed"

    def sentence(self) -> str:
        return "resumed: new work begins again"


@dataclass(frozen=True, kw_only=True)
class Progress(Happening):
    """How far a longer piece of work is. `share`: of it that is done, 0 to 1; None if it cannot be told.
    `seconds_left`: by what was done so far, or by what it took before; None if unknown.
    """

    event = "progress"
    data: str
    what: str
    share: float | None
    seconds_left: float | None

    def sentence(self) -> str:
        done = "" if self.share is None else f" {self.share:.0%},"
        left = (
            "still at it" if self.seconds_left is None else f"about {max(1, round(self.seconds_left))} s left"
        )
        return f"{self.what} {self.data!r}:{done} {left}"
