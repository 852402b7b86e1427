"""A mine's visit under encryption: equal to the plaintext twin, refused before it could wrap, and cheap."""

import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from openmined_syft.affine import AffineMap
from openmined_syft.errors import BoundError, CiphertextError, KeyMismatchError, ShapeError
from openmined_syft.models import build_family
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.training import check_bounds, train
from openmined_syft.rules import GradientDescent
from tests.roles import as_a, linear

SMALL = generate_keypair(512, allow_small_for_tests=True)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    spread = np.where(X.std(0) > 0, X.std(0), 1.0)
    return np.clip((X - X.mean(0)) / spread, -4, 4), y


class CountingKernel:
    """The default kernel, counting ciphertexts that go in and out of each operation."""

    name = "counting"
    releases_lock = False

    def __init__(self):
        self.kernel = load_kernel()
        self.counts: Counter[str] = Counter()

    def powers(self, bases, exponent, modulus):
        self.counts["powers"] += len(bases)
        return self.kernel.powers(bases, exponent, modulus)

    def products(self, left, right, modulus):
        self.counts["products"] += len(left)
        return self.kernel.products(left, right, modulus)

    def matvec(self, bases, matrix, modulus, rows_per_output=1, row_shift=0):
        outputs = self.kernel.matvec(bases, matrix, modulus, rows_per_output, row_shift)
        self.counts.update({"matvec calls": 1, "matvec in": len(bases), "matvec out": len(outputs)})
        return outputs


def test_digits_equal_the_plaintext_twin_within_a_second(digits, capsule_key):
    family = linear(build_family("one_vs_rest", 64, 10, {}))
    weights = np.random.default_rng(0).normal(size=(65, 10)) * 0.1
    model = EncryptedModel.encrypt(weights, capsule_key, version=0, weight_bound=4.0)
    X, y = digits
    visit = family.visit(X, y, GradientDescent(50))
    began = time.process_time()
    update = train(model, capsule_key.public, visit)
    seconds = time.process_time() - began
    difference = update.decrypt(capsule_key)
    assert np.abs(weights + difference - visit(weights)).max() < 1e-6
    assert seconds < 1.0
    assert len(update.ciphertexts) == 17


def test_several_visits_by_turns_equal_the_plaintext_twin(digits, capsule_key):
    X, y = digits
    family = linear(build_family("one_vs_rest", 64, 10, {}))
    weights = twin = family.initial_weights()
    layout = Layout.choose(family.weights_shape, 2048, 4.0)
    for version in range(3):
        visit = family.visit(X[version::3], y[version::3], GradientDescent(50))
        model = EncryptedModel.encrypt(weights, capsule_key, version=version, weight_bound=4.0, layout=layout)
        after = weights + train(model, capsule_key.public, visit).decrypt(capsule_key)
        assert np.abs(after - visit(weights)).max() < 1e-6
        weights, twin = after, visit(twin)
    assert np.abs(weights - twin).max() < 3e-6
    accuracy = (family.predict(weights, X) == y).mean()
    assert accuracy > 0.9
    assert accuracy == pytest.approx((family.predict(twin, X) == y).mean(), abs=0.001)


@pytest.mark.parametrize("rows", [20, 1500])
@pytest.mark.parametrize("steps", [1, 5000])
def test_ciphertext_operations_depend_on_neither_rows_nor_steps(digits, rows, steps):
    X, y = digits
    family = linear(build_family("one_vs_rest", 64, 10, {}))
    model = EncryptedModel.encrypt(family.initial_weights(), SMALL, version=0, weight_bound=4.0)
    kernel = CountingKernel()
    train(model, SMALL.public, family.visit(X[:rows], y[:rows], GradientDescent(steps)), kernel=kernel)
    layout = model.layout
    assert kernel.counts == {
        "matvec calls": layout.column_blocks,
        "matvec in": layout.model_ciphertexts,
        "matvec out": layout.gradient_ciphertexts,
        "powers": layout.gradient_ciphertexts,
        "products": 2 * layout.gradient_ciphertexts,
    }


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 12), st.sampled_from(["gmpy2", "python"]))
def test_a_visit_equals_the_plaintext_twin(data, rows, columns, kernel):
    entry = st.floats(-1, 1)
    draw = lambda n, m: np.array(  # noqa: E731
        data.draw(st.lists(st.lists(entry, min_size=m, max_size=m), min_size=n, max_size=n))
    )
    weights, A, c = draw(rows, columns), draw(rows, rows) / rows, draw(rows, columns)
    model = EncryptedModel.encrypt(weights, SMALL, version=1, weight_bound=8.0)
    visit = AffineMap(np.eye(rows) + A, c)
    update = train(model, SMALL.public, visit, kernel=load_kernel(kernel))
    assert update.base_version == 1
    assert np.abs(weights + update.decrypt(SMALL) - visit(weights)).max() < 1e-6


EDGE = Layout((2, 3), 512, 50, 2, 3)


def edge_visit(entry: int, offset: float) -> AffineMap:
    A = np.eye(2)
    A[1, 0] += entry * 2.0**-EDGE.map_bits
    c = np.zeros((2, 3))
    c[1, 2] = offset
    return AffineMap(A, c)


