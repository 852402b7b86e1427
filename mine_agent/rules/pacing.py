"""When may a mine train again for a campaign? Decided from its own past submissions there, and nothing else.

A mine submits once per data set and model version: the same data and the same base give the same gradient
(under a budget, the same release: see `DataSet.identity`).
It has at most one submission waiting for a verdict in each campaign, pauses after each NO_GAIN twice as
long as before, and stops after too many in a row, after too many submissions in all, or once a stake was
burned.

Not here: the owner's rules about money and permission (see `policy`) and the campaign's deadline (see
`terms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mine_agent.rules.policy import Limits
from pysonar.pause import Pause

LONGEST_PAUSE = 10**9
"""The longest setting, in seconds: nothing is tried again after that."""


class Outcome(Enum):
    """What became of a submission, as far as pacing is concerned."""

    WAITING = "waiting"  # sealed, sent or queued: no verdict yet
    IMPROVED = "improved"
    NO_GAIN = "no gain"
    BURNED = "burned"  # MALFORMED or UNAVAILABLE
    WITHDRAWN = "withdrawn"  # refused by the contract, given up before it was sent, or reclaimed: no verdict


@dataclass(frozen=True)
class Past:
    """One submission of this mine to the campaign in question: the digests of the data and of the base
    version, and when it was decided, in seconds since 1970."""

    data: bytes
    base_model: bytes
    outcome: Outcome
    decided: int = 0


class Move(Enum):
    TRAIN = "train"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True)
class Pace:
    """What to do now, and why (empty for TRAIN)."""

    move: Move
    reason: str = ""


def next_move(past: Sequence[Past], *, data: bytes, model: bytes, limits: Limits, now: int) -> Pace:
    """Whether to train on the data of the identity `data` from the version with the digest `model`; `past`
    in order of submission."""
    if any(entry.outcome is Outcome.BURNED for entry in past):
        return Pace(
            Move.STOP,
            "a stake of this mine was burned here: something is wrong with its gradients or its store",
        )
    if any(entry.outcome is Outcome.WAITING for entry in past):
        return Pace(Move.WAIT, "a submission waits for its verdict")
    counted = [entry for entry in past if entry.outcome is not Outcome.WITHDRAWN]
    if len(past) >= limits.submissions:
        return Pace(Move.STOP, f"{len(past)} submissions made, the owner's limit is {limits.submissions}")
    in_a_row = _no_gain_in_a_row(counted)
    if in_a_row >= limits.no_gain_in_a_row:
        return Pace(Move.STOP, f"{in_a_row} submissions in a row without gain, the owner's limit")
    if any(entry.data == data and entry.base_model == model for entry in counted):
        return Pace(Move.WAIT, "trained on this version of the model already")
    if in_a_row:
        seconds = Pause(limits.no_gain_pause, LONGEST_PAUSE).after(in_a_row)
        # A verdict from the future was noted by a clock that ran ahead: the pause is then over.
        left = Pause(seconds, seconds).left(counted[-1].decided + seconds, now)
        if left:
            return Pace(Move.WAIT, f"pauses {left:g} s after a submission without gain")
    return Pace(Move.TRAIN)


def _no_gain_in_a_row(past: Sequence[Past]) -> int:
    count = 0
    for entry in reversed(past):
        if entry.outcome is not Outcome.NO_GAIN:
            break
        count += 1
    return count
