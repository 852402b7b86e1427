"""Handwritten digits, and the network that the tests of this folder learn them with."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from openmined_syft.applying import quantised
from openmined_syft.models.network import NetworkVisit, SquareNetwork

DIGITS = SquareNetwork(64, 10)
WEIGHTS = quantised(DIGITS.drawn_weights())


def digits_split() -> tuple[np.ndarray, ...]:
    """X, X_test, y, y_test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16 - 0.3, y, test_size=0.25, random_state=0, stratify=y)


def digits_visit(rows: int, network: SquareNetwork = DIGITS) -> NetworkVisit:
    """A mine's visit on the first so many."""
    X, _, y, _ = digits_split()
    return network.visit(X[:rows], y[:rows])
