"""Training with encrypted weights: the gradient equals the plaintext twin, and nothing else leaves."""

import numpy as np
import pytest

from benchmarks.studies.adam import Adam
from openmined_syft.applying import candidate, quantised
from openmined_syft.ckks import keys as ckks
from openmined_syft.ckks import seal, slots
from openmined_syft.ckks.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.ckks.hiding import ZEROS
from openmined_syft.ckks.keys import LARGEST_BUNDLE
from openmined_syft.ckks.sizes import bundle_bytes, gradient_bytes, model_bytes
from openmined_syft.ckks.training import train_network
from openmined_syft.errors import BoundError, NotFiniteError, ShapeError
from openmined_syft.models.network import SquareNetwork
from tests.syft.neural.digits import DIGITS, WEIGHTS, digits_split, digits_visit

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all


def test_weights_come_back_exactly(key, model):
    np.testing.assert_array_equal(model.decrypt(key), WEIGHTS)
    odd = np.random.default_rng(5).uniform(-64, 64, DIGITS.weights_shape) * DIGITS.used
    odd[0, 0] = 64.0
    again = EncryptedNetwork.encrypt(odd, key, network=DIGITS, version=0)
    np.testing.assert_array_equal(again.decrypt(key), quantised(odd))
    assert (again.weight_bits, again.weight_bound, again.shape) == (22, 64.0, (80, 32))
    # What rounding takes away is far from changing a weight.
    assert np.abs(again._approximate(key) - quantised(odd)).max() < 2.0**-23 / 10


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


@pytest.mark.parametrize("rows", [256, 100, 1])
def test_an_encrypted_gradient_equals_the_plaintext_twin(rows, key, public, model):
    visit = digits_visit(rows)
    update = train_network(model, public, visit)
    assert update.base_version == 2
    update.check_base(model)
    update.validate(public)
    exact = visit.gradient(WEIGHTS)
    assert np.abs(update.decrypt(key) - exact).max() < 2e-4 * np.abs(exact).max()


def test_two_gradients_of_one_batch_share_no_bytes(key, public, model):
    visit = digits_visit(8)
    first, second = (train_network(model, public, visit) for _ in range(2))
    same = sum(a == b for a, b in zip(first.ciphertext, second.ciphertext, strict=False))
    assert same < len(first.ciphertext) / 50
    np.testing.assert_allclose(first.decrypt(key), second.decrypt(key), atol=1e-3)


def test_rows_of_gigantic_numbers_are_refused(public, model):
    with pytest.raises(BoundError, match="too large for CKKS"):
        train_network(model, public, DIGITS.visit(np.full((3, 64), 1e100), [1, 2, 3]))


def test_the_gradient_of_a_bias_comes_out_of_the_encryption_too(key):
    network, random = SquareNetwork(9, 3, 16, seed=3, bias=True), np.random.default_rng(0)
    own = key.public_bundle(network)
    weights = quantised(network.drawn_weights())
    encrypted = EncryptedNetwork.encrypt(weights, key, network=network, version=0)
    np.testing.assert_array_equal(encrypted.decrypt(key), weights)
    visit = network.visit(random.normal(size=(50, 9)) / 3, random.integers(0, 3, 50))
    got, exact = train_network(encrypted, own, visit).decrypt(key), visit.gradient(weights)
    assert np.abs(exact[9]).min() > 0
    assert np.abs(got - exact).max() < 1e-4 * np.abs(exact).max()


ERROR = 3.2 * np.sqrt(ZEROS * slots.RING * 2 / 3) * np.sqrt(slots.RING) / seal.SCALE
"""Root mean square of the error in a slot of what leaves a mine: 3.8e-7.

It is that of the hiding: 96 encryptions of zero, each with 16,384 errors of deviation 3.2, times numbers of
which two thirds are 1 or -1; a slot is a sum over all coefficients. The greatest of 8,192 slots is at three
to four times this, at seven once in 10^17 gradients, at twenty never.
"""


def raw(update, key):
    """All that leaves a mine, real and imaginary."""
    ((vector),) = ckks.decrypt_vectors([(update.ciphertext, seal.DEPTH)], key)
    return vector


def test_only_the_gradients_slots_leave_whatever_capsule_put_into_the_padding(key):
    network = SquareNetwork(50, 10)
    own, random = key.public_bundle(network), np.random.default_rng(6)
    weights = quantised(random.uniform(-1, 1, network.weights_shape))
    model = EncryptedNetwork.encrypt(weights, key, network=network, version=0)
    np.testing.assert_array_equal(model.decrypt(key), weights)
    visit = network.visit(random.normal(size=(256, 50)) / 3, random.integers(0, 10, 256))
    exact = visit.gradient(weights)
    # Real and imaginary parts one by one: beside a part with a gradient may be one that has to be empty.
    expected = slots.gradient_vector(network, exact * network.used).view(np.float64)
    error = np.abs(raw(train_network(model, own, visit), key).view(np.float64) - expected)
    # Beside the gradient at most 1.4e-6 under 40 keys, where a millionth of the padding's would be 2.7e-5.
    assert np.abs(exact[64 + 10 :]).max() > 1e6 * 20 * ERROR
    assert error[expected == 0].max() < 20 * ERROR
    # In it at most 3.2e-6: weights and products have errors of their own, in proportion to the gradient.
    assert error.max() < 20 * ERROR + 1e-6 * np.abs(exact).max()


def test_rows_of_nothing_but_zeros_have_the_gradient_zero(key, public, model):
    update = train_network(model, public, DIGITS.visit(np.zeros((3, 64)), [1, 2, 3]))
    assert np.abs(raw(update, key)).max() < 20 * ERROR
    X = np.zeros((3, 64))
    X[:, 7] = 1
    visit = DIGITS.visit(X, [1, 2, 3])
    np.testing.assert_allclose(
        train_network(model, public, visit).decrypt(key), visit.gradient(WEIGHTS), atol=1e-5
    )


def wire_bytes(fields):
    """Bytes of a wire form in CBOR, and what an envelope may add."""
    parts = [part for value in fields.values() if isinstance(value, list) for part in value]
    return sum(map(len, parts)) + 16 * len(parts) + 500


def test_the_wire_forms_come_back_and_are_within_their_limits(key, public, model):
    again = EncryptedNetwork.from_fields(model.to_fields())
    assert again == model
    np.testing.assert_array_equal(again.decrypt(key), WEIGHTS)
    update = train_network(model, public, digits_visit(9))
    assert EncryptedNetworkGradient.from_fields(update.to_fields()) == update
    assert wire_bytes(model.to_fields()) < model_bytes(DIGITS)
    assert wire_bytes(update.to_fields()) < gradient_bytes(DIGITS)
    assert wire_bytes(public.to_fields()) < bundle_bytes(DIGITS) <= LARGEST_BUNDLE
    assert LARGEST_BUNDLE < 150_000_000


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(20, 3, 16), (128, 16, 32), (30, 2, 64), (128, 16, 16), (9, 2, 16)])
def test_other_sizes_give_the_twins_gradient_too(sizes, key):
    network, random = SquareNetwork(sizes[0], sizes[1], sizes[2], seed=3), np.random.default_rng(0)
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


def trained(rounds, gradient):
    X, X_test, y, y_test = digits_split()
    weights, adam = WEIGHTS, Adam(0.03)
    for number in range(rounds):
        visit = DIGITS.batch_visit(X, y, version=number, salt=b"mine")
        difference, adam = adam.stepped(gradient(weights, visit, number))
        weights = candidate(weights, difference, 1.0)
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
