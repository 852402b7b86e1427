"""Maps of gradient steps where there are fewer rows than inputs: the same as without the short cut."""

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from openmined_syft.affine import AffineMap
from openmined_syft.errors import NotFiniteError
from openmined_syft.rules import GradientDescent, Problem
from openmined_syft.rules.thin import thin_steps
from tests.noting import noting


def problem(rows: int, inputs: int, k: int, penalty: float = 0.0, seed: int = 0) -> Problem:
    random = np.random.default_rng(seed)
    X = np.hstack([random.normal(size=(rows, inputs - 1)), np.ones((rows, 1))])
    return Problem(X, random.normal(size=(rows, k)), 0.25, penalty)


def long_way(given: Problem, rule: GradientDescent) -> AffineMap:
    hessian = given.hessian(rule.l2)
    rate = given.step_size(hessian, rule.learning_rate)
    step = AffineMap(np.eye(len(hessian)) - rate * hessian, rate * given.pull())
    return step.repeated(rule.steps).damped(rule.damping)


@given(
    st.integers(1, 12), st.integers(2, 30), st.integers(1, 3), st.sampled_from([0.0, 1e-9, 1e-3, 0.5]),
    st.sampled_from([None, 1e-9, 0.05, 1.0]), st.sampled_from([1, 2, 50, 3000]), st.sampled_from([1.0, 0.3]),
    st.integers(0, 2**32),
)  # fmt: skip
def test_both_ways_lead_to_the_same_map(rows, inputs, k, l2, rate, steps, damping, seed):
    case = problem(rows, inputs, k, 1e-4, seed)
    rule = GradientDescent(steps, l2, rate, damping)
    try:
        expected = long_way(case, rule)
    except NotFiniteError:
        reject()  # far steps that overflow: what the short cut says of them has a test of its own
    found = thin_steps(case, l2, rate, steps, damping)
    scale = max(1.0, np.abs(expected.A).max(), np.abs(expected.c).max())
    np.testing.assert_allclose(found.A, expected.A, atol=1e-9 * scale)
    np.testing.assert_allclose(found.c, expected.c, atol=1e-8 * scale)


def test_without_any_penalty_a_direction_that_no_row_has_stays_where_it_is():
    case = problem(3, 20, 1)
    found = thin_steps(case, 0.0, None, 50, 1.0)
    away = np.linalg.svd(case.X)[2][-1]
    np.testing.assert_allclose(found.A @ away, away, atol=1e-12)


def test_the_short_cut_is_taken_where_there_are_fewer_rows_than_inputs(monkeypatch):
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr("openmined_syft.rules.gradient_descent.thin_steps", noting(thin_steps, asked))
    for rows, inputs in ((5, 20), (30, 20)):
        case = problem(rows, inputs, 2)
        np.testing.assert_allclose(
            GradientDescent(50).visit(case).A, long_way(case, GradientDescent(50)).A, atol=1e-9
        )
    assert len(asked) == 1


def test_steps_that_diverge_are_refused():
    with pytest.raises(NotFiniteError):
        GradientDescent(1_000_000, learning_rate=1e6).visit(problem(3, 10, 1))
