"""What became of each submission, from the chain's events alone: the rows of `show` and `watch`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pysonar.chain.contract.events import LoggedEvent
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.chain.submissions import Submission, submissions

WAITING = "WAITING"
RECLAIMED = "RECLAIMED"


@dataclass(frozen=True)
class SubmissionRow:
    """One submission.

    Attributes:
        index: its place in the queue.
        miner: who submitted it.
        verdict: IMPROVED, NO_GAIN, MALFORMED, UNAVAILABLE; WAITING before one, RECLAIMED if none will come.
        before_ppm, after_ppm: accuracy around it, where it was paid; None where not.
        earned: wei.
        submit_gas: gas of the miner's transaction; report_gas: its share of Capsule's. None while not known.
        submitted_in, reported_in: hashes of the transactions.
    """

    index: int
    miner: str
    verdict: str = WAITING
    before_ppm: int | None = None
    after_ppm: int | None = None
    earned: int = 0
    submit_gas: int | None = None
    report_gas: int | None = None
    submitted_in: bytes = b""
    reported_in: bytes | None = None


class Ledger:
    """Keeps the gas of transactions it has seen, so that a live display asks the node once for each."""

    def __init__(self, web3: Node) -> None:
        self._web3 = web3
        self._gas: dict[bytes, int] = {}

    def rows(self, history: Sequence[LoggedEvent]) -> list[SubmissionRow]:
        """The submissions in a campaign's events (chain order), by index, with their gas."""
        rows = submission_rows(history)
        batches = Counter(row.reported_in for row in rows if row.reported_in is not None)
        return [
            replace(
                row,
                submit_gas=self._gas_of(row.submitted_in),
                report_gas=None
                if row.reported_in is None
                else _share(self._gas_of(row.reported_in), batches[row.reported_in]),
            )
            for row in rows
        ]

    def _gas_of(self, transaction: bytes) -> int | None:
        if not transaction:
            return None
        if transaction not in self._gas:
            receipt = rpc.receipt(self._web3, transaction)
            if receipt is None:
                return None
            self._gas[transaction] = receipt.gas_used
        return self._gas[transaction]


def submission_rows(history: Sequence[LoggedEvent]) -> list[SubmissionRow]:
    """The submissions in a campaign's events (chain order), by index, without gas."""
    return [_row(submission) for submission in submissions(history).values()]


def _row(submission: Submission) -> SubmissionRow:
    submitted, reported = submission.submitted, submission.reported
    verdict = RECLAIMED if submission.reclaimed else WAITING
    return SubmissionRow(
        submission.index,
        submission.miner,
        verdict=verdict if submission.verdict is None else submission.verdict.name,
        before_ppm=submission.before,
        after_ppm=submission.accuracy,
        earned=submission.payout,
        submitted_in=b"" if submitted is None else submitted.transaction_hash,
        reported_in=None if reported is None else reported.transaction_hash,
    )


def _share(gas: int | None, parts: int) -> int | None:
    return None if gas is None else gas // parts
