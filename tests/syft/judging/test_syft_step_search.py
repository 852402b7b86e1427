"""The step search and the rule of what is paid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.judging.step_search import Best, best_step, is_gain
from openmined_syft.schemes import Direction

STEPS = (2.0, 0.125, 1.0, 0.25, 0.5)
ZERO = np.zeros((2, 1))
ONE = np.ones((2, 1))
AHEAD = (Direction(ONE),)


def no_matter(_weights: np.ndarray) -> float:
    """A fit that tells nothing apart."""
    return 0.0


def peak_at(place: float):
    """A score that is highest where the weights are `place`."""
    return lambda weights: 1_000_000 - int(1000 * abs(float(weights[0, 0]) - place))


@pytest.mark.parametrize("place", sorted(STEPS))
def test_the_best_step_is_found_wherever_it_is(place: float) -> None:
    best = best_step(ZERO, AHEAD, STEPS, peak_at(place), no_matter, weight_bound=8.0, weight_bits=24)
    assert best is not None
    assert (best.step, best.score) == (place, 1_000_000)
    np.testing.assert_array_equal(best.weights, place * ONE)


def test_of_equal_scores_the_largest_step_wins() -> None:
    best = best_step(ZERO, AHEAD, STEPS, lambda _: 5, no_matter, weight_bound=8.0, weight_bits=24)
    assert best is not None
    assert best.step == 2.0


def test_of_equal_scores_the_better_fit_wins() -> None:
    best = best_step(
        *(ZERO, AHEAD, STEPS, lambda _: 5, lambda weights: -abs(float(weights[0, 0]) - 0.5)),
        weight_bound=8.0,
        weight_bits=24,
    )
    assert best is not None
    assert best.step == 0.5


def test_a_better_fit_is_worth_nothing_against_a_higher_score() -> None:
    best = best_step(
        *(ZERO, AHEAD, STEPS, peak_at(0.25), lambda weights: float(weights[0, 0])),
        weight_bound=8.0,
        weight_bits=24,
    )
    assert best is not None
    assert best.step == 0.25


def test_every_direction_is_tried_and_the_best_ones_damping_is_told() -> None:
    directions = (Direction(-ONE, 0.01), Direction(ONE * 3, 0.1), Direction(ONE, 1.0))
    best = best_step(ZERO, directions, STEPS, peak_at(6.0), no_matter, weight_bound=8.0, weight_bits=24)
    assert best is not None
    assert (best.step, best.damping, best.score) == (2.0, 0.1, 1_000_000)


@pytest.mark.parametrize(("bound", "largest"), [(2.0, 2.0), (1.999, 1.0), (0.125, 0.125)])
def test_a_step_out_of_the_bound_is_not_tried(bound: float, largest: float) -> None:
    best = best_step(
        *(ZERO, AHEAD, STEPS, lambda weights: int(1000 * weights.max()), no_matter),
        weight_bound=bound,
        weight_bits=24,
    )
    assert best is not None
    assert best.step == largest


def test_no_step_inside_the_bound_gives_none() -> None:
    assert best_step(ZERO, AHEAD, STEPS, lambda _: 5, no_matter, weight_bound=0.124, weight_bits=24) is None


def test_what_is_scored_is_what_will_be_encrypted() -> None:
    """Weights are on the grid of the fixed-point scale before they are measured."""
    seen: list[float] = []

    def score(weights: np.ndarray) -> int:
        seen.append(float(weights[0, 0]))
        return 1

    for bits in (24, 20):
        best_step(ZERO, (Direction(ONE / 3),), (1.0,), score, no_matter, weight_bound=8.0, weight_bits=bits)
    assert seen == [round(2**24 / 3) / 2**24, round(2**20 / 3) / 2**20]


@pytest.mark.parametrize(
    ("accuracy", "gain"),
    [(599_999, False), (604_999, False), (605_000, True), (600_000, False), (0, False), (1_000_000, True)],
)
def test_a_gain_is_at_least_the_minimum(accuracy: int, gain: bool) -> None:
    assert is_gain(accuracy, best=600_000, target=900_000, min_gain=5_000) is gain


@pytest.mark.parametrize(("accuracy", "gain"), [(899_999, False), (900_000, True), (950_000, True)])
def test_the_last_gain_to_the_target_may_be_smaller(accuracy: int, gain: bool) -> None:
    assert is_gain(accuracy, best=897_000, target=900_000, min_gain=5_000) is gain


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_nothing_is_a_gain_once_the_target_is_reached(a: int, over: int, target: int, min_gain: int) -> None:
    assert not is_gain(a, best=target, target=target, min_gain=min_gain)
    if is_gain(a, best=0, target=target, min_gain=min_gain):
        assert min(a, target) >= min(min_gain, target)


def test_where_nobody_can_go_on_is_no_place_to_step_to() -> None:
    def reach(limit: float) -> Best | None:
        return best_step(
            ZERO,
            AHEAD,
            STEPS,
            peak_at(2.0),
            no_matter,
            weight_bound=8.0,
            weight_bits=24,
            is_trainable=lambda weights: float(np.abs(weights).max()) <= limit,
        )

    at, below = reach(2.0), reach(1.999)
    assert at is not None
    assert below is not None
    assert (at.step, below.step) == (2.0, 1.0)
    assert reach(0.1) is None
