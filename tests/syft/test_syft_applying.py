"""Capsule's steps along a difference, and the scores that decide about money."""

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import r2_score

from openmined_syft.applying import candidate, clipped, quantised
from openmined_syft.errors import NotFiniteError, ParameterError, ShapeError
from openmined_syft.metrics import metric_names, score_ppm
from openmined_syft.paillier.encrypted import EncryptedModel

WEIGHTS = np.array([[1.0, -1.0], [0.5, 0.0]])
MOVE = np.array([[1.0, 0.0], [0.0, -2.0]])


def test_a_candidate_is_the_step_along_the_difference():
    result = candidate(WEIGHTS, MOVE, 0.5)
    np.testing.assert_array_equal(result, [[1.5, -1.0], [0.5, -1.0]])


def test_what_is_measured_is_what_is_encrypted(small_key):
    result = candidate(WEIGHTS, np.full((2, 2), 0.1), 0.125)
    encrypted = EncryptedModel.encrypt(result, small_key, version=1, weight_bound=2.0)
    np.testing.assert_array_equal(encrypted.decrypt(small_key), result)
    np.testing.assert_array_equal(quantised(result), result)


@pytest.mark.parametrize("step", [0, -1, np.nan, np.inf])
def test_a_step_that_is_none_is_refused(step):
    with pytest.raises(ParameterError, match="step"):
        candidate(WEIGHTS, MOVE, step)


def test_a_difference_that_does_not_fit_is_refused():
    with pytest.raises(ShapeError):
        candidate(WEIGHTS, MOVE[:1], 1)
    with pytest.raises(NotFiniteError):
        candidate(WEIGHTS, MOVE * np.nan, 1)


def test_a_difference_is_left_alone_at_the_limit_of_its_norm_and_scaled_down_above():
    np.testing.assert_array_equal(clipped([[3.0], [4.0]], 5.0), [[3.0], [4.0]])
    np.testing.assert_allclose(clipped([[3.0], [4.0]], 2.5), [[1.5], [2.0]], rtol=1e-15)
    np.testing.assert_array_equal(clipped([[0.0], [0.0]], 1e-6), [[0.0], [0.0]])


@given(arrays(np.float64, (3, 2), elements=st.floats(-1e308, 1e308)), st.floats(1e-6, 1e9))
def test_clipping_keeps_the_direction_and_nothing_is_longer_than_the_limit(difference, limit):
    result = clipped(difference, limit)
    assert np.linalg.norm(result) <= limit * (1 + 1e-12)
    largest = np.unravel_index(np.abs(difference).argmax(), difference.shape)
    if difference[largest]:
        ratio = result[largest] / difference[largest]
        assert 0 < ratio <= 1
        np.testing.assert_allclose(result, difference * ratio, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("limit", [0.0, -1.0, np.nan, np.inf])
def test_a_limit_of_the_norm_that_is_none_is_refused(limit):
    with pytest.raises(ParameterError, match="norm"):
        clipped(MOVE, limit)


def test_what_is_no_finite_difference_is_not_clipped():
    with pytest.raises(NotFiniteError):
        clipped(np.full((2, 2), np.inf), 1.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_accuracy_is_the_share_of_equal_labels_rounded_down(pairs):
    true, predicted = zip(*pairs, strict=True)
    right = sum(a == b for a, b in pairs)
    assert score_ppm("accuracy", true, predicted) == int(Fraction(right, len(pairs)) * 1_000_000)


def test_accuracy_rounds_down_not_to_nearest():
    assert score_ppm("accuracy", [0] * 3, [0, 0, 1]) == 666_666
    assert score_ppm("accuracy", [0] * 3, [0, 0, 0]) == 1_000_000


numbers = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=20))
def test_r2_agrees_with_scikit_learn_and_stays_in_range(pairs):
    true, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    score = score_ppm("r2", true, predicted)
    assert 0 <= score <= 1_000_000
    if true.std() > 1e-3 * (1 + np.abs(true).max()):
        assert score == pytest.approx(max(0.0, r2_score(true, predicted)) * 1e6, abs=1.01)


def test_r2_is_exact_where_floats_are_not():
    assert score_ppm("r2", [1e15, 1e15 + 1], [1e15, 1e15 + 1]) == 1_000_000
    assert score_ppm("r2", [0.0, 3.0], [0.0, 2.0]) == 777_777
    assert score_ppm("r2", [1.0, 2.0], [9.0, -9.0]) == 0


def test_r2_of_constant_targets():
    assert score_ppm("r2", [2.0, 2.0], [2.0, 2.0]) == 1_000_000
    assert score_ppm("r2", [2.0, 2.0], [2.0, 2.1]) == 0


def test_scores_that_cannot_be_taken_are_refused():
    of_predictions = {"accuracy", "balanced_accuracy", "macro_f1", "r2", "absolute_error"}
    assert set(metric_names()) == of_predictions | {"auc", "log_loss"}
    with pytest.raises(ParameterError, match="karma"):
        score_ppm("karma", [1], [1])
    for metric in of_predictions:
        with pytest.raises(ShapeError):
            score_ppm(metric, [], [])
        with pytest.raises(ShapeError):
            score_ppm(metric, [1, 2], [1])
        with pytest.raises(ShapeError):
            score_ppm(metric, [[1]], [[1]])
        with pytest.raises(ShapeError):
            score_ppm(metric, ["a"], ["a"])
        with pytest.raises(NotFiniteError):
            score_ppm(metric, [1.0, np.nan], [1.0, 2.0])


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=12))
def test_r2_is_its_definition_in_fractions(pairs):
    true, predicted = ([Fraction(value) for value in side] for side in zip(*pairs, strict=True))
    mean = sum(true) / len(true)
    spread = sum((y - mean) ** 2 for y in true)
    residual = sum((y - p) ** 2 for y, p in zip(true, predicted, strict=True))
    expected = max(0, (1 - residual / spread) * 1_000_000 // 1) if spread else (not residual) * 1_000_000
    assert score_ppm("r2", *(np.array(side) for side in zip(*pairs, strict=True))) == expected


def test_r2_of_numbers_chosen_to_be_slow():
    """Numbers of all magnitudes: a validation set of 20,000 of them may not hold up a Capsule for seconds."""
    values = np.ldexp(np.random.default_rng(1).random(20_000), -np.arange(20_000) % 1000)
    began = time.process_time()
    assert score_ppm("r2", values, values) == 1_000_000
    assert time.process_time() - began < 2
