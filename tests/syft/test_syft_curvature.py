"""Steps from a slope: they solve the damped Gauss-Newton equations, and a greedy climb needs them."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from openmined_syft.errors import NotFiniteError, ShapeError
from openmined_syft.models.curvature import DAMPINGS, MOST_ROWS, curved_steps
from openmined_syft.models.network import SquareNetwork

SMALL = SquareNetwork(9, 2, 16)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def jacobian(network: SquareNetwork, weights: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Derivative of all scores, by central differences: (n * outputs, entries)."""
    columns = []
    for place in np.ndindex(network.weights_shape):
        step = np.zeros(network.weights_shape)
        step[place] = 1e-5
        ahead, behind = network.scores(weights + step, X), network.scores(weights - step, X)
        columns.append(((ahead - behind) / 2e-5).ravel())
    return np.array(columns).T


def test_they_solve_the_damped_equations(random):
    weights, X = SMALL.drawn_weights(), random.normal(size=(12, 9))
    slope = np.rint(SMALL.visit(X, random.integers(0, 2, 12)).gradient(weights) * 2**6) / 2**6
    J = jacobian(SMALL, weights, X) * SMALL.used.ravel()
    G = J.T @ J / len(X)
    steps = curved_steps(SMALL, weights, slope, X)
    assert tuple(steps) == DAMPINGS
    for damping, step in steps.items():
        exact = np.linalg.solve(G + damping * np.eye(len(G)), -slope.ravel())
        np.testing.assert_allclose(step.ravel(), exact, atol=1e-3 * np.abs(exact).max())


def test_what_does_not_exist_is_not_moved(random):
    weights, X = SMALL.drawn_weights(), random.normal(size=(12, 9))
    wild = random.normal(size=SMALL.weights_shape)  # also in the padding
    for step in curved_steps(SMALL, weights, wild, X).values():
        np.testing.assert_array_equal(step * (1 - SMALL.used), 0)
        assert np.abs(step).max() > 0


def test_the_error_of_a_decryption_does_not_get_into_the_weights(random):
    """But where it happens to lie on the edge between two steps of the grid: one entry in a hundred or so."""
    weights, X = SMALL.drawn_weights(), random.normal(size=(12, 9))
    slope = random.normal(size=SMALL.weights_shape) * SMALL.used
    on_grid = np.rint(slope * 2**8) / 2**8
    error = random.normal(size=slope.shape) * 1e-6 * np.abs(slope).max()
    for exact, decrypted in zip(
        curved_steps(SMALL, weights, on_grid, X).values(),
        curved_steps(SMALL, weights, on_grid + error, X).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(exact, decrypted)


@pytest.mark.parametrize("height", [0.0, 5e-324, 1e-310, 1e-201])
def test_no_slope_no_step(random, height):
    still = np.full(SMALL.weights_shape, height)
    for step in curved_steps(SMALL, SMALL.drawn_weights(), still, random.normal(size=(5, 9))).values():
        np.testing.assert_array_equal(step, 0)


def test_many_rows_are_thinned_out_evenly(random):
    weights, slope = SMALL.drawn_weights(), random.normal(size=SMALL.weights_shape)
    X = np.repeat(random.normal(size=(MOST_ROWS, 9)), 3, axis=0)
    (few, *_), (many, *_) = (list(curved_steps(SMALL, weights, slope, rows).values()) for rows in (X[::3], X))
    np.testing.assert_allclose(many, few, rtol=0.05, atol=0.05 * np.abs(few).max())


def test_what_does_not_fit_is_refused(random):
    weights, slope, X = SMALL.drawn_weights(), np.zeros(SMALL.weights_shape), random.normal(size=(5, 9))
    with pytest.raises(ShapeError):
        curved_steps(SMALL, weights[1:], slope, X)
    with pytest.raises(ShapeError):
        curved_steps(SMALL, weights, slope[1:], X)
    with pytest.raises(ShapeError):
        curved_steps(SMALL, weights, slope, X[:, 1:])
    with pytest.raises(ShapeError):
        curved_steps(SMALL, weights, slope, X[:0])
    slope[0, 0] = np.inf
    with pytest.raises(NotFiniteError):
        curved_steps(SMALL, weights, slope, X)


def climbed(bent: bool) -> float:
    """Accuracy after 20 slopes of random batches, moving only to what is better on 360 rows kept apart."""
    images, labels = load_digits(return_X_y=True)
    X, network = (images - 5) / 6, SquareNetwork(64, 10)
    weights, best = network.initial_weights(), 0.0
    for version in range(20):
        slope = network.batch_visit(X[360:], labels[360:], version=version, salt=b"").gradient(weights)
        ways = curved_steps(network, weights, slope, X[:360]).values() if bent else [-slope]
        for way in ways:
            for step in (0.125, 0.25, 0.5, 1.0, 2.0):
                accuracy = (network.predict(weights + step * way, X[:360]) == labels[:360]).mean()
                if accuracy > best:
                    best, better = accuracy, weights + step * way
        weights = better
    return best


def test_a_greedy_climb_needs_them():
    assert climbed(bent=True) >= 0.85
    assert climbed(bent=False) <= 0.75
