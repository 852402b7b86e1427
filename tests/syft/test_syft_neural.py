"""A network with encrypted weights: its gradient equals the plaintext twin; everything else is refused."""

import contextlib
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from openmined_syft.applying import candidate, quantised
from openmined_syft.errors import (
    BoundError,
    CiphertextError,
    FieldError,
    KernelError,
    KeyFormError,
    KeyMismatchError,
    LabelError,
    NotFiniteError,
    ParameterError,
    ShapeError,
    SyftError,
)
from openmined_syft.neural import ckks, seal, slots
from openmined_syft.neural.adam import Adam
from openmined_syft.neural.ckks import LARGEST_BUNDLE, CkksPrivateKey, CkksPublicKey
from openmined_syft.neural.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.neural.network import SquareNetwork
from openmined_syft.neural.sizes import bundle_bytes, gradient_bytes, model_bytes
from openmined_syft.neural.training import train_network

DIGITS = SquareNetwork(64, 10)
WEIGHTS = quantised(DIGITS.drawn_weights())


@pytest.fixture(scope="module")
def key() -> CkksPrivateKey:
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    return CkksPrivateKey.generate()


@pytest.fixture(scope="module")
def public(key) -> CkksPublicKey:
    return key.public_bundle(DIGITS)


@pytest.fixture(scope="module")
def model(key) -> EncryptedNetwork:
    return EncryptedNetwork.encrypt(WEIGHTS, key, network=DIGITS, version=2)


def digits_split():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16 - 0.3, y, test_size=0.25, random_state=0, stratify=y)


# --- in the clear


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


def test_weights_go_into_slots_and_back():
    for network in (SquareNetwork(20, 5, 16), DIGITS, SquareNetwork(128, 16, 32), SquareNetwork(64, 2, 64)):
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


def test_the_initial_weights_come_from_the_specs_number_alone():
    built = [SquareNetwork.build(64, 10, {"seed": 7}, seed).drawn_weights() for seed in (b"a", b"b")]
    np.testing.assert_array_equal(*built)
    np.testing.assert_array_equal(
        SquareNetwork.build(64, 10, {}, b"a").drawn_weights(), DIGITS.drawn_weights()
    )
    assert np.abs(built[0] - DIGITS.drawn_weights()).max() > 0.1
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
            DIGITS.batch_visit(X, y, version=version, salt=b"")


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