@pytest.mark.parametrize("sign", [1, -1])
def test_overflow_of_a_slot_is_refused_at_the_exact_edge(sign):
    weights = np.zeros((2, 3))
    weights[0, 2] = sign * 2.0
    model = EncryptedModel.encrypt(weights, SMALL, version=0, weight_bound=2.0, layout=EDGE)
    room = EDGE.slot_limit - 5 * model.weight_limit
    update = train(model, SMALL.public, edge_visit(5, sign * room * 2.0**-44))
    difference = update.decrypt(SMALL)
    assert difference[1, 2] == sign * EDGE.slot_limit * 2.0**-44
    assert np.count_nonzero(difference) == 1
    with pytest.raises(BoundError, match=r"weight \[1, 2\]"):
        train(model, SMALL.public, edge_visit(5, sign * (room + 1) * 2.0**-44))
    with pytest.raises(BoundError, match=r"weight \[1, 0\]"):
        train(model, SMALL.public, edge_visit(EDGE.slot_limit // model.weight_limit + 1, 0.0))


def test_a_huge_matrix_or_offset_is_refused_and_nothing_computed():
    model = EncryptedModel.encrypt(np.zeros((2, 3)), SMALL, version=0, weight_bound=2.0)
    kernel = CountingKernel()
    for visit in (
        AffineMap(2.0**40 * np.eye(2), np.zeros((2, 3))),
        AffineMap(np.eye(2), np.full((2, 3), 1e30)),
        AffineMap(1e300 * np.eye(2), np.zeros((2, 3))),
    ):
        with pytest.raises(BoundError):
            train(model, SMALL.public, visit, kernel=kernel)
    assert not kernel.counts


def test_the_declared_bound_covers_the_worst_weights():
    matrix = np.array([[3, -4], [0, 1]], np.int64)
    layout = Layout((2, 1), 512, 50, 1, 1)
    assert check_bounds(matrix, [[-2], [0]], 10, layout) == (7 * 10 + 2).bit_length()
    assert check_bounds(np.zeros((2, 2), np.int64), [[0], [0]], 10, layout) == 0


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int64, np.float32])
def test_numbers_of_every_kind_of_numpy_are_the_same_numbers_and_no_sum_of_their_products_wraps(kind):
    family, random = linear(build_family("linear", 3, 1, {})), np.random.default_rng(0)
    X, y = random.integers(-120, 121, (50, 3)), random.integers(-120, 121, 50)
    rule = GradientDescent(20)
    exact = family.visit(X.astype(float), y.astype(float), rule)
    visit = family.visit(X.astype(kind), y.astype(kind), rule)  # products in eight bits would not be these
    np.testing.assert_array_equal(visit.A, exact.A)
    np.testing.assert_array_equal(visit.c, exact.c)
    weights = np.array([[1], [-2], [3], [0]], np.int64 if kind is np.float32 else kind)
    model = EncryptedModel.encrypt(weights, SMALL, version=0, weight_bound=4.0)
    np.testing.assert_array_equal(model.decrypt(SMALL), weights)
    moved = weights + train(model, SMALL.public, visit).decrypt(SMALL)
    assert np.abs(moved - exact(weights.astype(float))).max() < 1e-5


def test_a_visit_that_changes_nothing_gives_an_encrypted_zero():
    model = EncryptedModel.encrypt(np.ones((2, 3)), SMALL, version=0, weight_bound=2.0)
    update = train(model, SMALL.public, AffineMap(np.eye(2), np.zeros((2, 3))))
    assert update.bound_bits == 0
    assert len(set(update.ciphertexts)) == len(update.ciphertexts)
    assert 1 not in update.ciphertexts
    np.testing.assert_array_equal(update.decrypt(SMALL), np.zeros((2, 3)))


def test_two_visits_of_one_mine_share_no_ciphertext():
    model = EncryptedModel.encrypt(np.ones((2, 3)), SMALL, version=0, weight_bound=2.0)
    visit = AffineMap(np.eye(2) / 2, np.ones((2, 3)))
    first, second = (train(model, SMALL.public, visit) for _ in range(2))
    assert not set(first.ciphertexts) & set(second.ciphertexts)
    np.testing.assert_array_equal(first.decrypt(SMALL), second.decrypt(SMALL))


def test_a_model_for_another_key_is_refused(capsule_key, stranger_key):
    model = EncryptedModel.encrypt(np.zeros((2, 1)), stranger_key, version=0, weight_bound=2.0)
    with pytest.raises(KeyMismatchError):
        train(model, capsule_key.public, AffineMap(np.eye(2), np.zeros((2, 1))))


def test_a_model_with_a_bad_ciphertext_is_refused(capsule_key):
    model = EncryptedModel.encrypt(np.zeros((2, 1)), capsule_key, version=0, weight_bound=2.0)
    fields = dict(model.to_fields())
    fields["ciphertexts"] = bytes(512) + as_a(bytes, fields["ciphertexts"])[512:]
    with pytest.raises(CiphertextError, match="ciphertext 0"):
        train(EncryptedModel.from_fields(fields), capsule_key.public, AffineMap(np.eye(2), np.zeros((2, 1))))


def test_a_visit_of_another_shape_is_refused():
    model = EncryptedModel.encrypt(np.zeros((2, 3)), SMALL, version=0, weight_bound=2.0)
    for d, k in ((3, 3), (2, 1)):
        with pytest.raises(ShapeError, match=f"\\({d}, {k}\\)"):
            train(model, SMALL.public, AffineMap(np.eye(d), np.zeros((d, k))))
