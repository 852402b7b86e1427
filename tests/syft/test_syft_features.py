"""Feature maps: the same for everybody, near what they stand for, and usable under encryption."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from openmined_syft.errors import NotFiniteError, ParameterError, ShapeError
from openmined_syft.features import RandomFourier, map_names
from openmined_syft.features.text import HashedText
from openmined_syft.models import build_family
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.training import train
from openmined_syft.rules import GradientDescent, Proximal
from tests.builders.feature_maps import EXAMPLES
from tests.roles import linear

CAMPAIGN = b"\x11" * 32


def test_fourier_features_are_fixed_for_all_time():
    rows = np.arange(6.0).reshape(2, 3)
    mapped = RandomFourier(3, 4, 0.1, CAMPAIGN).transform(rows)
    digest = hashlib.sha256(np.rint(mapped * 1e9).astype("<i8").tobytes()).hexdigest()
    assert digest == "34c8ef7602dbf4a7dcd97e4c430a61a77e8ce35813098fc002f91758921defde"


def test_fourier_features_approximate_the_gaussian_kernel():
    random = np.random.default_rng(0)
    rows, gamma = random.normal(size=(20, 5)), 0.1
    mapped = RandomFourier(5, 4096, gamma, CAMPAIGN).transform(rows)
    kernel = np.exp(-gamma * ((rows[:, None] - rows[None]) ** 2).sum(-1))
    assert np.abs(mapped @ mapped.T / 4096 - kernel).max() < 0.08
    assert np.abs(mapped).max() <= np.sqrt(2)


def test_another_seed_gives_another_map():
    rows = np.ones((1, 3))
    first, second = (RandomFourier(3, 8, 0.1, seed).transform(rows) for seed in (b"a", b"b"))
    assert not np.allclose(first, second)


def test_every_map_has_an_example_that_capsule_and_mine_are_tested_with():
    assert set(EXAMPLES) == set(map_names())


def test_rows_that_do_not_fit_are_refused():
    fourier = RandomFourier(3, 8)
    with pytest.raises(ShapeError, match="2 columns"):
        fourier.transform(np.ones((1, 2)))
    with pytest.raises(NotFiniteError):
        fourier.transform([[1.0, np.nan, 2.0]])
    with pytest.raises(ParameterError):
        RandomFourier(0, 8)
    assert RandomFourier(1, 1).width == 1


def test_a_text_classifier_learns_under_encryption(small_key):
    good, bad = "warm bright kind lovely calm", "cold dark cruel awful loud"
    texts = [f"{good.split()[i % 5]} {good.split()[i // 5]} x{i}" for i in range(25)]
    texts += [f"{bad.split()[i % 5]} {bad.split()[i // 5]} y{i}" for i in range(25)]
    y = np.r_[np.ones(25), np.zeros(25)]
    rows = HashedText(32).transform(texts)
    family = linear(build_family("logistic", 32, 1, {}))
    assert family.weights_shape == (33, 1)
    start = family.initial_weights()
    model = EncryptedModel.encrypt(start, small_key, version=0, weight_bound=8.0)
    visit = family.visit(rows, y, GradientDescent(200))
    learned = start + train(model, small_key.public, visit).decrypt(small_key)
    assert np.abs(learned - visit(start)).max() < 1e-6
    assert (family.predict(learned, rows) == y).mean() > 0.9


def digits_split(seed):
    X, y = load_digits(return_X_y=True)
    inside, outside, y_in, y_out = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)
    mean, spread = inside.mean(0), np.where(inside.std(0) > 0, inside.std(0), 1.0)
    scale = lambda Z: np.clip((Z - mean) / spread, -4, 4)  # noqa: E731
    return scale(inside), scale(outside), y_in, y_out


def encrypted_accuracy(family, rule, seed, key):
    """On rows nobody has seen, after one visit from zero."""
    X, X_test, y, y_test = digits_split(seed)
    start = family.initial_weights()
    model = EncryptedModel.encrypt(start, key, version=0, weight_bound=4.0)
    difference = train(model, key.public, family.visit(X, y, rule)).decrypt(key)
    return (family.predict(start + difference, X_test) == y_test).mean()


def twin_accuracy(family, rule, seed):
    X, X_test, y, y_test = digits_split(seed)
    weights = family.visit(X, y, rule)(family.initial_weights())
    return (family.predict(weights, X_test) == y_test).mean()


def test_digits_one_vs_rest_reaches_its_accuracy(capsule_key):
    family, rule = build_family("one_vs_rest", 64, 10, {}), GradientDescent(50, 0.0)
    encrypted = [encrypted_accuracy(family, rule, seed, capsule_key) for seed in range(5)]
    twin = [twin_accuracy(family, rule, seed) for seed in range(5)]
    assert np.mean(encrypted) >= 0.94
    assert np.abs(np.subtract(encrypted, twin)).max() <= 0.01


@pytest.mark.slow
def test_digits_on_512_fourier_features_reach_their_accuracy(capsule_key):
    features = {"name": "fourier", "count": 512, "gamma": 0.004}
    family = build_family("one_vs_rest", 64, 10, {"features": features}, seed=CAMPAIGN)
    rule = Proximal(0.003)
    twin = [twin_accuracy(family, rule, seed) for seed in range(5)]
    assert np.mean(twin) >= 0.98
    assert abs(encrypted_accuracy(family, rule, 0, capsule_key) - twin[0]) <= 0.01
