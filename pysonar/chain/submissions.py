"""What became of each submission: the one place where a campaign's events are folded into that.

Everybody who shows, pays or takes over submissions reads them here, so that no two parties tell it
differently. Nothing is kept: when a re-org takes a verdict back, it is gone here, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pysonar.chain.contract.events import (
    CampaignOpened,
    Improved,
    LoggedEvent,
    Reclaimed,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import Verdict


@dataclass(frozen=True)
class Submission:
    """One place in a campaign's queue, as far as the events that were given tell of it.

    Attributes:
        submitted: where it was submitted; None if that event is not among those given.
        verdict: Capsule's; None before one.
        reported: where the verdict was given.
        gain: what it improved, if it did: version, accuracy in ppm, payout in wei, model.
        before: accuracy before the gain, ppm; None without one.
        reclaimed: stake and fee were taken back; no verdict will come.
    """

    index: int
    submitted: LoggedEvent | None = None
    miner: str = ""
    update: bytes = b""
    verdict: Verdict | None = None
    reported: LoggedEvent | None = None
    gain: Improved | None = None
    before: int | None = None
    reclaimed: bool = False

    @property
    def accuracy(self) -> int | None:
        """Accuracy after it, in ppm, where it was paid."""
        return None if self.gain is None else self.gain.accuracy

    @property
    def payout(self) -> int:
        """Wei that it earned."""
        return 0 if self.gain is None else self.gain.payout

    @property
    def waiting(self) -> bool:
        """Whether a verdict may still come."""
        return self.verdict is None and not self.reclaimed


def submissions(history: Iterable[LoggedEvent]) -> dict[int, Submission]:
    """The submissions in one campaign's events (in chain order), by index, in the order of the queue."""
    found: dict[int, Submission] = {}
    best: int | None = None

    def note(index: int, **known: object) -> None:
        found[index] = replace(found.get(index, Submission(index)), **known)  # type: ignore[arg-type]

    for logged in history:
        match logged.event:
            case CampaignOpened(start=start):
                best = start
            case Submitted(index=index, miner=miner, update=update):
                note(index, submitted=logged, miner=miner, update=update)
            case Verdicts() as report:
                for index, verdict in report.each():
                    note(index, reported=logged, verdict=verdict)
            case Improved(index=index, accuracy=accuracy) as gain:
                note(index, gain=gain, before=best)
                best = accuracy
            case Reclaimed(index=index, miner=miner):
                note(index, miner=miner, reclaimed=True)
    return {index: found[index] for index in sorted(found)}


@dataclass(frozen=True)
class Counters:
    """How many submissions, verdicts and gains a campaign has."""

    submitted: int
    evaluated: int
    version: int

    def lack(self, expected: Counters) -> str | None:
        """What is missing here, in words."""
        for what in ("submitted", "evaluated", "version"):
            found, right = getattr(self, what), getattr(expected, what)
            if found < right:
                return f"{found} of {right} events that Sonar counts as {what!r}"
        return None