def test_without_tenseal_there_is_a_typed_error(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(seal.importlib, "import_module", missing)
    with pytest.raises(KernelError, match="extra 'nn'"):
        seal.seal.__wrapped__()


# --- keys


def test_a_key_comes_back_from_its_secret(key, model, public):
    again = CkksPrivateKey.from_secret(key.secret)
    assert again.fingerprint == key.fingerprint == public.fingerprint
    assert len(key.fingerprint) == 32
    np.testing.assert_array_equal(model.decrypt(again), WEIGHTS)
    assert CkksPrivateKey.generate().fingerprint != key.fingerprint
    for bad in (b"", b"x" * 100, key.secret[:-1], key.secret + b"\0", public.public):
        with pytest.raises(KeyFormError):
            CkksPrivateKey.from_secret(bad)


def test_the_secret_key_is_never_shown(key):
    assert len(repr(key)) < 50
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


def test_public_bundles_of_one_key_differ_and_serve_alike(key, public, model):
    other = key.public_bundle(DIGITS)
    assert other.fingerprint == public.fingerprint
    assert other != public
    assert CkksPublicKey.from_fields(other.to_fields()) == other
    assert hash(CkksPublicKey.from_fields(other.to_fields())) == hash(other)
    X, _, y, _ = digits_split()
    visit = DIGITS.visit(X[:5], y[:5])
    exact = visit.gradient(WEIGHTS)
    assert np.abs(train_network(model, other, visit).decrypt(key) - exact).max() < 2e-4 * np.abs(exact).max()


# --- encrypted


def test_weights_come_back_exactly(key, model):
    np.testing.assert_array_equal(model.decrypt(key), WEIGHTS)
    odd = np.random.default_rng(5).uniform(-64, 64, DIGITS.weights_shape) * DIGITS.used
    odd[0, 0] = 64.0
    again = EncryptedNetwork.encrypt(odd, key, network=DIGITS, version=0)
    np.testing.assert_array_equal(again.decrypt(key), quantised(odd))
    assert (again.weight_bits, again.weight_bound, again.shape) == (22, 64.0, (80, 32))
    # What rounding takes away is far from changing a weight.
    assert np.abs(again._approximate(key) - quantised(odd)).max() < 2.0**-23 / 10


def test_numbers_that_are_no_weights_are_refused(key, model):
    def forged(change):
        first = slots.weight_vectors(DIGITS, WEIGHTS)[0] + change
        return dataclasses.replace(
            model, ciphertexts=(*ckks.encrypt_for_owner([(first, 0)], key), *model.ciphertexts[1:])
        )

    np.testing.assert_array_equal((forged(1.0).decrypt(key) - WEIGHTS)[[0, -1], 0], [1, 0])
    with pytest.raises(CiphertextError, match="between"):
        forged(2.0**-23).decrypt(key)
    with pytest.raises(CiphertextError, match="no weights"):
        forged(100.0).decrypt(key)


@pytest.mark.parametrize("rows", [256, 100, 1])
def test_an_encrypted_gradient_equals_the_plaintext_twin(rows, key, public, model):
    X, _, y, _ = digits_split()
    visit = DIGITS.visit(X[:rows], y[:rows])
    update = train_network(model, public, visit)
    assert update.base_version == 2
    update.check_base(model)
    update.validate(public)
    exact = visit.gradient(WEIGHTS)
    assert np.abs(update.decrypt(key) - exact).max() < 2e-4 * np.abs(exact).max()


def test_two_gradients_of_one_batch_share_no_bytes(key, public, model):
    X, _, y, _ = digits_split()
    visit = DIGITS.visit(X[:8], y[:8])
    first, second = (train_network(model, public, visit) for _ in range(2))
    same = sum(a == b for a, b in zip(first.ciphertext, second.ciphertext, strict=False))
    assert same < len(first.ciphertext) / 50
    np.testing.assert_allclose(first.decrypt(key), second.decrypt(key), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(20, 3, 16), (128, 16, 32), (30, 2, 64), (128, 16, 16), (9, 2, 16)])
def test_other_sizes_give_the_twins_gradient_too(sizes, key):
    network, random = SquareNetwork(*sizes, seed=3), np.random.default_rng(0)
    own = key.public_bundle(network)
    X, y = random.normal(size=(50, sizes[0])) / 3, random.integers(0, sizes[1], 50)
    weights = quantised(network.drawn_weights())
    encrypted = EncryptedNetwork.encrypt(weights, key, network=network, version=0)
    encrypted.validate(own)
    np.testing.assert_array_equal(encrypted.decrypt(key), weights)
    assert wire_bytes(encrypted.to_fields()) < model_bytes(network)
    assert wire_bytes(own.to_fields()) < bundle_bytes(network) <= LARGEST_BUNDLE
    visit = network.visit(X, y)
    exact = visit.gradient(weights)
    got = train_network(encrypted, own, visit).decrypt(key)
    assert np.abs(got - exact).max() < 5e-4 * np.abs(exact).max()


def test_rows_of_gigantic_numbers_are_refused(public, model):
    with pytest.raises(BoundError, match="too large for CKKS"):
        train_network(model, public, DIGITS.visit(np.full((3, 64), 1e100), [1, 2, 3]))


def wire_bytes(fields):
    """Bytes of a wire form in CBOR, and what an envelope may add."""
    parts = [part for value in fields.values() if isinstance(value, list) for part in value]
    return sum(map(len, parts)) + 16 * len(parts) + 500


