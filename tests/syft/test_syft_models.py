"""Model families: what they learn, how they break ties, which data they refuse."""

import numpy as np
import pytest
import sklearn.linear_model

from openmined_syft.errors import LabelError, NotFiniteError, ParameterError, ShapeError
from openmined_syft.models import build_family, family_names
from openmined_syft.rules import GradientDescent
from tests.roles import linear

RULE = GradientDescent(20, learning_rate=0.1)
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))


def test_the_families_exist_and_know_their_shapes():
    assert family_names() == ["linear", "ridge", "logistic", "one_vs_rest", "mlp"]
    for name, outputs in (("linear", 2), ("ridge", 1), ("logistic", 1), ("one_vs_rest", 4)):
        family = linear(build_family(name, 3, outputs, {}))
        assert (family.name, family.n_features, family.n_outputs) == (name, 3, outputs)
        assert family.weights_shape == (4, outputs)
        np.testing.assert_array_equal(family.initial_weights(), np.zeros((4, outputs)))
        design = family.design(X)
        np.testing.assert_array_equal(design[:, :3], X)
        np.testing.assert_array_equal(design[:, 3], 1.0)


def test_a_linear_visit_is_gradient_descent_on_the_squared_error():
    family, y = linear(build_family("linear", 3, 1, {})), X @ [1.0, -2.0, 3.0] + 0.5
    D, w = np.c_[X, np.ones(40)], np.zeros(4)
    for _ in range(20):
        w = w - 0.1 * (D.T @ (D @ w - y) / 40 + 1e-3 * np.r_[w[:3], 0])
    np.testing.assert_allclose(family.visit(X, y, RULE)(np.zeros((4, 1)))[:, 0], w, atol=1e-12)
    learned = family.visit(X, y, GradientDescent(5000, 0.0))(np.zeros((4, 1)))
    np.testing.assert_allclose(learned[:, 0], [1, -2, 3, 0.5], atol=1e-8)
    np.testing.assert_allclose(family.predict(learned, X), y, atol=1e-7)


def test_a_logistic_visit_is_gradient_descent_with_the_sigmoids_first_terms():
    family, y = linear(build_family("logistic", 3, 1, {})), (X[:, 0] > 0.2).astype(int)
    D, w = np.c_[X, np.ones(40)], np.zeros(4)
    for _ in range(20):
        w = w - 0.1 * (D.T @ (0.5 + D @ w / 4 - y) / 40 + 1e-3 * np.r_[w[:3], 0])
    weights = family.visit(X, y, RULE)(np.zeros((4, 1)))
    np.testing.assert_allclose(weights[:, 0], w, atol=1e-12)
    assert (family.predict(family.visit(X, y, GradientDescent())(weights), X) == y).mean() > 0.9


def test_ridge_reaches_what_scikit_learn_reaches():
    y = X @ [1.0, -2.0, 3.0] + RANDOM.normal(size=40)
    family = linear(build_family("ridge", 3, 1, {"alpha": 0.25}))
    weights = family.visit(X, y, GradientDescent(20_000, 0.0))(np.zeros((4, 1)))[:, 0]
    judge = sklearn.linear_model.Ridge(alpha=0.25 * len(X)).fit(X, y)
    np.testing.assert_allclose(weights, [*judge.coef_, judge.intercept_], atol=1e-9)


def test_one_vs_rest_is_one_logistic_model_for_each_class():
    y = RANDOM.integers(0, 4, 40)
    family, single = (
        linear(build_family("one_vs_rest", 3, 4, {})),
        linear(build_family("logistic", 3, 1, {})),
    )
    together = family.visit(X, y, RULE)(np.zeros((4, 4)))
    for label in range(4):
        alone = single.visit(X, y == label, RULE)(np.zeros((4, 1)))
        np.testing.assert_allclose(together[:, label], alone[:, 0], atol=1e-12)


def test_ties_go_to_the_lowest_label():
    family = linear(build_family("one_vs_rest", 1, 4, {}))
    weights = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 2.0, 0.0]])
    assert family.predict(weights, [[5.0]]).tolist() == [1]
    assert family.predict(np.zeros((2, 4)), [[5.0]]).tolist() == [0]
    assert build_family("logistic", 1, 1, {}).predict(np.zeros((2, 1)), [[5.0]]).tolist() == [0]


