"""The tables that are played: small ones that scikit-learn brings along, and one with a rare class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris


@dataclass(frozen=True, eq=False)
class Table:
    """Records as a plan encodes them: each column by its mean and its spread, clipped to four of them.

    Attributes:
        X: (n, columns). y: (n,), classes from 0 on, or numbers about 0.
        family: the linear family that `sonar campaign draft` takes. classes: how many; 0 of numbers.
    """

    name: str
    family: str
    classes: int
    X: NDArray[np.float64] = field(repr=False)
    y: NDArray[Any] = field(repr=False)

    @property
    def columns(self) -> int:
        """Of a model's weights."""
        return self.classes if self.family == "one_vs_rest" else 1


def _table(name: str, family: str, classes: int, X: Any, y: Any) -> Table:
    spread = X.std(0)
    scaled = np.clip((X - X.mean(0)) / np.where(spread > 0, spread, 1), -4, 4)
    return Table(name, family, classes, scaled, y)


def digits() -> Table:
    """1,797 images of 8 x 8 pixels, ten classes."""
    X, y = load_digits(return_X_y=True)
    return Table("digits", "one_vs_rest", 10, (X - 5) / 6, y)


def one_digit() -> Table:
    """The same, where the question is whether it is an eight: a class of 10 %."""
    X, y = load_digits(return_X_y=True)
    return Table("one digit of ten", "logistic", 2, (X - 5) / 6, (y == 8).astype(np.int64))


def breast_cancer(*, frequent_first: bool = True) -> Table:
    """569 records of 30 measures, two classes; class 0, which the first model names, has 63 % or 37 %."""
    X, y = load_breast_cancer(return_X_y=True)
    return _table("breast cancer", "logistic", 2, X, 1 - y if frequent_first else y)


def irises() -> Table:
    """150 records of 4 measures, three classes."""
    return _table("irises", "one_vs_rest", 3, *load_iris(return_X_y=True))


def diabetes() -> Table:
    """442 records of 10 measures, and how the illness went on: a number."""
    X, y = load_diabetes(return_X_y=True)
    return _table("diabetes", "ridge", 0, X, (y - y.mean()) / y.std())


def rare_illness() -> Table:
    """The records of breast cancer where all but 40 of the ill are left out: a class of 10 %."""
    whole = breast_cancer()
    kept = np.sort(np.concatenate([np.flatnonzero(whole.y == 0), np.flatnonzero(whole.y == 1)[:40]]))
    return Table("a rare illness", "logistic", 2, whole.X[kept], whole.y[kept])
