"""What became of this mine's submissions, read off the chain's history each time it is asked.

Nothing is kept: when a re-org takes a verdict back, it is gone here, too. Submissions of the same account
that this home knows nothing of (made from another home, or before a lost directory) are shown as well: their
stake can be taken back and their payouts claimed all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mine_agent.journal import OwnSubmission
from mine_agent.rules.pacing import Outcome, Past
from pysonar.chain.contract.events import LoggedEvent
from pysonar.chain.contract.types import Verdict
from pysonar.chain.contract.versions import FIRST
from pysonar.chain.submissions import Submission, submissions

_OUTCOME = {
    Verdict.IMPROVED: Outcome.IMPROVED,
    Verdict.NO_GAIN: Outcome.NO_GAIN,
    Verdict.MALFORMED: Outcome.BURNED,
    Verdict.UNAVAILABLE: Outcome.BURNED,
}


@dataclass(frozen=True)
class SubmissionStatus:
    """One submission: `submission` is this home's record of it, `index` its place in the campaign's queue.

    One of the two may be None. `payout` in wei; `accuracy` in parts per million, where it was paid.
    """

    campaign: bytes
    update: bytes
    submission: OwnSubmission | None
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
        """As `pacing` wants it; a verdict that was just seen was given now."""
        made = self.submission
        if made is None:
            return Past(b"", b"", self.outcome, now)
        return Past(made.data_digest, made.base_model, self.outcome, made.closed_at or now)


def own_past(history: Iterable[SubmissionStatus], *, version: int, now: int) -> list[Past]:
    """What of them counts for pacing, as `pacing` wants it.

    Since version 2 of the contract anybody may submit in this miner's name: what this home did not make says
    nothing of its data, and garbage must not keep the mine from working.
    """
    return [one.past(now) for one in history if one.submission is not None or version == FIRST]


def submission_history(
    campaign: bytes, miner: str, made: Iterable[OwnSubmission], history: Iterable[LoggedEvent]
) -> list[SubmissionStatus]:
    """Every submission of `miner` to `campaign`, in the order they were made.

    `made`: this home's records of the campaign; `history`: the campaign's events on the chain, in order.
    """
    known = submissions(history).values()
    queue = {one.index: one for one in known if one.submitted is not None and one.miner == miner}

    def queued(submission: Submission, made: OwnSubmission | None) -> SubmissionStatus:
        return SubmissionStatus(
            campaign,
            submission.update,
            made,
            index=submission.index,
            verdict=submission.verdict,
            payout=submission.payout,
            accuracy=submission.accuracy,
            reclaimed=submission.reclaimed,
        )

    own: list[SubmissionStatus] = []
    for entry in made:
        place = next(
            (index for index, submission in queue.items() if submission.update == entry.update), None
        )
        if place is None:
            own.append(SubmissionStatus(campaign, entry.update, entry))
        else:
            own.append(queued(queue.pop(place), entry))
    return [queued(submission, None) for submission in queue.values()] + own
