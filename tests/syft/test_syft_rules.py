"""Rules and affine maps: a whole training in one map equals training step by step."""

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.affine import AffineMap
from openmined_syft.errors import NotFiniteError, ParameterError, ShapeError
from openmined_syft.rules import (
    GradientDescent,
    MiniBatch,
    Problem,
    Proximal,
    mini_batch,
    rule_from,
    rule_mapping,
    rule_names,
)
from openmined_syft.rules.problem import _order


def problem(rows=30, d=4, k=3, seed=0, curvature=0.25) -> Problem:
    random = np.random.default_rng(seed)
    X = np.hstack([random.normal(size=(rows, d - 1)), np.ones((rows, 1))])
    return Problem(X, random.normal(size=(rows, k)), curvature)


def gradient(task: Problem, weights: np.ndarray, l2: float) -> np.ndarray:
    """From the rows, not from the moments."""
    residual = task.curvature * (task.X @ weights) - task.T
    penalty = l2 * weights
    penalty[-1] = 0
    return sum(np.outer(x, r) for x, r in zip(task.X, residual, strict=True)) / len(task.X) + penalty


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_one_map_equals_training_step_by_step(steps, l2):
    task, rate = problem(), 0.3
    start = np.random.default_rng(1).normal(size=(4, 3))
    weights = start
    for _ in range(steps):
        weights = weights - rate * gradient(task, weights, l2)
    visit = GradientDescent(steps, l2, rate).visit(task)
    np.testing.assert_allclose(visit(start), weights, atol=1e-12)


def test_the_gradient_is_that_of_the_loss():
    task, l2 = problem(k=1), 0.2
    weights, eps = np.random.default_rng(2).normal(size=(4, 1)), 1e-6

    def loss(w):
        score = task.X @ w
        fit = task.curvature / 2 * (score**2).sum() - (score * task.T).sum()
        return fit / len(task.X) + l2 / 2 * (w[:-1] ** 2).sum()

    for i in range(4):
        step = np.zeros((4, 1))
        step[i] = eps
        slope = (loss(weights + step) - loss(weights - step)) / (2 * eps)
        assert slope == pytest.approx(gradient(task, weights, l2)[i, 0], abs=1e-7)


def test_the_default_rate_is_one_over_the_largest_eigenvalue_and_never_expands():
    task = problem(rows=200, d=20)
    rate = 1 / np.linalg.eigvalsh(task.hessian(1e-3))[-1]
    ours, explicit = GradientDescent(9).visit(task), GradientDescent(9, learning_rate=rate).visit(task)
    np.testing.assert_allclose(ours.A, explicit.A, atol=1e-14)
    assert np.linalg.norm(np.eye(20) - ours.A, 2) <= 1 + 1e-12


@pytest.mark.parametrize("rate", [None, 0.2])
def test_mini_batches_in_one_map_equal_training_batch_by_batch(rate):
    task, rule = problem(rows=25), MiniBatch(batch=8, epochs=3, l2=0.1, learning_rate=rate, seed=4)
    start = np.random.default_rng(1).normal(size=(4, 3))
    weights, seen = start, []
    for epoch in range(3):
        order = _order(25, 4, epoch)
        assert sorted(order) == list(range(25))
        seen.append(tuple(order))
        for first in range(0, 25, 8):
            part = order[first : first + 8]
            step = Problem(task.X[part], task.T[part], task.curvature)
            size = rate or 1 / np.linalg.eigvalsh(step.hessian(0.1))[-1]
            weights = weights - size * gradient(step, weights, 0.1)
    np.testing.assert_allclose(rule.visit(task)(start), weights, atol=1e-12)
    assert len(set(seen)) == 3


def test_more_steps_than_a_mine_should_do_are_refused():
    task = problem(rows=25)
    rule = MiniBatch(batch=1, epochs=4001)
    with pytest.raises(ParameterError, match="100025 steps"):
        rule.visit(task)


def test_a_batch_as_large_as_the_data_is_gradient_descent():
    task, start = problem(), np.ones((4, 3))
    whole = GradientDescent(5, 0.1, 0.2).visit(task)(start)
    np.testing.assert_allclose(MiniBatch(1000, 5, 0.1, 0.2).visit(task)(start), whole, atol=1e-12)