def test_the_wire_forms_come_back_and_are_within_their_limits(key, public, model):
    again = EncryptedNetwork.from_fields(model.to_fields())
    assert again == model
    np.testing.assert_array_equal(again.decrypt(key), WEIGHTS)
    X, _, y, _ = digits_split()
    update = train_network(model, public, DIGITS.visit(X[:9], y[:9]))
    assert EncryptedNetworkGradient.from_fields(update.to_fields()) == update
    assert wire_bytes(model.to_fields()) < model_bytes(DIGITS)
    assert wire_bytes(update.to_fields()) < gradient_bytes(DIGITS)
    assert wire_bytes(public.to_fields()) < bundle_bytes(DIGITS) <= LARGEST_BUNDLE
    assert LARGEST_BUNDLE < 150_000_000


def test_another_key_network_or_version_is_refused(key, public, model):
    other = CkksPublicKey(b"a" * 32, b"a", b"b", b"c")
    X, _, y, _ = digits_split()
    visit = DIGITS.visit(X[:4], y[:4])
    with pytest.raises(KeyMismatchError):
        train_network(model, other, visit)
    with pytest.raises(KeyMismatchError):
        model.validate(other)
    with pytest.raises(KeyFormError):
        train_network(model, dataclasses.replace(other, fingerprint=key.fingerprint), visit)
    forged = dataclasses.replace(model, key_fingerprint=other.fingerprint)
    with pytest.raises(KeyMismatchError):
        forged.decrypt(key)
    with pytest.raises(ShapeError):
        train_network(model, public, SquareNetwork(64, 10, 16).visit(X[:4], y[:4]))
    update = EncryptedNetworkGradient(key.fingerprint, DIGITS, 3, model.ciphertexts[0])
    with pytest.raises(KeyMismatchError):
        update.validate(other)
    with pytest.raises(BoundError, match="version 3"):
        update.check_base(model)
    with pytest.raises(ShapeError):
        dataclasses.replace(update, network=SquareNetwork(60, 10), base_version=2).check_base(model)
    with pytest.raises(ShapeError, match="1 ciphertexts"):
        dataclasses.replace(model, ciphertexts=model.ciphertexts[:1])


def test_ciphertexts_in_another_place_are_refused(public, model):
    model.validate(public)
    with pytest.raises(CiphertextError, match="level 0"):
        dataclasses.replace(model, ciphertexts=model.ciphertexts[::-1]).validate(public)
    with pytest.raises(CiphertextError, match="level 7"):
        EncryptedNetworkGradient(public.fingerprint, DIGITS, 2, model.ciphertexts[0]).validate(public)


HOLDER = slots.gradient_vector(DIGITS, DIGITS.used)
NOWHERE = int(np.flatnonzero(HOLDER == 0)[0])


@pytest.mark.parametrize(
    ("slot", "value", "message"),
    [
        (NOWHERE, 0.01, "outside the gradient"),
        (NOWHERE, 0.01j, "outside the gradient"),
        (0, 0.01j, "outside the gradient"),
        # Output 10 of a network with 10 does not exist: slot of (d, h) = (2, 0), whose real part does.
        (int(slots.second_slots(DIGITS)[2, 0]), 0.01j, "outside the gradient"),
        (0, 20000.0, "entry of the gradient"),
        (int(slots.second_slots(DIGITS)[2, 0]), 20000.0, "entry of the gradient"),
    ],
)
def test_a_ciphertext_that_is_another_computation_is_refused(slot, value, message, key):
    for number in (value, value / 100):
        vector = np.zeros(8192, np.complex128)
        vector[slot] = number
        (data,) = ckks.encrypt_for_owner([(vector, seal.DEPTH)], key)
        update = EncryptedNetworkGradient(key.fingerprint, DIGITS, 2, data)
        if number == value:
            with pytest.raises(BoundError, match=message):
                update.decrypt(key)
        else:
            expected = number.real if "entry" in message else 0.0
            assert np.abs(update.decrypt(key)).max() == pytest.approx(expected, abs=1e-4)


