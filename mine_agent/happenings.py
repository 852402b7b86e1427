"""What only a mine tells while it works: see `pysonar.party.happenings`."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pysonar.chain.contract.tokens import ETHER, Asset
from pysonar.party.happenings import Happening, wei
from pysonar.protocol.amounts import format_seconds


@dataclass(frozen=True, kw_only=True)
class Training(Happening):
    """`title` is the scientist's own."""

    event = "training"
    data: str
    base_version: int
    title: str

    def sentence(self) -> str:
        return f"training version {self.base_version} of {self.title!r} on {self.data!r}"


@dataclass(frozen=True, kw_only=True)
class WorkersFailed(Happening):
    """The owner's cluster did not do its part of a visit, or did it wrongly. The visit is made anyway."""

    event, level = "workers_failed", logging.WARNING
    data: str
    what: str

    def sentence(self) -> str:
        return f"training on {self.data!r}: {self.what}"


@dataclass(frozen=True, kw_only=True)
class ClockBehind(Happening):
    """The privacy ledger has entries of a later time than the clock's: one of the two was or is wrong."""

    event, level = "clock_behind", logging.WARNING
    seconds: int

    def sentence(self) -> str:
        return (
            f"this machine's clock is {format_seconds(self.seconds)} behind the privacy ledger's last entry;"
            " new entries have that entry's time until the clock is past it. Nothing else changes: the budget"
            " counts releases, not time. Set the clock if it is wrong now"
        )


@dataclass(frozen=True, kw_only=True)
class Submitted(Happening):
    """`value`: stake and fee in wei. `epsilon`, `delta`: what its release tells of a single record at most;
    None without noise.
    """

    event = "submitted"
    data: str
    base_version: int
    update: bytes
    value: int = wei()
    transaction: str
    epsilon: float | None = None
    delta: float | None = None

    def sentence(self) -> str:
        noise = "without noise" if self.epsilon is None else f"under epsilon {self.epsilon:.3g}"
        return f"submitted a gradient for version {self.base_version}, {noise}"


@dataclass(frozen=True, kw_only=True)
class GivenUp(Happening):
    """A gradient that will not be sent any more."""

    event = "given_up"
    data: str
    reason: str

    def sentence(self) -> str:
        return f"a submission is given up: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Reclaiming(Happening):
    """Stake and fee of a submission that nobody will judge."""

    event = "reclaiming"
    index: int
    transaction: str

    def sentence(self) -> str:
        return f"submission {self.index} will not be judged; taking stake and fee back"


@dataclass(frozen=True, kw_only=True)
class Settling(Happening):
    """Nobody else does it."""

    event = "settling"
    words = "its time is over and nobody has settled it; settling"
    transaction: str


@dataclass(frozen=True, kw_only=True)
class Claiming(Happening):
    """`amount` in the smallest units of `asset`, by default wei."""

    event = "claiming"
    amount: int = wei()
    transaction: str
    asset: Asset | None = None

    def sentence(self) -> str:
        return f"claiming {(self.asset or ETHER).show(self.amount)}"


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
    words = "paused: nothing new is begun until `mine-agent resume`; what is due is still claimed"


@dataclass(frozen=True, kw_only=True)
class Resumed(Happening):
    """New work may begin again."""

    event = "resumed"
    words = "resumed: new work begins again"


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