def test_a_proximal_step_minimises_what_it_says():
    task, start, rho, l2 = problem(), np.random.default_rng(1).normal(size=(4, 3)), 0.3, 0.1
    reached = Proximal(rho, l2).visit(task)(start)
    slope = gradient(task, reached.copy(), l2) + rho * (reached - start)
    np.testing.assert_allclose(slope, 0, atol=1e-12)
    assert np.linalg.norm(Proximal(rho, l2).visit(task).A, 2) <= 1 + 1e-12


@pytest.mark.parametrize(
    "rule", [GradientDescent(5, damping=0.25), MiniBatch(8, damping=0.25), Proximal(0.1, damping=0.25)]
)
def test_a_damped_rule_goes_part_of_the_way(rule):
    task, start = problem(), np.random.default_rng(1).normal(size=(4, 3))
    full = dataclasses.replace(rule, damping=1.0).visit(task)(start)
    np.testing.assert_allclose(rule.visit(task)(start), start + 0.25 * (full - start), atol=1e-12)


def test_the_models_penalty_and_the_rules_add_up():
    task = problem()
    penalised = dataclasses.replace(task, penalty=0.2)
    np.testing.assert_allclose(penalised.hessian(0.1), task.hessian(0.3))
    assert task.hessian(5.0)[-1, -1] == task.hessian(0.0)[-1, -1]
    batched = MiniBatch(8, 2, 0.1).visit(penalised)
    np.testing.assert_allclose(batched.A, MiniBatch(8, 2, 0.3).visit(task).A, atol=1e-14)


def test_many_steps_reach_the_minimum():
    task, l2 = problem(), 0.05
    best = np.linalg.solve(task.hessian(l2), task.pull())
    np.testing.assert_allclose(GradientDescent(100_000, l2).visit(task)(np.ones((4, 3))), best, atol=1e-9)


def test_steps_that_diverge_are_refused():
    with pytest.raises(NotFiniteError):
        GradientDescent(100_000, learning_rate=100.0).visit(problem())


maps = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        st.lists(st.lists(st.floats(-2, 2), min_size=d, max_size=d), min_size=d, max_size=d),
        st.lists(st.lists(st.floats(-2, 2), min_size=2, max_size=2), min_size=d, max_size=d),
    )
)


@given(maps, st.integers(0, 9))
def test_repeating_a_map_equals_applying_it_again_and_again(case, times):
    step = AffineMap(np.array(case[0]), np.array(case[1]))
    weights = np.ones(step.shape)
    by_hand = weights
    for _ in range(times):
        by_hand = step(by_hand)
    scale = 1 + np.abs(by_hand).max() + 7.0**times
    np.testing.assert_allclose(step.repeated(times)(weights), by_hand, atol=1e-12 * scale)


@given(maps)
def test_maps_follow_and_damp(case):
    step = AffineMap(np.array(case[0]), np.array(case[1]))
    weights = np.ones(step.shape)
    np.testing.assert_allclose(step.then(step)(weights), step(step(weights)), atol=1e-10)
    np.testing.assert_allclose(step.damped(0.25)(weights), 0.75 * weights + 0.25 * step(weights), atol=1e-12)


def test_maps_of_wrong_shape_or_without_finite_numbers_are_refused():
    with pytest.raises(ShapeError):
        AffineMap(np.eye(3), np.zeros((2, 1)))
    with pytest.raises(ShapeError):
        AffineMap(np.zeros(3), np.zeros((3, 1)))
    with pytest.raises(NotFiniteError, match=r"A\[0, 1\]"):
        AffineMap(np.array([[1, np.nan], [0, 1]]), np.zeros((2, 1)))
    with pytest.raises(NotFiniteError, match=r"c\[1, 0\]"):
        AffineMap(np.eye(2), np.array([[0.0], [np.inf]]))
    with pytest.raises(ShapeError):
        AffineMap(np.eye(2), np.zeros((2, 1))).then(AffineMap(np.eye(2), np.zeros((2, 2))))
    with pytest.raises(ShapeError):
        AffineMap(np.eye(2), np.zeros((2, 1)))(np.zeros((2, 2)))
    with pytest.raises(ParameterError):
        AffineMap(np.eye(2), np.zeros((2, 1))).repeated(-1)


