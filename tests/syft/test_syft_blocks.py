"""Work in blocks: whoever dies, dawdles or lies costs time, and the numbers are those of one process."""

from __future__ import annotations

import multiprocessing
import operator
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar, cast

import pytest

from openmined_syft.blocks import Blocks, blocks_of
from openmined_syft.errors import BoundError, ParameterError
from tests.executors import Here, KillsOnce, Lying, Stuck

P = ParamSpec("P")
R = TypeVar("R")
NUMBERS = list(range(20))
SQUARES = [number * number for number in NUMBERS]


def square(number: int) -> int:
    return number * number


def slow_square(number: int) -> int:
    time.sleep(0.05)
    return number * number


def is_square(number: int, found: int) -> bool:
    return type(found) is int and 0 <= found <= 400


def squares(
    executor: Executor, told: list[str], work: Callable[[int], int] = square, **how: Any
) -> list[int]:
    return Blocks(executor, 4, trouble=told.append, **how).map(work, NUMBERS, is_square)


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(3), Here], ids=["threads", "here"])
def test_results_come_in_order(make: Callable[[], Executor]) -> None:
    told: list[str] = []
    with make() as executor:
        assert squares(executor, told) == SQUARES
    assert told == []


def test_a_process_that_is_killed_half_way_changes_no_number() -> None:
    told: list[str] = []
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        first = pool.submit(os.getpid).result()
        executor = KillsOnce(pool, lambda: first, after=5)
        assert squares(executor, told, slow_square) == SQUARES
    assert executor.killed_at[0] < len(NUMBERS)
    assert any("BrokenProcessPool" in line for line in told)


def test_what_does_not_come_back_is_worked_out_here() -> None:
    told: list[str] = []
    executor, began = Stuck(7), time.monotonic()
    assert squares(executor, told, patience=0.2) == SQUARES
    assert 0.2 <= time.monotonic() - began < 30
    assert told == [
        "workers gave back nothing for 0.2 s; nothing is sent to them any more: their work is done here"
    ]
    assert len(executor.left) == 13
    assert all(future.cancelled() for future in executor.left)


def test_a_slow_worker_only_delays_the_end() -> None:
    told: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        assert squares(pool, told, slow_square, patience=5.0) == SQUARES
    assert told == []


@pytest.mark.parametrize("lie", [lambda _: None, lambda _: 401, lambda _: -1, lambda _: "4", lambda _: 4.0])
def test_an_answer_that_cannot_be_is_seen_however_little_is_checked(lie: Callable[[int], object]) -> None:
    told: list[str] = []
    assert squares(Lying(lie, about=11), told, checked_share=0.0) == SQUARES
    assert len(told) == 1
    assert told[0].startswith("workers answered with what no such block has")


def test_a_wrong_answer_that_could_be_right_is_seen_where_it_is_checked() -> None:
    told: list[str] = []
    assert squares(Lying(lambda found: found ^ 1, about=11), told, checked_share=1.0) == SQUARES
    assert told[0].startswith("workers computed wrongly")
    assert squares(Lying(lambda found: found ^ 1), told) == SQUARES  # one is drawn: all of them are wrong


def test_where_little_is_checked_a_small_lie_can_pass_and_the_page_says_so() -> None:
    told: list[str] = []
    found = squares(Lying(lambda found: found ^ 1, about=11), told, checked_share=0.0)
    assert [place for place in NUMBERS if found[place] != SQUARES[place]] == [11]
    assert told == []


def test_whoever_has_lied_is_asked_nothing_more() -> None:
    liar, told = Lying(lambda found: found ^ 1), list[str]()
    blocks = Blocks(liar, 4, trouble=told.append)
    for _ in range(2):
        assert blocks.map(square, NUMBERS, is_square) == SQUARES
    assert liar.asked == len(NUMBERS)
    assert len(told) == 1


def test_each_check_is_drawn_anew() -> None:
    asked: list[list[int]] = []

    def watched(number: int) -> int:
        asked[-1].append(number)
        return number * number

    class Elsewhere(Executor):
        def submit(self, function: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> Future[R]:
            future: Future[Any] = Future()
            future.set_result(square(cast("int", arguments[0])))
            return future

    for _ in range(40):
        asked.append([])
        assert squares(Elsewhere(), [], watched, checked_share=0.1) == SQUARES
    assert {len(some) for some in asked} == {2}
    assert len({number for some in asked for number in some}) > 10


def test_what_is_wrong_with_the_work_itself_is_raised_as_in_one_process() -> None:
    def refuses(number: int) -> int:
        raise BoundError(f"{number} is too large")

    with pytest.raises(BoundError, match="0 is too large"):
        Blocks(Here(), 4).map(refuses, NUMBERS, operator.eq)


def test_work_in_no_parts_and_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ParameterError, match="0 parts"):
        Blocks(Here(), 0)
    for share in (-0.01, 1.01, float("nan")):
        with pytest.raises(ParameterError, match="share"):
            Blocks(Here(), 1, checked_share=share)


def test_blocks_are_nearly_equal_and_leave_nothing_out() -> None:
    for count in range(12):
        for parts in range(1, 15):
            ranges = blocks_of(count, parts)
            assert [number for some in ranges for number in some] == list(range(count))
            assert len(ranges) == min(count, parts)
            assert not ranges or max(map(len, ranges)) - min(map(len, ranges)) <= 1
