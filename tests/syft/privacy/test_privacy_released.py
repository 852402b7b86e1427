"""Training from a release: close to training on the records when noise is small, and never running away."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmined_syft.models import Rows, build_family
from openmined_syft.privacy import Clip, NoisedSums, ReleasedProblem, exact_sums
from openmined_syft.rules import GradientDescent, MiniBatch, Proximal, Rule
from tests.roles import linear

pytestmark = pytest.mark.usefixtures("seeded_noise")

RULES: list[Rule] = [
    GradientDescent(30),
    GradientDescent(30, learning_rate=50.0),
    MiniBatch(4096, 3),
    Proximal(0.1),
]


def flowers(rows: int = 300, *, outputs: int = 3):
    random = np.random.default_rng(5)
    y = random.integers(0, outputs, rows)
    X = random.normal(size=(rows, 4)) / 2 + np.eye(outputs, 4)[y] * 2
    return Rows(X, y)


def release(family, rows: Rows, rho: Fraction, clip: Clip | None = None) -> NoisedSums:
    return exact_sums(family.grid_rows(rows, clip or Clip(6.0, 1.0))).noised(rho)


@pytest.mark.parametrize("rule", [GradientDescent(30), Proximal(0.1)])
@pytest.mark.parametrize("name", ["one_vs_rest", "logistic", "linear", "ridge"])
def test_with_almost_no_noise_a_release_trains_as_the_records_do(name, rule):
    rows = flowers(outputs=2)
    family = linear(build_family(name, 4, 2 if name == "one_vs_rest" else 1, {}))
    exact = family.compiled(rows, rule)
    found = family.compiled(release(family, rows, Fraction(1 << 20)), rule)
    start = np.ones(family.weights_shape) / 4
    np.testing.assert_allclose(found(start), exact(start), atol=0.01)


@given(st.integers(0, 2**32 - 1), st.sampled_from([Fraction(1, 1 << 20), Fraction(1, 1000), Fraction(1, 8)]))
def test_whatever_the_noise_every_rule_contracts(seed, rho):
    """Three records under noise of up to a thousand times their size."""
    random = np.random.default_rng(seed)
    family = linear(build_family("one_vs_rest", 4, 3, {}))
    noised = release(family, Rows(random.normal(size=(3, 4)), random.integers(0, 3, 3)), rho)
    problem = ReleasedProblem(noised, family.curvature, family.target_offset)
    hessian = problem.hessian(0.0)
    np.testing.assert_array_equal(hessian, hessian.T)
    assert np.linalg.eigvalsh(hessian)[0] > 0
    assert problem.rows >= 1
    for rule in RULES:
        visit = family.compiled(noised, rule)
        assert np.linalg.norm(visit.A, 2) <= 1 + 1e-9
        assert np.isfinite(visit.c).all()


def test_a_public_step_size_that_would_run_away_is_cut_to_one_that_does_not():
    family, rows = linear(build_family("one_vs_rest", 4, 3, {})), flowers()
    noised = release(family, rows, Fraction(1, 8))
    cut, own = (family.compiled(noised, GradientDescent(30, learning_rate=rate)) for rate in (1e3, None))
    np.testing.assert_allclose(cut.A, own.A, atol=1e-12)
    slow = family.compiled(noised, GradientDescent(30, learning_rate=1e-6))
    np.testing.assert_allclose(slow.A, np.eye(5), atol=1e-3)


def test_the_number_of_records_is_known_from_the_noised_sums_only():
    family = linear(build_family("one_vs_rest", 4, 3, {}))
    counts = [
        ReleasedProblem(release(family, flowers(500), Fraction(1, 2)), 0.25, 0.5).rows for _ in range(20)
    ]
    assert len(set(counts)) > 1
    assert 350 < np.mean(counts) < 650
    assert not any(isinstance(value, int) and value == 500 for value in vars(release(
        family, flowers(500), Fraction(1, 2))).values())  # fmt: skip


def test_mini_batches_of_a_release_are_as_many_steps_on_all_of_it():
    family, rows = linear(build_family("one_vs_rest", 4, 3, {})), flowers()
    noised = release(family, rows, Fraction(1 << 10))
    problem = ReleasedProblem(noised, 0.25, 0.5)
    steps = 2 * -(-problem.rows // 50)
    batched = family.compiled(noised, MiniBatch(50, 2, l2=0.01))
    whole = family.compiled(noised, GradientDescent(steps, l2=0.01))
    np.testing.assert_allclose(batched.A, whole.A, atol=1e-10)
    np.testing.assert_allclose(batched.c, whole.c, atol=1e-10)


def test_a_default_release_of_a_few_hundred_records_still_teaches():
    family, rows = linear(build_family("one_vs_rest", 4, 3, {})), flowers(400)
    weights = family.compiled(release(family, rows, Fraction(1, 8), Clip(2.0, 1.0)), Proximal(0.01))
    predicted = family.predict(weights(family.initial_weights()), rows.X)
    assert (predicted == rows.y).mean() > 0.75


@pytest.mark.parametrize(("luck", "most"), [(-3, 0), (-2, 100), (0, 300), (2, 500)])
def test_how_many_records_there_are_at_most_allows_for_twice_the_spread_of_the_noise(luck, most):
    """A hundred records, under noise that is as large as all of them together."""
    clip = Clip(6.0, 1.0)
    records = clip.bias_unit**2
    variance = (100 * records) ** 2 // 2
    spread = math.sqrt(2 * variance)
    triangle = np.array([0, 0, 100 * records + round(luck * spread)])
    noised = NoisedSums(triangle, np.zeros((2, 1), np.int64), variance, variance, clip)
    assert noised.most_rows == pytest.approx(most, abs=1)