def test_a_rule_survives_its_mapping():
    rule = GradientDescent(7, 0.5, 0.25)
    assert rule_mapping(rule) == {
        "name": "gradient_descent",
        "steps": 7,
        "l2": 0.5,
        "learning_rate": 0.25,
        "damping": 1.0,
    }
    for every in (rule, MiniBatch(8, 3, 0.1, None, 5, 0.5), Proximal(0.5, 0.25, 0.125)):
        assert rule_from(rule_mapping(every)) == every
    assert rule_from({"name": "gradient_descent"}) == GradientDescent(50, 1e-3, None)
    assert rule_names() == ["gradient_descent", "mini_batch", "proximal"]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"name": "sorcery"}, "sorcery"),
        ({}, "None"),
        ([], "mapping"),
        ({"name": "gradient_descent", "momentum": 1}, "momentum"),
        ({"name": "gradient_descent", "steps": 0}, "steps"),
        ({"name": "gradient_descent", "steps": 1_000_001}, "steps"),
        ({"name": "gradient_descent", "steps": 2.0}, "steps"),
        ({"name": "gradient_descent", "steps": True}, "steps"),
        ({"name": "gradient_descent", "l2": -1e-9}, "l2"),
        ({"name": "gradient_descent", "l2": float("nan")}, "l2"),
        ({"name": "gradient_descent", "l2": "0"}, "l2"),
        ({"name": "gradient_descent", "learning_rate": 0}, "learning_rate"),
        ({"name": "gradient_descent", "damping": 0}, "damping"),
        ({"name": "gradient_descent", "damping": 1.01}, "damping"),
        ({"name": "mini_batch", "batch": 0}, "batch"),
        ({"name": "mini_batch", "epochs": 0}, "epochs"),
        ({"name": "mini_batch", "seed": -1}, "seed"),
        ({"name": "mini_batch", "steps": 5}, "steps"),
        ({"name": "proximal", "rho": 0}, "rho"),
        ({"name": "proximal", "rho": 0.000999}, r"rho is 0.000999; needs a number from 0\.001"),
        ({"name": "proximal", "rho": 0.5, "l2": 0.50001}, "l2 up to rho"),
        ({"name": "proximal", "damping": -1}, "damping"),
        ({"name": "gradient_descent", "learning_rate": float("inf")}, "learning_rate"),
    ],
)
def test_a_bad_rule_is_refused_by_name(mapping, message):
    with pytest.raises(ParameterError, match=message):
        rule_from(mapping)


def test_the_edges_of_a_rule_are_accepted():
    assert rule_from({"name": "gradient_descent", "steps": 1, "l2": 0, "learning_rate": None})
    assert rule_from({"name": "gradient_descent", "steps": 1_000_000, "l2": 0.0, "learning_rate": 1e-12})
    assert rule_from({"name": "proximal", "rho": 0.001, "l2": 0.001})


def test_few_steps_of_many_columns_are_as_much_work_as_many_of_few(monkeypatch):
    """100,000 steps of 4,096 columns would take two weeks; both edges, with 30 rows and 4 columns."""
    task = problem()
    steps = -(-len(task.X) // 2) * 3
    monkeypatch.setattr(mini_batch, "MOST_WORK", steps * task.shape[0] ** 3)
    MiniBatch(2, 3).visit(task)
    monkeypatch.setattr(mini_batch, "MOST_WORK", steps * task.shape[0] ** 3 - 1)
    with pytest.raises(ParameterError, match=f"{steps} steps with {task.shape[0]} columns"):
        MiniBatch(2, 3).visit(task)


def test_the_widest_model_and_the_most_steps_are_refused_at_once():
    wide = Problem(np.zeros((10_000, 1500)), np.zeros((10_000, 1)), 1.0, 0.0)
    began = time.process_time()
    with pytest.raises(ParameterError, match="at most 1185 are allowed"):
        MiniBatch(1, 10).visit(wide)
    assert time.process_time() - began < 1
