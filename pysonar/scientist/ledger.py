"""What became of each submission, from the chain's events alone: the rows of `show` and `watch`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from web3 import Web3

from pysonar.chain.contract.events import (
    CampaignOpened,
    Improved,
    LoggedEvent,
    Reclaimed,
    Reported,
    Submitted,
)
from pysonar.chain.node import rpc

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

    def __init__(self, web3: Web3) -> None:
        self._web3 = web3
        self._gas: dict[bytes, int] = {}

    def rows(self, history: Sequence[LoggedEvent]) -> list[SubmissionRow]:
        """The submissions in a campaign's events (chain order), by index, with their gas."""
        rows = submissions(history)
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
        if transaction not in self._gas:
            receipt = rpc.receipt(self._web3, transaction)
            if receipt is None:
                return None
            self._gas[transaction] = receipt.gas_used
        return self._gas[transaction]


def submissions(history: Sequence[LoggedEvent]) -> list[SubmissionRow]:
    """The submissions in a campaign's events (chain order), by index, without gas."""
    rows: dict[int, SubmissionRow] = {}
    best = 0
    for logged in history:
        match logged.event:
            case CampaignOpened(start=start):
                best = start
            case Submitted(index=index, miner=miner):
                rows[index] = SubmissionRow(index, miner, submitted_in=logged.transaction_hash)
            case Reported(index=index, miner=miner, verdict=verdict):
                row = rows.get(index, SubmissionRow(index, miner))
                rows[index] = replace(row, verdict=verdict.name, reported_in=logged.transaction_hash)
            case Improved(index=index, accuracy=accuracy, payout=payout):
                rows[index] = replace(rows[index], before_ppm=best, after_ppm=accuracy, earned=payout)
                best = accuracy
            case Reclaimed(index=index):
                rows[index] = replace(rows[index], verdict=RECLAIMED)
    return [rows[index] for index in sorted(rows)]


def _share(gas: int | None, parts: int) -> int | None:
    return None if gas is None else gas // parts