def raw(update, key):
    """All that leaves a mine, real and imaginary."""
    ((vector),) = ckks.decrypt_vectors([(update.ciphertext, seal.DEPTH)], key)
    return vector


def test_only_the_gradients_slots_leave_whatever_capsule_put_into_the_padding(key):
    network = SquareNetwork(50, 10)
    own, random = key.public_bundle(network), np.random.default_rng(6)
    weights = quantised(random.uniform(-0.3, 0.3, network.weights_shape))
    model = EncryptedNetwork.encrypt(weights, key, network=network, version=0)
    np.testing.assert_array_equal(model.decrypt(key), weights)
    visit = network.visit(random.normal(size=(256, 50)) / 3, random.integers(0, 10, 256))
    exact = visit.gradient(weights)
    assert np.abs(exact[64 + 10 :]).max() > 0.01
    expected = slots.gradient_vector(network, exact * network.used)
    got = raw(train_network(model, own, visit), key)
    assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()


def test_rows_of_nothing_but_zeros_have_the_gradient_zero(key, public, model):
    update = train_network(model, public, DIGITS.visit(np.zeros((3, 64)), [1, 2, 3]))
    assert np.abs(raw(update, key)).max() < 1e-5
    X = np.zeros((3, 64))
    X[:, 7] = 1
    visit = DIGITS.visit(X, [1, 2, 3])
    np.testing.assert_allclose(
        train_network(model, public, visit).decrypt(key), visit.gradient(WEIGHTS), atol=1e-5
    )


def changed(data, whole):
    """Bytes that are not `whole`: cut, longer, with a changed header, or noise."""
    kind = data.draw(st.sampled_from(["cut", "longer", "header", "noise"]))
    if kind == "cut":
        return whole[: data.draw(st.integers(1, len(whole) - 1))]
    if kind == "longer":
        return whole + data.draw(st.binary(min_size=1, max_size=9))
    if kind == "noise":
        return data.draw(st.binary(min_size=1, max_size=300))
    place, value = data.draw(st.integers(0, 120)), data.draw(st.integers(1, 255))
    return whole[:place] + bytes([whole[place] ^ value]) + whole[place + 1 :]


@settings(max_examples=40)
@given(data=st.data())
def test_changed_ciphertexts_are_a_typed_error_or_refused(data, key, public, model):
    (whole,) = ckks.encrypt_for_owner([(np.zeros(8192), seal.DEPTH)], key)
    update = EncryptedNetworkGradient(key.fingerprint, DIGITS, 2, whole)
    np.testing.assert_allclose(update.decrypt(key), 0, atol=1e-6)
    # Some of the first bytes say how the rest was compressed; SEAL may read the same numbers then.
    with contextlib.suppress(SyftError):
        got = dataclasses.replace(update, ciphertext=changed(data, whole)).decrypt(key)
        np.testing.assert_allclose(got, 0, atol=1e-6)
    place = data.draw(st.integers(0, len(model.ciphertexts) - 1))
    parts = list(model.ciphertexts)
    parts[place] = changed(data, parts[place])
    with contextlib.suppress(SyftError):
        dataclasses.replace(model, ciphertexts=tuple(parts)).validate(public)


@settings(max_examples=30)
@given(data=st.data())
def test_changed_public_keys_are_a_typed_error(data, public, model):
    name = data.draw(st.sampled_from(["public", "relinearisation"]))
    bad = dataclasses.replace(public, rotation=b"none", **{name: changed(data, getattr(public, name))})
    with pytest.raises(KeyFormError):
        train_network(model, bad, DIGITS.visit(np.ones((1, 64)), [0]))


@pytest.mark.parametrize(
    "change", [lambda b: b[:5000], lambda b: b"x" * 40, lambda b: b[:99] + b[100:] + b"x"]
)
def test_changed_rotation_keys_are_a_typed_error(change, public, model):
    with pytest.raises(KeyFormError):
        train_network(
            model,
            dataclasses.replace(public, rotation=change(public.rotation)),
            DIGITS.visit(np.ones((1, 64)), [0]),
        )


