"""Data, plaintext visits and encrypted models the rows share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

from openmined_syft.affine import AffineMap
from openmined_syft.models import build_family
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.rules import GradientDescent

Matrix = NDArray[np.float64]
STEPS = 50
BOUND = 4.0


@dataclass(frozen=True)
class Workload:
    """Rows with a bias column, labels, starting weights, and 50 gradient steps on them as one map."""

    name: str
    X: Matrix
    y: NDArray[np.int64]
    weights: Matrix
    visit: AffineMap

    @property
    def design(self) -> Matrix:
        return np.hstack([self.X, np.ones((len(self.X), 1))])

    def encrypted(self, key: PrivateKey) -> EncryptedModel:
        return EncryptedModel.encrypt(self.weights, key, version=0, weight_bound=BOUND)


def _workload(name: str, X: Matrix, y: NDArray[np.int64], family: str, outputs: int) -> Workload:
    spread = np.where(X.std(0) > 0, X.std(0), 1.0)
    X = np.clip((X - X.mean(0)) / spread, -4, 4)
    model = build_family(family, X.shape[1], outputs, {})
    weights = np.random.default_rng(0).normal(size=model.weights_shape) * 0.1
    return Workload(name, X, y, weights, model.visit(X, y, GradientDescent(STEPS)))


def digits() -> Workload:
    """1,797 x 64, 10 classes."""
    X, y = load_digits(return_X_y=True)
    return _workload("digits 65 x 10", X, y, "one_vs_rest", 10)


def breast_cancer() -> Workload:
    """569 x 30, 2 classes."""
    X, y = load_breast_cancer(return_X_y=True)
    return _workload("breast cancer 31 x 1", X, y, "logistic", 1)


def framingham_like() -> Workload:
    """780 x 9 random rows with the size of the Framingham set that TenSEAL's tutorial uses; labels from a
    model.
    """
    random = np.random.default_rng(73)
    X = random.normal(size=(780, 9))
    y = (X @ random.normal(size=9) + random.normal(size=780) > 0).astype(np.int64)
    return _workload("Framingham-like 10 x 1", X, y, "logistic", 1)
