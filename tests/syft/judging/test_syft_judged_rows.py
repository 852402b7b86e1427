"""Rows that guide the search, and rows that decide what is paid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.judging.judged_rows import JudgedRows, is_paid
from openmined_syft.judging.step_search import Best
from openmined_syft.models import build_family
from openmined_syft.schemes import scheme_named

GUIDE, PAY = [1.0, -1.0], [1.0, -1.0, 1.0, -1.0]
X = np.array([*GUIDE, *PAY])[:, None]
SPLIT = np.array([True] * 2 + [False] * 4)
STEPS = (1.0, 2.0)


def rows(y: list[float], guides: NDArray[np.bool_] | None = SPLIT) -> JudgedRows:
    family = build_family("linear", 1, 1, {})
    return JudgedRows(family, scheme_named("paillier"), "r2", X, np.array(y), guides)


def search(judged: JudgedRows, slope: float = 1.0) -> Best | None:
    gradient = np.array([[slope], [0.0]])
    return judged.search(np.zeros((2, 1)), gradient, STEPS, weight_bound=8.0, weight_bits=22)


def test_the_guiding_rows_choose_the_step_and_the_others_score_it() -> None:
    once, twice = [2 * x for x in GUIDE], list(PAY)
    found, seeing_all = search(rows([*once, *twice])), search(rows([*once, *twice], None))
    assert found is not None
    assert seeing_all is not None
    assert (found.step, found.score, found.guide) == (2.0, 0, (0, 1_000_000))
    assert (seeing_all.step, seeing_all.guide) == (1.0, None)
    assert not is_paid(found, accuracy=0, target=900_000, min_gain=10_000)


@pytest.mark.parametrize(
    ("y", "split", "differ"),
    [
        ([*GUIDE, *PAY], SPLIT, True),
        ([*GUIDE, 1.0, 1.0, 1.0, 1.0], SPLIT, False),  # what guides pays for nothing
        ([*GUIDE, 1.0, 1.0, 1.0, 1.0], None, True),
        ([1.0] * 6, None, False),
    ],
)
def test_labels_differ_among_the_rows_that_pay(
    y: list[float], split: NDArray[np.bool_] | None, differ: bool
) -> None:
    assert rows(y, split).labels_differ is differ


def test_without_a_split_every_row_does_both() -> None:
    found = search(rows([*GUIDE, *PAY], None))
    assert found is not None
    assert (found.step, found.score, found.guide) == (1.0, 1_000_000, None)
    assert is_paid(found, accuracy=0, target=900_000, min_gain=10_000)


@pytest.mark.parametrize(
    ("guide", "paid"),
    [
        ((500_000, 510_000), True),
        ((500_000, 509_999), False),
        ((895_000, 900_000), True),  # at the target there is no more to ask for
        ((895_000, 899_999), False),
        ((950_000, 920_000), True),
        ((950_000, 899_999), False),
        (None, True),
    ],
)
def test_a_gain_counts_only_if_the_guiding_rows_gain_as_well(
    guide: tuple[int, int] | None, paid: bool
) -> None:
    best = Best(1.0, np.zeros((2, 1)), 700_000, guide=guide)
    assert is_paid(best, accuracy=690_000, target=900_000, min_gain=10_000) is paid
    assert not is_paid(best, accuracy=690_001, target=900_000, min_gain=10_000)


def test_a_split_leaves_rows_on_both_sides() -> None:
    wrong: list[np.ndarray | None] = [np.zeros(6, np.bool_), np.ones(6, np.bool_), SPLIT[:5]]
    for guides in wrong:
        with pytest.raises(ShapeError, match="one or more on either side"):
            rows([*GUIDE, *PAY], guides)
