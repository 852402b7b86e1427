"""Two parties for ring-LWE: Capsule with a key, and a mine with real rows."""

from dataclasses import dataclass

import numpy as np
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.fixed_point import to_fixed
from openmined_syft.lattice.kernels import Kernel, kernel_names, load_kernel
from openmined_syft.models import Rows, build_family
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rules import GradientDescent
from tests.roles import linear

NEEDS = {"llvm": "llvmlite", "seal": "tenseal"}
BOUND = 4.0


@dataclass(frozen=True, eq=False)
class Visit:
    """A mine's map, weights to start from, and the integers that must come out."""

    map: AffineMap
    weights: np.ndarray

    @property
    def integers(self) -> list[list[int]]:
        """(A - I) W + c at 2^44, in Python's integers."""
        matrix = to_fixed(self.map.A - np.eye(len(self.map.A)), 22, "A - I").astype(object)
        start = to_fixed(self.weights, 22, "W").astype(object)
        offsets = np.rint(np.ldexp(self.map.c, 44)).astype(np.int64).astype(object)
        return (matrix @ start + offsets).tolist()


def real_visit(name: str) -> Visit:
    from sklearn.datasets import load_breast_cancer, load_digits

    load, family, outputs = {
        "breast cancer": (load_breast_cancer, "logistic", 1),
        "digits": (load_digits, "one_vs_rest", 10),
    }[name]
    X, y = load(return_X_y=True)
    X = np.clip((X - X.mean(0)) / np.where(X.std(0) > 1e-9, X.std(0), 1.0), -4, 4)
    made = linear(build_family(family, X.shape[1], outputs, {}))
    weights = np.random.default_rng(0).normal(size=made.weights_shape) * 0.5
    return Visit(made.compiled(Rows(X, y), GradientDescent(50)), weights)


def drawn_visit(d: int, k: int, seed: int = 0) -> Visit:
    """A contraction of the right kind, without data."""
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.normal(size=(d, d)))
    A = basis @ np.diag(random.uniform(0, 1, d)) @ basis.T
    return Visit(AffineMap(A, random.normal(size=(d, k)) * 0.1), random.uniform(-BOUND, BOUND, (d, k)))


@pytest.fixture(scope="session")
def capsule() -> RlwePrivateKey:
    return RlwePrivateKey.generate()


@pytest.fixture(scope="session")
def cancer() -> Visit:
    return real_visit("breast cancer")


@pytest.fixture(scope="session")
def digits() -> Visit:
    return real_visit("digits")


@pytest.fixture(params=kernel_names())
def kernel(request) -> Kernel:
    if request.param in NEEDS:
        pytest.importorskip(
            NEEDS[request.param], reason=f"the extra with {NEEDS[request.param]} is not installed"
        )
    return load_kernel(request.param)