def test_keys_for_other_rotations_are_refused(key, public, model):
    other = key.public_bundle(SquareNetwork(9, 2, 64))
    with pytest.raises(KeyFormError, match="rotation"):
        train_network(
            model, dataclasses.replace(public, rotation=other.rotation), DIGITS.visit(np.ones((1, 64)), [0])
        )


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.binary(max_size=40),
    st.lists(st.one_of(st.binary(max_size=9), st.integers()), max_size=3),
)  # fmt: skip


@given(data=st.data())
def test_changed_fields_are_a_typed_error(data):
    count = len(slots.model_levels(DIGITS))
    forms = [
        CkksPublicKey(b"f" * 32, b"a", b"b", b"c"),
        EncryptedNetwork(b"f" * 32, DIGITS, 1, (b"c",) * count, 8.0),
        EncryptedNetworkGradient(b"f" * 32, DIGITS, 1, b"c"),
    ]
    form = data.draw(st.sampled_from(forms))
    fields = form.to_fields()
    assert type(form).from_fields(fields) == form
    name = data.draw(st.sampled_from([*fields, "other"]))
    if data.draw(st.booleans()):
        fields.pop(name, None)
    else:
        fields[name] = data.draw(VALUES)
    with contextlib.suppress(SyftError):
        assert type(form).from_fields(fields).to_fields() == fields
    with pytest.raises(FieldError):
        type(form).from_fields([])


def test_fields_that_are_too_long_are_refused():
    for cls, form, name in (
        (CkksPublicKey, CkksPublicKey(b"f" * 32, b"a", b"b", b"c"), "public"),
        (CkksPublicKey, CkksPublicKey(b"f" * 32, b"a", b"b", b"c"), "relinearisation"),
        (EncryptedNetworkGradient, EncryptedNetworkGradient(b"f" * 32, DIGITS, 1, b"c"), "ciphertexts"),
    ):
        with pytest.raises(FieldError, match=name):
            cls.from_fields({**form.to_fields(), name: [bytes(9_000_000)]})


def test_weights_out_of_range_are_refused(key):
    weights = WEIGHTS.copy()
    for value, bound, error in (
        (65.0, 64.0, BoundError),
        (np.nan, 64.0, NotFiniteError),
        (3.0, 2.9, BoundError),
    ):
        weights[0, 0] = value
        with pytest.raises(error):
            EncryptedNetwork.encrypt(weights, key, network=DIGITS, version=0, weight_bound=bound)
    weights[0, 0] = 2.9
    for bound in (0.0, -1.0, 65.0, float("nan")):
        with pytest.raises(BoundError):
            EncryptedNetwork.encrypt(weights, key, network=DIGITS, version=0, weight_bound=bound)
    assert (
        EncryptedNetwork.encrypt(weights, key, network=DIGITS, version=0, weight_bound=3).weight_bound == 3.0
    )
    with pytest.raises(ShapeError):
        EncryptedNetwork.encrypt(weights[1:], key, network=DIGITS, version=0)


def trained(rounds, gradient):
    X, X_test, y, y_test = digits_split()
    weights, adam = WEIGHTS, Adam(0.03)
    for number in range(rounds):
        visit = DIGITS.batch_visit(X, y, version=number, salt=b"mine")
        difference, adam = adam.stepped(gradient(weights, visit, number))
        weights = candidate(weights, difference, 1.0, weight_bound=64.0)
    return (DIGITS.predict(weights, X_test) == y_test).mean()


@pytest.mark.slow
def test_forty_encrypted_rounds_reach_95_percent_on_digits(key, public):
    def encrypted(weights, visit, number):
        model = EncryptedNetwork.encrypt(weights, key, network=DIGITS, version=number)
        return train_network(model, public, visit).decrypt(key)

    twin = trained(40, lambda weights, visit, number: visit.gradient(weights))
    reached = trained(40, encrypted)
    assert reached >= 0.95
    assert abs(reached - twin) <= 0.01
