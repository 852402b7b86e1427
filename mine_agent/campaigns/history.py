"""What became of this mine's submissions, read off the chain's history each time it is asked.

Nothing is kept: when a re-org takes a verdict back, it is gone here, too. Submissions of the same account
that this home knows nothing of (made from another home, or before a lost directory) are told as well: their
stake can be taken back and their payouts claimed all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mine_agent.journal import Submission
from mine_agent.rules.pacing import Outcome, Past
from pysonar.chain.contract.events import Improved, LoggedEvent, Reclaimed, Reported, Submitted
from pysonar.chain.contract.types import Verdict

_OUTCOME = {
    Verdict.IMPROVED: Outcome.IMPROVED,
    Verdict.NO_GAIN: Outcome.NO_GAIN,
    Verdict.MALFORMED: Outcome.BURNED,
    Verdict.UNAVAILABLE: Outcome.BURNED,
}


@dataclass(frozen=True)
class Standing:
    """One submission: `submission` is this home's record of it, `index` its place in the campaign's queue.

    One of the two may be None. `payout` in wei; `accuracy` in parts per million, where it was paid.
    """

    campaign: bytes
    update: bytes
    submission: Submission | None
    index: int | None = None
    verdict: Verdict | None = None
    payout: int = 0
    accuracy: int | None = None
    reclaimed: bool = False

    @property
    def outcome(self) -> Outcome:
        """See `pacing`."""
        if self.verdict is not None:
            return _OUTCOME[self.verdict]
        if self.reclaimed or (self.submission is not None and self.submission.given_up is not None):
            return Outcome.WITHDRAWN
        return Outcome.WAITING

    def past(self, now: int) -> Past:
        """As `pacing` wants it; a verdict that was just seen was given now, and none in the future (a clock
        may be set back)."""
        made = self.submission
        if made is None:
            return Past(b"", b"", self.outcome, now)
        return Past(made.data_digest, made.base_model, self.outcome, min(now, made.closed_at or now))


def standings(
    campaign: bytes, miner: str, made: Iterable[Submission], history: Iterable[LoggedEvent]
) -> list[Standing]:
    """Every submission of `miner` to `campaign`, in the order they were made.

    `made`: this home's records of the campaign; `history`: the campaign's events on the chain, in order.
    """
    queue: dict[int, bytes] = {}
    verdicts: dict[int, Verdict] = {}
    gains: dict[int, Improved] = {}
    reclaimed: set[int] = set()
    for logged in history:
        match logged.event:
            case Submitted(miner=by, index=index, update=update) if by == miner:
                queue[index] = update
            case Reported(index=index, verdict=verdict):
                verdicts[index] = verdict
            case Improved(index=index) as gain:
                gains[index] = gain
            case Reclaimed(index=index):
                reclaimed.add(index)

    def queued(index: int, update: bytes, submission: Submission | None) -> Standing:
        gain = gains.get(index)
        return Standing(
            campaign,
            update,
            submission,
            index=index,
            verdict=verdicts.get(index),
            payout=gain.payout if gain else 0,
            accuracy=gain.accuracy if gain else None,
            reclaimed=index in reclaimed,
        )

    own: list[Standing] = []
    for entry in made:
        place = next((index for index, update in queue.items() if update == entry.update), None)
        if place is None:
            own.append(Standing(campaign, entry.update, entry))
        else:
            own.append(queued(place, queue.pop(place), entry))
    return [queued(index, update, None) for index, update in queue.items()] + own
