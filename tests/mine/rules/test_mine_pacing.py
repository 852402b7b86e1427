"""When a mine trains again: each reason to wait or stop beside the same history without it."""

from __future__ import annotations

import pytest

from mine_agent.rules.pacing import Move, Outcome, Past, next_move
from mine_agent.rules.policy import Limits

V0, V1, V2 = b"\x00" * 32, b"\x01" * 32, b"\x02" * 32
LIMITS = Limits(submissions=4, no_gain_in_a_row=3, no_gain_pause=10, time_margin=0)


def past(*outcomes: Outcome, data: bytes = b"mine", decided: int = 0) -> list[Past]:
    return [Past(data, bytes([100 + number]) * 32, o, decided) for number, o in enumerate(outcomes)]


def move(history: list[Past], *, model: bytes = V1, now: int = 10**6, limits: Limits = LIMITS) -> Move:
    return next_move(history, data=b"mine", model=model, limits=limits, now=now).move


def test_the_first_visit_is_made() -> None:
    assert move([]) is Move.TRAIN


def test_the_same_version_is_trained_once() -> None:
    history = [Past(b"mine", V1, Outcome.NO_GAIN)]
    assert move(history, model=V1) is Move.WAIT
    assert move(history, model=V2) is Move.TRAIN


def test_a_version_trained_long_ago_that_comes_back_is_not_trained_again() -> None:
    history = [Past(b"mine", V1, Outcome.IMPROVED), Past(b"mine", V2, Outcome.IMPROVED)]
    assert move(history, model=V1) is Move.WAIT


def test_another_data_set_may_train_the_same_version() -> None:
    assert move([Past(b"other", V1, Outcome.NO_GAIN)], model=V1) is Move.TRAIN


def test_a_waiting_submission_of_any_data_set_holds_back() -> None:
    assert move(past(Outcome.WAITING)) is Move.WAIT
    assert move(past(Outcome.WAITING, data=b"other")) is Move.WAIT


def test_a_withdrawn_submission_may_be_made_again() -> None:
    history = [Past(b"mine", V1, Outcome.NO_GAIN), *[Past(b"mine", V2, Outcome.WITHDRAWN)] * 2]
    assert move(history, model=V2) is Move.TRAIN
    assert next_move(history, data=b"mine", model=V2, limits=LIMITS, now=5).move is Move.WAIT  # the pause


def test_even_withdrawn_submissions_end_at_the_limit() -> None:
    withdrawn = [Past(b"mine", V1, Outcome.WITHDRAWN)]
    assert move(withdrawn * 3) is Move.TRAIN
    assert move(withdrawn * 4) is Move.STOP


def test_a_burned_stake_stops() -> None:
    assert move(past(Outcome.BURNED, Outcome.IMPROVED)) is Move.STOP


@pytest.mark.parametrize(("made", "expected"), [(3, Move.TRAIN), (4, Move.STOP)])
def test_the_limit_of_submissions(made: int, expected: Move) -> None:
    assert move(past(*[Outcome.IMPROVED] * made)) is expected


@pytest.mark.parametrize(("in_a_row", "expected"), [(2, Move.TRAIN), (3, Move.STOP)])
def test_the_limit_of_no_gains_in_a_row(in_a_row: int, expected: Move) -> None:
    assert move(past(*[Outcome.NO_GAIN] * in_a_row)) is expected


def test_a_gain_in_between_starts_the_row_anew() -> None:
    row = (Outcome.NO_GAIN, Outcome.NO_GAIN, Outcome.IMPROVED)
    assert move(past(*row)) is Move.TRAIN


@pytest.mark.parametrize(("in_a_row", "pause"), [(1, 10), (2, 20)])
def test_the_pause_doubles_and_ends_on_the_second(in_a_row: int, pause: int) -> None:
    history = past(*[Outcome.NO_GAIN] * in_a_row, decided=1000)
    assert move(history, now=1000 + pause - 1) is Move.WAIT
    assert move(history, now=1000 + pause) is Move.TRAIN


def test_a_gain_needs_no_pause() -> None:
    assert move(past(Outcome.IMPROVED, decided=1000), now=1000) is Move.TRAIN


def test_limits_of_nothing_allow_nothing() -> None:
    assert move([], limits=Limits(submissions=0)) is Move.STOP
    assert move([], limits=Limits(no_gain_in_a_row=0)) is Move.STOP


def test_every_reason_not_to_train_is_given() -> None:
    for history in (past(Outcome.WAITING), past(Outcome.BURNED), past(*[Outcome.NO_GAIN] * 3)):
        assert next_move(history, data=b"mine", model=V1, limits=LIMITS, now=0).reason