@pytest.mark.parametrize("name", ["linear", "logistic", "one_vs_rest"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_data_that_are_no_numbers_are_refused(name, bad):
    family = linear(build_family(name, 3, 2 if name == "one_vs_rest" else 1, {}))
    rows = X.copy()
    rows[7, 1] = bad
    with pytest.raises(NotFiniteError, match=r"X\[7, 1\]"):
        family.visit(rows, np.zeros(40), RULE)
    with pytest.raises(NotFiniteError):
        family.predict(family.initial_weights(), rows)
    with pytest.raises(NotFiniteError):
        family.predict(family.initial_weights() + bad, X)


@pytest.mark.parametrize("name", ["linear", "logistic", "one_vs_rest"])
def test_data_of_the_wrong_shape_are_refused(name):
    family = linear(build_family(name, 3, 2 if name == "one_vs_rest" else 1, {}))
    y = np.zeros(40)
    for rows, labels in (
        (X[:, :2], y),
        (X[:39], y),
        (X[:0], y[:0]),
        (X[0], y[:1]),
        (X, y[:, None, None]),
        ("text", y),
    ):
        with pytest.raises(ShapeError):
            family.visit(rows, labels, RULE)
    with pytest.raises(ShapeError):
        family.predict(np.zeros((3, 1)), X)


@pytest.mark.parametrize("bad", [-1, 2, 0.5, np.nan])
def test_labels_that_are_no_classes_are_refused(bad):
    y = np.zeros(40)
    y[3] = bad
    for name, outputs in (("logistic", 1), ("one_vs_rest", 2)):
        with pytest.raises(LabelError, match=r"label \[3\]"):
            linear(build_family(name, 3, outputs, {})).visit(X, y, RULE)
    with pytest.raises(LabelError):
        linear(build_family("logistic", 3, 1, {})).visit(X, ["a"] * 40, RULE)


def test_targets_that_are_no_numbers_are_refused():
    family, y = linear(build_family("linear", 3, 1, {})), np.zeros(40)
    y[4] = np.nan
    with pytest.raises(NotFiniteError, match=r"y\[4, 0\]"):
        family.visit(X, y, RULE)
    with pytest.raises(ShapeError):
        family.visit(X, ["a"] * 40, RULE)
    with pytest.raises(ShapeError):
        linear(build_family("linear", 3, 2, {})).visit(X, y, RULE)


@pytest.mark.parametrize(
    ("family", "features", "outputs", "parameters", "message"),
    [
        ("forest", 3, 1, {}, "forest"),
        ("linear", 0, 1, {}, "n_features"),
        ("linear", 1 << 24, 1, {}, "n_features"),
        ("linear", 2.0, 1, {}, "n_features"),
        ("linear", 3, 0, {}, "n_outputs"),
        ("logistic", 3, 2, {}, "n_outputs"),
        ("one_vs_rest", 3, 1, {}, "n_outputs"),
        ("one_vs_rest", 3, 4097, {}, "n_outputs"),
        ("linear", 3, True, {}, "n_outputs"),
        ("linear", 3, 1, {"depth": 3}, "depth"),
        ("linear", 3, 1, {"alpha": 3}, "alpha"),
        ("ridge", 3, 1, {"alpha": -1}, "alpha"),
        ("linear", 3, 1, {"features": "fourier"}, "mapping"),
        ("linear", 3, 1, {"features": {"name": "wavelet"}}, "wavelet"),
        ("linear", 3, 1, {"features": {"name": "fourier", "count": 0}}, "count"),
        ("linear", 3, 1, {"features": {"name": "fourier", "gamma": 0}}, "gamma"),
        ("linear", 3, 1, {"features": {"name": "fourier", "seed": b"mine"}}, "seed"),
        ("linear", 3, 1, {"features": {"name": "fourier", "count": 4097}}, "count"),
    ],
)
def test_a_family_that_is_none_is_refused(family, features, outputs, parameters, message):
    with pytest.raises(ParameterError, match=message):
        build_family(family, features, outputs, parameters)


def test_the_edges_of_the_sizes_are_accepted():
    assert linear(build_family("one_vs_rest", 1, 2, {}))
    assert linear(build_family("one_vs_rest", 4095, 4096, {}))
    assert linear(build_family("linear", (1 << 24) - 1, 1, {}))
