"""A network with encrypted weights: its gradient equals the plaintext twin; everything else is refused."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from openmined_syft.applying import candidate
from openmined_syft.errors import (
    BoundError,
    CiphertextError,
    KernelError,
    KeyFormError,
    KeyMismatchError,
    LabelError,
    NotFiniteError,
    ParameterError,
    ShapeError,
    SyftError,
)
from openmined_syft.neural import ckks, slots
from openmined_syft.neural.ckks import CkksPrivateKey, CkksPublicKey
from openmined_syft.neural.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.neural.network import Adam, SquareNetwork
from openmined_syft.neural.training import train_network

DIGITS = SquareNetwork(64, 10)


@pytest.fixture(scope="module")
def key() -> CkksPrivateKey:
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    return CkksPrivateKey.generate(slots.rotations(DIGITS))


@pytest.fixture(scope="module")
def model(key) -> EncryptedNetwork:
    return EncryptedNetwork.encrypt(DIGITS.initial_weights(), key, network=DIGITS, version=2)


def digits_split():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16 - 0.3, y, test_size=0.25, random_state=0, stratify=y)


# --- in the clear


def test_the_gradient_is_that_of_the_loss():
    network, random = SquareNetwork(9, 3, 16), np.random.default_rng(0)
    X, y = random.normal(size=(12, 9)), random.integers(0, 3, 12)
    weights, visit = network.initial_weights(), network.visit(X, y)

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


def test_weights_and_gradients_go_into_slots_and_back():
    network = SquareNetwork(20, 5, 16)
    weights = np.random.default_rng(1).normal(size=network.weights_shape) * network.used
    first, *second = slots.weight_vectors(network, weights)
    assert len(first) == 8192
    assert len(second) == network.outputs_padded == 16
    vector = np.zeros((network.hidden, network.batch))
    vector[:, :32] = weights[:32].T
    for d in range(16):
        for h in range(16):
            vector[h, 32 + d] = weights[32 + (h + d) % 16, h]
    np.testing.assert_array_equal(slots.gradient_from(network, vector.ravel()), weights)


def test_adam_is_adam():
    adam, slope = Adam(0.1), np.array([[1.0, -4.0]])
    np.testing.assert_allclose(adam.difference(slope), [[-0.1, 0.1]], atol=1e-6)
    second = adam.difference(slope * 0)
    mean, square = 0.1 * 0.9 * slope / (1 - 0.81), 0.01 * 0.99 * slope**2 / (1 - 0.9801)
    np.testing.assert_allclose(second, -0.1 * mean / (np.sqrt(square) + 1e-6))
    with pytest.raises(ShapeError):
        adam.difference(np.zeros((2, 2)))
    with pytest.raises(ParameterError):
        Adam(0.0)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((8, 10), "n_features"),
        ((129, 10), "n_features"),
        ((64, 1), "n_outputs"),
        ((64, 17), "n_outputs"),
        ((64, 10, 24), "hidden"),
        ((128, 10, 64), "do not fit"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, message):
    with pytest.raises(ParameterError, match=message):
        SquareNetwork(*sizes)


def test_the_edges_of_the_sizes_are_accepted():
    for sizes in ((9, 2, 16), (64, 16, 64), (128, 16, 32), (64, 10, 16)):
        assert SquareNetwork(*sizes).batch == 8192 // sizes[2]
    assert SquareNetwork.build(64, 10, {"hidden": 16}, b"seed").hidden == 16
    with pytest.raises(ParameterError, match="depth"):
        SquareNetwork.build(64, 10, {"depth": 2}, b"")


def test_rows_that_cannot_be_learned_from_are_refused():
    X, y = np.zeros((257, 64)), np.zeros(257)
    with pytest.raises(ShapeError, match="257 rows; one encrypted gradient takes at most 256"):
        DIGITS.visit(X, y)
    with pytest.raises(ShapeError):
        DIGITS.visit(X[:5, :63], y[:5])
    with pytest.raises(ShapeError):
        DIGITS.visit(X[:5], y[:4])
    with pytest.raises(LabelError):
        DIGITS.visit(X[:5], y[:5] + 10)
    X[3, 2] = np.nan
    with pytest.raises(NotFiniteError, match=r"X\[3, 2\]"):
        DIGITS.visit(X[:5], y[:5])


def test_without_tenseal_there_is_a_typed_error(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(ckks.importlib, "import_module", missing)
    with pytest.raises(KernelError, match="extra 'nn'"):
        ckks.seal.__wrapped__()


# --- encrypted


def test_weights_come_back(key, model):
    np.testing.assert_allclose(model.decrypt(key), DIGITS.initial_weights(), atol=1e-6)


@pytest.mark.parametrize("rows", [256, 100])
def test_an_encrypted_gradient_equals_the_plaintext_twin(rows, key, model):
    X, _, y, _ = digits_split()
    visit = DIGITS.visit(X[:rows], y[:rows])
    update = train_network(model, key.public, visit)
    assert update.base_version == 2
    update.check_base(model)
    exact = visit.gradient(DIGITS.initial_weights())
    assert np.abs(update.decrypt(key) - exact).max() < 2e-4 * np.abs(exact).max()
    assert len(update.ciphertext) < 300_000


def test_two_gradients_of_one_batch_share_no_bytes(key, model):
    X, _, y, _ = digits_split()
    visit = DIGITS.visit(X[:8], y[:8])
    first, second = (train_network(model, key.public, visit) for _ in range(2))
    same = sum(a == b for a, b in zip(first.ciphertext, second.ciphertext, strict=False))
    assert same < len(first.ciphertext) / 50
    np.testing.assert_allclose(first.decrypt(key), second.decrypt(key), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(20, 3, 16), (128, 16, 32), (30, 2, 64)])
def test_other_sizes_give_the_twins_gradient_too(sizes):
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    network, random = SquareNetwork(*sizes, seed=b"x"), np.random.default_rng(0)
    own = CkksPrivateKey.generate(slots.rotations(network))
    X, y = random.normal(size=(50, sizes[0])) / 3, random.integers(0, sizes[1], 50)
    encrypted = EncryptedNetwork.encrypt(network.initial_weights(), own, network=network, version=0)
    visit = network.visit(X, y)
    exact = visit.gradient(network.initial_weights())
    got = train_network(encrypted, own.public, visit).decrypt(own)
    assert np.abs(got - exact).max() < 5e-4 * np.abs(exact).max()


def test_the_wire_forms_come_back(key, model):
    fields = model.to_fields()
    again = EncryptedNetwork.from_fields(fields)
    assert again.ciphertexts == model.ciphertexts
    np.testing.assert_allclose(again.decrypt(key), DIGITS.initial_weights(), atol=1e-6)
    update = EncryptedNetworkGradient(key.public.fingerprint, DIGITS, 2, model.ciphertexts[0])
    assert EncryptedNetworkGradient.from_fields(update.to_fields()) == update


def test_another_key_network_or_version_is_refused(key, model):
    other = CkksPublicKey(b"a", b"b", b"c")
    X, _, y, _ = digits_split()
    with pytest.raises(KeyMismatchError):
        train_network(model, other, DIGITS.visit(X[:4], y[:4]))
    forged = dataclasses.replace(model, key_fingerprint=other.fingerprint)
    with pytest.raises(KeyFormError):
        train_network(forged, other, DIGITS.visit(X[:4], y[:4]))
    with pytest.raises(KeyMismatchError):
        forged.decrypt(key)
    with pytest.raises(ShapeError):
        train_network(model, key.public, SquareNetwork(64, 10, 16).visit(X[:4], y[:4]))
    update = EncryptedNetworkGradient(key.public.fingerprint, DIGITS, 3, model.ciphertexts[0])
    with pytest.raises(BoundError, match="version 3"):
        update.check_base(model)
    with pytest.raises(ShapeError):
        dataclasses.replace(update, network=SquareNetwork(60, 10), base_version=2).check_base(model)
    with pytest.raises(ShapeError, match="1 ciphertexts"):
        dataclasses.replace(model, ciphertexts=model.ciphertexts[:1])


def test_a_ciphertext_that_is_another_computation_is_refused(key, model):
    weights_as_gradient = EncryptedNetworkGradient(key.public.fingerprint, DIGITS, 2, model.ciphertexts[0])
    with pytest.raises(BoundError, match="outside the gradient"):
        weights_as_gradient.decrypt(key)


@settings(max_examples=25)
@given(data=st.data())
def test_changed_bytes_are_a_typed_error_or_refused(data, key, model):
    whole = model.ciphertexts[0]
    kind = data.draw(st.sampled_from(["cut", "header", "noise"]))
    if kind == "cut":
        bad = whole[: data.draw(st.integers(1, len(whole) - 1))]
    elif kind == "noise":
        bad = data.draw(st.binary(min_size=1, max_size=300))
    else:
        place, value = data.draw(st.integers(0, 120)), data.draw(st.integers(0, 255))
        bad = whole[:place] + bytes([value]) + whole[place + 1 :]
    forged = EncryptedNetworkGradient(key.public.fingerprint, DIGITS, 2, bad)
    with pytest.raises(SyftError):
        forged.decrypt(key)


def test_weights_out_of_range_are_refused(key):
    weights = DIGITS.initial_weights()
    for value, error in ((65.0, BoundError), (np.nan, NotFiniteError)):
        weights[0, 0] = value
        with pytest.raises(error):
            EncryptedNetwork.encrypt(weights, key, network=DIGITS, version=0)
    with pytest.raises(ShapeError):
        EncryptedNetwork.encrypt(weights[1:], key, network=DIGITS, version=0)


def test_the_secret_key_is_never_shown(key):
    assert len(repr(key)) < 50
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    with pytest.raises(CiphertextError):
        ckks.from_bytes("SecretKey", key.public.public)


def trained(rounds, gradient):
    X, X_test, y, y_test = digits_split()
    order = np.random.default_rng(0).permutation(len(X))
    weights, adam = DIGITS.initial_weights(), Adam(0.03)
    for number in range(rounds):
        part = order[np.arange(number * 256, (number + 1) * 256) % len(X)]
        slope = gradient(weights, DIGITS.visit(X[part], y[part]), number)
        weights = candidate(weights, adam.difference(slope), 1.0, weight_bound=64.0)
    return (DIGITS.predict(weights, X_test) == y_test).mean()


@pytest.mark.slow
def test_forty_encrypted_rounds_reach_95_percent_on_digits(key):
    def encrypted(weights, visit, number):
        model = EncryptedNetwork.encrypt(weights, key, network=DIGITS, version=number)
        return train_network(model, key.public, visit).decrypt(key)

    twin = trained(40, lambda weights, visit, number: visit.gradient(weights))
    reached = trained(40, encrypted)
    assert reached >= 0.95
    assert abs(reached - twin) <= 0.01
