"""The network in the clear: its gradient, its sizes, its weights, and which rows a mine trains it on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.studies.adam import Adam
from openmined_syft.ckks import slots
from openmined_syft.errors import LabelError, NotFiniteError, ParameterError, ShapeError
from openmined_syft.models import build_family
from openmined_syft.models.network import SquareNetwork
from openmined_syft.schemes import scheme_named
from tests.builders.changes import wrong
from tests.syft.neural.digits import DIGITS


def test_the_gradient_is_that_of_the_loss():
    network, random = SquareNetwork(9, 3, 16), np.random.default_rng(0)
    X, y = random.normal(size=(12, 9)), random.integers(0, 3, 12)
    weights, visit = network.drawn_weights(), network.visit(X, y)

    def loss(w):
        errors = network.scores(w, X) - np.eye(3)[y]
        return (errors**2).sum() / (2 * len(X))

    slope = visit.gradient(weights)
    np.testing.assert_array_equal(slope * (1 - network.used), 0)
    for row, column in [(0, 0), (8, 15), (16, 3), (18, 15)]:
        step = np.zeros_like(weights)
        step[row, column] = 1e-6
        numeric = (loss(weights + step) - loss(weights - step)) / 2e-6
        assert slope[row, column] == pytest.approx(numeric, abs=1e-6)


def test_a_bias_tells_a_row_from_its_negative_and_starts_as_nearly_linear():
    X = np.random.default_rng(2).normal(size=(40, 9))
    even, biased = SquareNetwork(9, 3, 16), SquareNetwork(9, 3, 16, bias=True)
    np.testing.assert_allclose(even.scores(even.drawn_weights(), X), even.scores(even.drawn_weights(), -X))
    weights = biased.drawn_weights()
    assert np.abs(biased.scores(weights, X) - biased.scores(weights, -X)).max() > 0.5
    np.testing.assert_array_equal(weights[9], 1.0)
    assert even.weights_shape == biased.weights_shape == (32, 16)
    assert biased.used.sum() == even.used.sum() + 16
    assert not (weights * (1 - biased.used)).any()
    assert SquareNetwork.build(9, 3, {"bias": True}, b"").n_inputs == 10


def test_a_network_with_a_bias_learns_a_linear_boundary_and_one_without_does_not():
    random = np.random.default_rng(3)
    X = random.normal(size=(600, 12))
    y = (X @ random.normal(size=12) > 0).astype(np.int64)
    scheme, reached = scheme_named("ckks"), {}
    for bias in (False, True):
        network = SquareNetwork(12, 2, 16, bias=bias)
        weights = network.initial_weights()
        for _ in range(3):
            slope = network.visit(X[:300], y[:300]).gradient(weights)
            moves = [found.difference for found in scheme.directions(network, weights, slope, X[300:])]
            weights += max(moves, key=lambda m: scheme.fit(network, weights + m, X[300:], y[300:]))
        reached[bias] = float((network.predict(weights, X[300:]) == y[300:]).mean())
    assert reached[True] > 0.85
    assert reached[False] < 0.65


def test_weights_go_into_slots_and_back():
    for network in (
        SquareNetwork(20, 5, 16),
        SquareNetwork(20, 5, 16, bias=True),
        DIGITS,
        SquareNetwork(128, 16, 32),
        SquareNetwork(64, 2, 64),
    ):
        weights = np.random.default_rng(1).normal(size=network.weights_shape) * network.used
        vectors = slots.weight_vectors(network, weights)
        assert len(vectors) == len(slots.model_levels(network))
        assert {len(vector) for vector in vectors} == {8192}
        read = [vectors[i] for i in slots.READ]
        np.testing.assert_array_equal(slots.weights_from(network, read), weights)


def test_of_equal_scores_the_lowest_label_wins():
    assert DIGITS.predict(np.zeros(DIGITS.weights_shape), np.ones((3, 64))).tolist() == [0, 0, 0]


def test_adam_is_adam_and_a_step_changes_no_state():
    start, slope = Adam(0.1), np.array([[1.0, -4.0]])
    difference, after = start.stepped(slope)
    np.testing.assert_allclose(difference, [[-0.1, 0.1]], atol=1e-6)
    second, _ = after.stepped(slope * 0)
    mean, square = 0.1 * 0.9 * slope / (1 - 0.81), 0.01 * 0.99 * slope**2 / (1 - 0.9801)
    np.testing.assert_allclose(second, -0.1 * mean / (np.sqrt(square) + 1e-6))
    np.testing.assert_array_equal(start.stepped(slope)[0], difference)
    np.testing.assert_array_equal(after.stepped(slope * 0)[0], second)
    with pytest.raises(ShapeError):
        after.stepped(np.zeros((2, 2)))
    with pytest.raises(NotFiniteError):
        after.stepped([[np.nan, 0]])
    with pytest.raises(NotFiniteError, match="too large"), np.errstate(over="ignore"):
        start.stepped([[1e200, 0]])
    for rate in (0.0, 1.1, float("nan")):
        with pytest.raises(ParameterError):
            Adam(rate)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((8, 10), "n_features"),
        ((129, 10), "n_features"),
        ((64, 1), "n_outputs"),
        ((64, 17), "n_outputs"),
        ((64, 10, 24), "hidden"),
        ((64, 10, 32.0), "hidden"),
        ((128, 10, 64), "do not fit"),
        ((64, 10, 32, -1), "seed"),
        ((64, 10, 32, 1 << 32), "seed"),
        ((64, 10, 32, True), "seed"),
        ((64, 10, 32, 0, 1), "bias"),
        ((7, 10, 32, 0, True), "n_features"),
        ((128, 10, 32, 0, True), "n_features"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, message):
    with pytest.raises(ParameterError, match=message):
        SquareNetwork(*sizes)


def test_the_edges_of_the_sizes_are_accepted():
    for sizes in ((9, 2, 16), (64, 16, 64), (128, 16, 32), (64, 10, 16), (8, 2, 16, 0, True)):
        assert SquareNetwork(*sizes).batch == 8192 // sizes[2]
    assert SquareNetwork.build(64, 10, {"hidden": 16}, b"seed").hidden == 16
    with pytest.raises(ParameterError, match="depth"):
        SquareNetwork.build(64, 10, {"depth": 2}, b"")


def test_the_initial_weights_come_from_the_specs_number_alone():
    first, second = (SquareNetwork.build(64, 10, {"seed": 7}, seed).drawn_weights() for seed in (b"a", b"b"))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(
        SquareNetwork.build(64, 10, {}, b"a").drawn_weights(), DIGITS.drawn_weights()
    )
    assert np.abs(first - DIGITS.drawn_weights()).max() > 0.1
    with pytest.raises(ParameterError, match="seed"):
        SquareNetwork.build(64, 10, {"seed": "7"}, b"")


def test_rows_that_cannot_be_learned_from_are_refused():
    X, y = np.zeros((257, 64)), np.zeros(257)
    with pytest.raises(ShapeError, match="257 rows; one encrypted gradient takes at most 256"):
        DIGITS.visit(X, y)
    with pytest.raises(ShapeError):
        DIGITS.visit(X[:5, :63], y[:5])
    with pytest.raises(LabelError):
        DIGITS.visit(X[:5], y[:5] + 10)
    for make in (DIGITS.visit, lambda X, y: DIGITS.batch_visit(X, y, version=0, salt=b"")):
        with pytest.raises(ShapeError):
            make(X[:5], y[:4])
        X[3, 2] = np.nan
        with pytest.raises(NotFiniteError, match=r"X\[3, 2\]"):
            make(X[:5], y[:5])
        X[3, 2] = 0
    for version in (-1, 1.0, 1 << 32):
        with pytest.raises(ParameterError, match="version"):
            DIGITS.batch_visit(X, y, version=wrong(version), salt=b"")


def test_batches_of_successive_versions_see_all_rows_and_repeat():
    count, batch = 600, DIGITS.batch
    X, y = np.zeros((count, 64)), np.arange(count) % 10
    X[:, 0], X[:, 1] = np.arange(count), y

    def rows(version, salt=b"mine"):
        visit = DIGITS.batch_visit(X, y, version=version, salt=salt)
        np.testing.assert_array_equal(visit.Y.argmax(axis=1), visit.X[:, 1])
        return visit.X[:, 0].astype(int).tolist()

    together = [row for version in range(75) for row in rows(version)]
    assert len(together) == 75 * batch == 32 * count
    assert np.bincount(together).tolist() == [32] * count
    assert rows(0) + rows(1) + rows(2)[: count - 2 * batch] == together[:count]
    assert sorted(together[:count]) == list(range(count))
    assert rows(3) == rows(3)
    assert rows(3) == rows(78)
    assert rows(3) != rows(3, b"other")
    # The shuffling is part of the protocol: a mine of another version repeats it.
    assert together[:5] == [325, 322, 499, 251, 38]
    few = DIGITS.batch_visit(X[:batch], y[:batch], version=9, salt=b"mine")
    np.testing.assert_array_equal(few.X[:, 0], np.arange(batch))


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 8.0))
def test_no_batch_has_a_larger_slope_than_its_rows_alone(seed, scale):
    network, random = SquareNetwork(9, 3, 16), np.random.default_rng(seed)
    X, y = random.normal(size=(12, 9)), random.integers(0, 3, 12)
    weights = scale * random.normal(size=network.weights_shape) * network.used
    most = network.largest_slope(weights, X, y)
    alone = [np.abs(network.visit(X[[i]], y[[i]]).gradient(weights)).max() for i in range(len(X))]
    assert max(alone) <= most * (1 + 1e-12)
    assert np.abs(network.visit(X, y).gradient(weights)).max() <= most * (1 + 1e-12)


def test_the_largest_slope_of_one_row_is_that_row_s():
    network = SquareNetwork(9, 3, 16)
    X, y = np.full((1, 9), 0.5), [1]
    exact = np.abs(network.visit(X, y).gradient(network.drawn_weights())).max()
    assert network.largest_slope(network.drawn_weights(), X, y) == pytest.approx(exact, rel=1e-12)


def test_a_slope_that_is_no_float_any_more_is_infinite():
    network = SquareNetwork(9, 3, 16)
    assert network.largest_slope(np.full(network.weights_shape, 1e120), np.ones((1, 9)), [0]) == np.inf


def test_a_network_is_trainable_up_to_a_quarter_of_what_a_ciphertext_holds():
    network, scheme = SquareNetwork(9, 3, 16), scheme_named("ckks")
    X, y, weights = np.ones((1, 9)), np.array([0]), network.drawn_weights()
    low, high = 1.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if network.largest_slope(weights * middle, X, y) <= 4096 else (low, middle)
    assert scheme.is_trainable(network, weights * low, X, y)
    assert not scheme.is_trainable(network, weights * high, X, y)
    assert scheme_named("paillier").is_trainable(
        build_family("linear", 9, 1, {}), np.full((10, 1), 1e9), X, y
    )
