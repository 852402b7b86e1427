"""A campaign in plain numbers does what the encrypted one does, and refuses what a mine would refuse."""

from __future__ import annotations

import numpy as np
import pytest

from openmined_syft.applying import quantised
from openmined_syft.errors import BoundError
from openmined_syft.judging.plain_campaign import PlainCampaign, climb
from openmined_syft.models import Rows, build_family
from openmined_syft.rules import GradientDescent
from openmined_syft.schemes import scheme_named

STEPS = (0.125, 0.25, 0.5, 1.0, 2.0)


def rows(count, *, seed=0, columns=9, shift=0.0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(count, columns))
    weights = np.random.default_rng(99).normal(size=columns)
    return Rows(X, (X @ weights + shift > 0).astype(np.float64))


def campaign(name, scheme, validation, *, metric="accuracy", parameters=None, bits=None, **changes):
    outputs = 2 if name in ("mlp", "one_vs_rest") else 1
    of = scheme_named(scheme)
    return PlainCampaign(
        family=build_family(name, validation.X.shape[1], outputs, parameters or {}),
        scheme=of,
        rule=None if name == "mlp" else GradientDescent(20),
        metric=metric,
        steps=STEPS,
        weight_bound=8.0,
        difference_norm=changes.get("difference_norm", 1000.0),
        key_bits=bits or of.key_sizes[0],
        X=validation.X,
        y=validation.y,
    )


@pytest.mark.parametrize("scheme", ["paillier", "rlwe"])
def test_the_plain_gradient_is_what_the_mines_ciphertexts_hold(scheme):
    bits = 2048 if scheme == "paillier" else None
    plain = campaign("logistic", scheme, rows(40), bits=bits)
    of, weights = plain.scheme, quantised(np.random.default_rng(1).normal(size=(10, 1)))
    key = of.generate(plain.key_bits)
    visit = plain.visit(rows(60, seed=2))
    model = of.encrypt(weights, key, plain.family, version=0, weight_bound=8.0)
    sent = of.train(model, of.public_half(key, plain.family), visit).decrypt(key)
    np.testing.assert_allclose(plain.gradient(weights, visit), sent, atol=1e-5)


@pytest.mark.parametrize(("scheme", "bits"), [("paillier", 2048), ("rlwe", 8192)])
def test_a_visit_that_a_mine_would_refuse_is_refused_here(scheme, bits):
    learned = rows(50)
    plain = campaign("linear", scheme, learned, metric="r2", bits=bits)
    far = Rows(learned.X, learned.y * 1e6)
    of, key = plain.scheme, plain.scheme.generate(bits)
    model = of.encrypt(plain.first, key, plain.family, version=0, weight_bound=8.0)
    with pytest.raises(BoundError) as refused:
        plain.gradient(plain.first, plain.visit(far))
    with pytest.raises(BoundError) as at_the_mine:
        of.train(model, of.public_half(key, plain.family), plain.visit(far))
    assert str(refused.value) == str(at_the_mine.value)


def test_a_networks_slope_beyond_a_ciphertext_is_refused():
    learned = rows(50)
    plain = campaign("mlp", "ckks", learned, parameters={"hidden": 16})
    assert plain.gradient(plain.first, plain.visit(learned)).shape == plain.first.shape
    with pytest.raises(BoundError, match="16384"):
        plain.gradient(plain.first, plain.visit(Rows(learned.X * 1000, learned.y)))


def test_gradients_are_clipped_to_the_specs_norm_as_capsule_does_it():
    learned = rows(50)
    short = campaign("logistic", "paillier", learned, difference_norm=0.01)
    gradient = short.gradient(short.first, short.visit(learned))
    assert np.linalg.norm(gradient) == pytest.approx(0.01)


def test_a_climb_pays_each_gain_up_to_the_target_and_ends_there_or_at_rest():
    plain = campaign("logistic", "paillier", rows(200))
    mines = {"a": rows(80, seed=1), "b": rows(80, seed=2)}
    rest = climb(plain, mines, target=1_000_000, min_gain=5_000)
    assert rest.best > 900_000
    assert rest.evaluations >= rest.gains[-1].evaluation + len(mines)
    assert [gain.before for gain in rest.gains[1:]] == [gain.after for gain in rest.gains[:-1]]
    assert all(gain.after - gain.before >= 5_000 for gain in rest.gains)
    assert plain.score(rest.weights) == rest.best
    there = climb(plain, mines, target=700_000, min_gain=5_000)
    assert (there.best, len(there.gains), there.gains[0].mine) == (700_000, 1, "a")
    assert climb(plain, mines, target=1_000_000, min_gain=5_000, most_evaluations=1).evaluations == 1
    nothing = climb(plain, {}, target=1_000_000, min_gain=5_000)
    assert (nothing.best, nothing.evaluations) == (plain.start, 0)


def test_a_networks_mines_learn_from_another_batch_for_each_version():
    many = rows(1200)
    plain = campaign("mlp", "ckks", rows(200, seed=5), parameters={"hidden": 16, "bias": True})
    first, second = (plain.visit(many, version=version, salt=b"m") for version in (0, 1))
    assert not np.array_equal(first.X, second.X)
    assert climb(plain, {"a": many}, target=850_000, min_gain=5_000, most_evaluations=6).best == 850_000
