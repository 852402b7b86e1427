"""The doubling pause, and clocks that are set right meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.pause import Pause

SECONDS = st.floats(0.001, 1e6)
PAUSES = st.tuples(SECONDS, SECONDS).map(lambda both: Pause(min(both), max(both)))
TIMES = st.floats(0, 4e9)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 5), (2, 10), (3, 20), (4, 35), (400, 35)])
def test_it_doubles_with_each_failure_up_to_the_longest(failures: int, seconds: int) -> None:
    assert Pause(first=5, longest=35).after(failures) == seconds


@pytest.mark.parametrize(("ahead", "left"), [(-1, 0), (0, 0), (0.5, 0.5), (60, 60), (60.5, 0), (86_326, 0)])
def test_a_time_further_ahead_than_the_longest_pause_is_due(ahead: float, left: float) -> None:
    pause = Pause(first=1, longest=60)
    assert pause.left(1000 + ahead, now=1000) == left
    assert pause.is_due(1000 + ahead, now=1000) is (left == 0)


@given(PAUSES, st.integers(1, 100), TIMES, st.floats(-1e9, 1e9))
def test_no_jump_of_the_clock_makes_it_longer_than_the_longest(
    pause: Pause, failures: int, now: float, jump: float
) -> None:
    until = now + pause.after(failures)
    assert 0 <= pause.left(until, now + jump) <= pause.longest


@given(PAUSES, st.integers(1, 100))
def test_without_a_jump_all_of_it_is_waited(pause: Pause, failures: int) -> None:
    assert pause.left(pause.after(failures), now=0) == pause.after(failures)
