"""The metrics beside accuracy and R2: their definitions, their edges, and what tells them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    roc_auc_score,
)

from openmined_syft.errors import ShapeError
from openmined_syft.metrics import auc_ppm, log_loss_ppm, measure_ppm, score_ppm
from openmined_syft.models import build_family

PPM = 1_000_000
labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)
numbers = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=15)


@given(labels)
@pytest.mark.filterwarnings("ignore:y_pred contains classes")
@pytest.mark.filterwarnings("ignore:A single label")
def test_balanced_accuracy_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = zip(*pairs, strict=True)
    expected = balanced_accuracy_score(true, predicted)
    assert score_ppm("balanced_accuracy", true, predicted) == pytest.approx(expected * PPM, abs=1.01)


@given(labels)
def test_macro_f1_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = zip(*pairs, strict=True)
    expected = f1_score(true, predicted, average="macro", zero_division=0.0)
    assert score_ppm("macro_f1", true, predicted) == pytest.approx(expected * PPM, abs=1.01)


@given(numbers)
def test_the_absolute_error_is_measured_against_the_median(pairs: list[tuple[float, float]]) -> None:
    true, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    score = score_ppm("absolute_error", true, predicted)
    assert 0 <= score <= PPM
    spread = np.abs(true - np.median(true)).mean()
    if spread > 1e-3 * (1 + np.abs(true).max()):
        expected = max(0.0, 1 - mean_absolute_error(true, predicted) / spread)
        assert score == pytest.approx(expected * PPM, abs=1.01)


def test_always_saying_the_frequent_class_is_worth_little_where_classes_count_alike() -> None:
    true, constant = [0] * 9 + [1], [0] * 10
    assert score_ppm("accuracy", true, constant) == 900_000
    assert score_ppm("balanced_accuracy", true, constant) == 500_000
    assert score_ppm("macro_f1", true, constant) == 473_684


def test_one_row_far_off_costs_its_distance_and_not_its_square() -> None:
    true, predicted = [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 5.0]
    assert score_ppm("absolute_error", true, predicted) == 500_000
    assert score_ppm("r2", true, predicted) == 200_000


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_one_row_and_one_class(metric: str) -> None:
    assert score_ppm(metric, [2], [2]) == PPM
    assert score_ppm(metric, [2], [1]) == 0
    assert score_ppm(metric, [1, 1, 1], [1, 1, 1]) == PPM


def test_of_equal_true_values_only_exact_predictions_score() -> None:
    assert score_ppm("absolute_error", [2.0, 2.0], [2.0, 2.0]) == PPM
    assert score_ppm("absolute_error", [2.0, 2.0], [2.0, 2.0000001]) == 0
    assert score_ppm("absolute_error", [7.0], [7.0]) == PPM


def test_ties_between_the_middle_values_change_nothing() -> None:
    """Any median of an even number of rows gives the same baseline."""
    assert score_ppm("absolute_error", [0.0, 1.0, 3.0, 4.0], [0.0, 1.0, 3.0, 3.0]) == 833_333


def test_scores_are_rounded_down() -> None:
    assert score_ppm("balanced_accuracy", [0, 0, 0], [0, 0, 1]) == 666_666
    assert score_ppm("macro_f1", [0, 0, 1], [0, 1, 1]) == 666_666  # two thirds for both classes


# --- the area under the ROC curve ------------------------------------------------------------------------

scored = st.lists(st.tuples(st.integers(0, 1), st.integers(-3, 3)), min_size=2, max_size=30)


@given(scored)
def test_the_area_agrees_with_scikit_learn_ties_included(pairs: list[tuple[int, int]]) -> None:
    true, scores = (np.array(side, float) for side in zip(*pairs, strict=True))
    if len(set(true)) == 2:
        expected = roc_auc_score(true, scores) * PPM
        assert auc_ppm(true, scores[:, None]) == pytest.approx(expected, abs=1.01)


def test_the_area_of_several_classes_is_the_mean_over_those_that_occur() -> None:
    true = np.array([0.0, 0, 1, 1, 1])
    scores = np.array([[3.0, 0, 9], [1, 2, 9], [2, 1, 9], [0, 3, 9], [0, 3, 9]])
    columns = [roc_auc_score(true == label, scores[:, label]) for label in (0, 1)]
    assert auc_ppm(true, scores) == int(np.mean(columns) * PPM)


@pytest.mark.parametrize("true", [[1.0], [0.0, 0.0], [1.0, 1.0, 1.0]])
def test_one_row_or_one_class_tells_nothing_apart(true: list[float]) -> None:
    scores = np.arange(len(true), dtype=float)[:, None]
    assert auc_ppm(np.array(true), scores) == 500_000


def test_the_last_bits_of_a_score_decide_nothing() -> None:
    true, close = np.array([1.0, 0.0]), np.array([[1.0], [1.0 + 2.0**-40]])
    assert auc_ppm(true, close) == 500_000
    assert auc_ppm(true, np.array([[1.0], [1.0 + 2.0**-20]])) == 0


def test_the_area_does_not_ask_where_the_border_is() -> None:
    """A bias that calls every row the first class costs accuracy all, and the order of the scores nothing."""
    family = build_family("logistic", 1, 1, {})
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0, 0, 1, 1]
    weights = np.array([[1.0], [-7.0]])
    assert measure_ppm("accuracy", family, weights, X, y) == 500_000
    assert measure_ppm("auc", family, weights, X, y) == PPM
    assert measure_ppm("auc", family, -weights, X, y) == 0
    with pytest.raises(ShapeError):
        measure_ppm("auc", family, weights, X, y[:-1])


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@given(st.integers(1, 5), st.integers(1, 30), st.floats(0.01, 20), st.integers(0, 2**32))
def test_the_logarithmic_loss_agrees_with_scikit_learn(
    columns: int, rows: int, size: float, seed: int
) -> None:
    draw, classes = np.random.default_rng(seed), max(columns, 2)
    scores, true = size * draw.standard_normal((rows, columns)), draw.integers(0, classes, rows)
    both = scores if columns > 1 else np.hstack([np.zeros_like(scores), scores])
    loss = log_loss(true, softmax(both), labels=range(classes))
    expected = max(0.0, 1 - loss / np.log(classes)) * PPM
    assert log_loss_ppm(true.astype(float), scores) == pytest.approx(expected, abs=2 + size)


@pytest.mark.parametrize("columns", [1, 2, 3, 7, 4096])
def test_a_model_that_knows_nothing_scores_nothing_and_a_sure_one_nearly_all(columns: int) -> None:
    true = np.array([0.0, 1.0, 1.0])
    assert log_loss_ppm(true, np.zeros((3, columns))) == 0
    sure = np.zeros((3, columns))
    if columns == 1:
        sure[:, 0] = [-40, 40, 40]
    else:
        sure[[0, 1, 2], [0, 1, 1]] = 40
    assert log_loss_ppm(true, sure) == PPM
    assert log_loss_ppm(1.0 - true, sure) == 0  # sure and wrong: never below nothing


def test_one_row_and_one_class_are_measured_like_any_other() -> None:
    assert log_loss_ppm(np.array([1.0]), np.array([[0.0]])) == 0
    half_sure = log_loss_ppm(np.array([1.0]), np.array([[1.0]]))
    assert half_sure == int((1 - np.log(1 + np.exp(-1)) / np.log(2)) * PPM)
    assert log_loss_ppm(np.ones(5), np.ones((5, 1))) == half_sure


def test_scores_without_measure_cost_a_bounded_amount() -> None:
    true = np.array([0.0, 1.0])
    assert log_loss_ppm(true, np.array([[1e300, 0.0], [0.0, 1e300]])) == PPM
    assert log_loss_ppm(true, np.array([[0.0, 1e300], [0.0, 1e300]])) == 0
    assert log_loss_ppm(np.array([1.0]), np.array([[2.0**-24]])) == 0  # less than a multiple of 2^-22
