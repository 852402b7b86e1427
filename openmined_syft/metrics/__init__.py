"""Scores in parts per million, rounded down; exact, so that the same predictions give the same score
everywhere.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ParameterError, ShapeError
from openmined_syft.fixed_point import WEIGHT_BITS, check_finite
from openmined_syft.metrics.log_loss import log_loss_ratio
from openmined_syft.models import ModelFamily

PPM = 1_000_000


def accuracy_ppm(y_true: NDArray[np.float64], y_pred: NDArray[np.float64]) -> int:
    """floor(10^6 * share of equal labels)."""
    return int((y_true == y_pred).sum()) * PPM // len(y_true)


def r2_ppm(y_true: NDArray[np.float64], y_pred: NDArray[np.float64]) -> int:
    """floor(10^6 * max(0, 1 - sum (y - p)^2 / sum (y - mean y)^2)), in exact whole numbers.

    Where all y are equal the quotient has no meaning: the score is 10^6 for exact predictions and 0
    otherwise.
    """
    rows = len(y_true)
    whole = _whole_numbers(np.concatenate([y_true, y_pred]))
    true, predicted = whole[:rows], whole[rows:]
    residual = rows * sum((y - p) ** 2 for y, p in zip(true, predicted, strict=True))
    spread = rows * sum(y * y for y in true) - sum(true) ** 2  # rows * sum (y - mean y)^2
    if not spread:
        return PPM if not residual else 0
    return max(0, (spread - residual) * PPM // spread)


def balanced_accuracy_ppm(y_true: NDArray[np.float64], y_pred: NDArray[np.float64]) -> int:
    """floor(10^6 * mean over the classes that occur of the share of their rows that is predicted right).

    A rare class counts as much as a frequent one. With one class it is the accuracy.
    """
    shares = []
    for label in np.unique(y_true):
        rows = y_true == label
        shares.append(Fraction(int((y_pred[rows] == label).sum()), int(rows.sum())))
    return floor(sum(shares) / len(shares) * PPM)


def macro_f1_ppm(y_true: NDArray[np.float64], y_pred: NDArray[np.float64]) -> int:
    """floor(10^6 * mean of 2 hits / (rows of the class + rows predicted as it)), over the classes that occur
    or are predicted.

    Predicting a rare class too often costs as much as missing it.
    """
    values = []
    for label in np.unique(np.concatenate([y_true, y_pred])):
        true, predicted = y_true == label, y_pred == label
        values.append(Fraction(2 * int((true & predicted).sum()), int(true.sum()) + int(predicted.sum())))
    return floor(sum(values) / len(values) * PPM)


def absolute_error_ppm(y_true: NDArray[np.float64], y_pred: NDArray[np.float64]) -> int:
    """floor(10^6 * max(0, 1 - sum |y - p| / sum |y - median y|)), in exact whole numbers.

    One row that is far off costs as much as it is off, not its square. Where all y are equal the quotient has
    no meaning: the score is 10^6 for exact predictions and 0 otherwise.
    """
    rows = len(y_true)
    whole = _whole_numbers(np.concatenate([y_true, y_pred]))
    true, predicted = whole[:rows], whole[rows:]
    median = sorted(true)[(rows - 1) // 2]  # any number between the two middle ones gives the same sum
    spread = sum(abs(y - median) for y in true)
    error = sum(abs(y - p) for y, p in zip(true, predicted, strict=True))
    if not spread:
        return PPM if not error else 0
    return max(0, (spread - error) * PPM // spread)


def auc_ppm(y_true: NDArray[np.float64], scores: NDArray[np.float64]) -> int:
    """floor(10^6 * mean over the classes of the area under the ROC curve of their column of scores): how
    often a row of the class scores higher than a row of another, where equal scores count half.

    Scores of one column tell class 1 from class 0. They are rounded to multiples of 2^-22, as weights are, so
    that the last bits of a sum decide nothing. A class without rows, or with all of them, has no area;
    without any area the score is 500,000, as nothing was told apart.
    """
    rounded = np.rint(np.ldexp(scores, WEIGHT_BITS))
    columns = {1: rounded[:, 0]} if rounded.shape[1] == 1 else dict(enumerate(rounded.T))
    areas = []
    for label, column in columns.items():
        inside, outside = column[y_true == label], np.sort(column[y_true != label])
        if len(inside) and len(outside):
            below = np.searchsorted(outside, inside, "left") + np.searchsorted(outside, inside, "right")
            areas.append(Fraction(int(below.sum()), 2 * len(inside) * len(outside)))
    return floor(sum(areas) / len(areas) * PPM) if areas else PPM // 2


def log_loss_ppm(y_true: NDArray[np.float64], scores: NDArray[np.float64]) -> int:
    """floor(10^6 * max(0, 1 - log loss / log loss of a model that gives every class the same probability)),
    with the softmax of the scores as probabilities, in whole numbers (see `openmined_syft.metrics.log_loss`).

    It asks whether the probabilities are right, not only the order: who is sure and wrong pays for it. One
    class or one row is measured like any other, and equal scores come to 0.
    """
    cost, even = log_loss_ratio(y_true, scores)
    return max(0, (even - cost) * PPM // even)


def _whole_numbers(values: NDArray[np.float64]) -> list[int]:
    """The values times one power of two that makes all of them whole. Fractions would say the same a hundred
    times slower, and whoever names a validation set says how many there are.
    """
    ratios = [value.as_integer_ratio() for value in values.tolist()]
    most = max(bottom.bit_length() for _, bottom in ratios)
    return [top << (most - bottom.bit_length()) for top, bottom in ratios]


# The first of each is what a plan gets that names none. A new metric needs its line here, and nowhere else.
_OF_CLASSES = {
    "accuracy": accuracy_ppm,
    "balanced_accuracy": balanced_accuracy_ppm,
    "macro_f1": macro_f1_ppm,
}
_OF_NUMBERS = {"r2": r2_ppm, "absolute_error": absolute_error_ppm}
_METRICS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], int]] = {
    **_OF_CLASSES,
    **_OF_NUMBERS,
}


_BY_SCORES: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], int]] = {
    "auc": auc_ppm,
    "log_loss": log_loss_ppm,
}
"""Metrics of the scores (n, k) that a model gives, not of what it predicts by them."""


def metric_names(*, numbers: bool | None = None) -> list[str]:
    """Names that `measure_ppm` knows: all, those for numbers (True), or those for classes (False)."""
    of_classes = [*_OF_CLASSES, *_BY_SCORES]
    if numbers is None:
        return [*of_classes, *_OF_NUMBERS]
    return list(_OF_NUMBERS) if numbers else of_classes


def measure_ppm(metric: str, family: ModelFamily, weights: ArrayLike, X: ArrayLike, y_true: ArrayLike) -> int:
    """The metric of a model with these weights (d, k) on encoded rows X (n, n_features), in ppm.

    Raises as `score_ppm`, and what the family raises for rows that do not fit.
    """
    if metric not in _BY_SCORES:
        return score_ppm(metric, y_true, family.predict(weights, X))
    true, scores = np.asarray(y_true, np.float64), family.scores(weights, X)
    if true.shape != (len(scores),) or not len(true):
        raise ShapeError(f"labels of shape {true.shape} for {len(scores)} rows; needs one per row")
    check_finite(scores, "scores")
    return _BY_SCORES[metric](true, scores)


def score_ppm(metric: str, y_true: ArrayLike, y_pred: ArrayLike) -> int:
    """The score of predictions, 0 to 1,000,000, rounded down.

    Args:
        metric: one of `metric_names()` that measures predictions: of class indices, or of numbers.
        y_true, y_pred: shape (n,), n >= 1.

    Raises:
        ParameterError: no such metric.
        ShapeError, NotFiniteError: the two do not fit, or hold no finite numbers.
    """
    if metric not in _METRICS:
        raise ParameterError(f"there is no metric {metric!r} of predictions; choose one of {list(_METRICS)}")
    try:
        true, predicted = (np.asarray(values, np.float64) for values in (y_true, y_pred))
    except (TypeError, ValueError):
        raise ShapeError("labels and predictions must be numbers") from None
    if true.ndim != 1 or true.shape != predicted.shape or not len(true):
        raise ShapeError(
            f"labels of shape {true.shape} and predictions of shape {predicted.shape}; needs (n,) twice"
        )
    check_finite(true, "y_true")
    check_finite(predicted, "y_pred")
    return _METRICS[metric](true, predicted)
