"""Scores in parts per million, rounded down; exact, so that the same predictions give the same score
everywhere.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import ParameterError, ShapeError
from openmined_syft.fixed_point import check_finite

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


def _whole_numbers(values: NDArray[np.float64]) -> list[int]:
    """The values times one power of two that makes all of them whole. Fractions would say the same a hundred
    times slower, and whoever names a validation set says how many there are.
    """
    ratios = [value.as_integer_ratio() for value in values.tolist()]
    most = max(bottom.bit_length() for _, bottom in ratios)
    return [top << (most - bottom.bit_length()) for top, bottom in ratios]


_METRICS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], int]] = {
    "accuracy": accuracy_ppm,
    "balanced_accuracy": balanced_accuracy_ppm,
    "macro_f1": macro_f1_ppm,
    "r2": r2_ppm,
    "absolute_error": absolute_error_ppm,
}


def metric_names() -> list[str]:
    """Names that `score_ppm` knows."""
    return list(_METRICS)


def score_ppm(metric: str, y_true: ArrayLike, y_pred: ArrayLike) -> int:
    """The score of predictions, 0 to 1,000,000, rounded down.

    Args:
        metric: "accuracy", "balanced_accuracy" or "macro_f1" (class indices); "r2" or "absolute_error"
            (numbers).
        y_true, y_pred: shape (n,), n >= 1.

    Raises:
        ParameterError: no such metric.
        ShapeError, NotFiniteError: the two do not fit, or hold no finite numbers.
    """
    if metric not in _METRICS:
        raise ParameterError(f"there is no metric {metric!r}; choose one of {metric_names()}")
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
