"""Visits under ring-LWE: what comes out is the integers of the plaintext, whoever computes it."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.affine import AffineMap
from openmined_syft.errors import BoundError, KeyFormError, KeyMismatchError, NotFiniteError, ShapeError
from openmined_syft.lattice.kernels import load_kernel
from openmined_syft.lattice.ring import DEGREE
from openmined_syft.rlwe import row_blocks, training
from openmined_syft.rlwe.gradient import NOISE_LIMIT, RlweGradient
from openmined_syft.rlwe.keys import RlwePrivateKey
from openmined_syft.rlwe.layout import RlweLayout
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import check_flood, noise_bound, train
from tests.syft.rlwe.conftest import BOUND, Visit, drawn_visit


def encrypted(visit: Visit, key: RlwePrivateKey, version: int = 0, **how) -> RlweModel:
    return RlweModel.encrypt(visit.weights, key, version=version, weight_bound=BOUND, **how)


def test_a_visit_of_breast_cancer_gives_exactly_the_integers(capsule, cancer, kernel):
    model = encrypted(cancer, capsule, kernel=kernel)
    gradient = train(model, capsule.public, cancer.map, kernel=kernel)
    assert gradient.integers(capsule, kernel).tolist() == cancer.integers


def test_a_visit_of_digits_gives_exactly_the_integers(capsule, digits, kernel):
    model = encrypted(digits, capsule, version=7, kernel=kernel)
    gradient = train(model, capsule.public, digits.map, kernel=kernel)
    assert gradient.integers(capsule, kernel).tolist() == digits.integers
    exact = digits.map(digits.weights) - digits.weights
    assert np.abs(gradient.decrypt(capsule) - exact).max() < 1e-5


@settings(max_examples=15)
@given(st.integers(1, 60), st.integers(1, 12), st.integers(0, 2**32))
def test_any_visit_gives_exactly_the_integers(d, k, seed):
    key, visit = RlwePrivateKey.generate(), drawn_visit(d, k, seed)
    gradient = train(encrypted(visit, key), key.public, visit.map)
    assert gradient.integers(key).tolist() == visit.integers


def test_several_column_blocks_give_exactly_the_integers(capsule, monkeypatch):
    visit = drawn_visit(20, 3)
    narrow = RlweLayout((20, 3), RlweLayout.choose((20, 3), BOUND).slot_bits, 7, 5, 2)
    monkeypatch.setattr(RlweLayout, "choose", classmethod(lambda *_: narrow))
    model = encrypted(visit, capsule)
    assert (model.layout.column_blocks, model.layout.input_blocks, model.layout.row_blocks) == (2, 3, 4)
    assert train(model, capsule.public, visit.map).integers(capsule).tolist() == visit.integers
    np.testing.assert_allclose(model.decrypt(capsule), visit.weights, atol=2**-23)


@pytest.mark.slow
@pytest.mark.parametrize(("d", "k"), [(785, 10), (1025, 1)])
def test_large_visits_give_exactly_the_integers(capsule, d, k):
    visit = drawn_visit(d, k)
    assert (
        train(encrypted(visit, capsule), capsule.public, visit.map).integers(capsule).tolist()
        == visit.integers
    )


def test_weights_come_back_exactly_on_every_kernel(capsule, digits, kernel):
    model = encrypted(digits, capsule, kernel=kernel)
    on_the_grid = np.ldexp(np.rint(np.ldexp(digits.weights, 22)), -22)
    np.testing.assert_array_equal(model.decrypt(capsule, kernel), on_the_grid)
    again = RlweModel.from_fields(model.to_fields())
    again.validate(capsule.public)
    np.testing.assert_array_equal(again.decrypt(capsule), on_the_grid)
    assert (again.shape, again.weight_bits, again.weight_bound) == ((65, 10), 22, BOUND)


def test_a_gradient_of_an_older_version_is_opened_with_that_versions_secret(capsule, cancer):
    old, new = encrypted(cancer, capsule, version=3), encrypted(cancer, capsule, version=4)
    gradient = RlweGradient.from_fields(train(old, capsule.public, cancer.map).to_fields())
    gradient.check_base(new)
    assert gradient.integers(capsule).tolist() == cancer.integers


def test_two_visits_have_nothing_in_common_on_the_wire(capsule, cancer):
    model = encrypted(cancer, capsule)
    first, second = (train(model, capsule.public, cancer.map) for _ in range(2))
    for name in ("c0", "c1"):
        a, b = (np.frombuffer(getattr(g, name), np.uint8) for g in (first, second))
        assert 0.35 < np.mean(np.unpackbits(a ^ b)) < 0.65


def test_every_version_has_a_secret_of_its_own(capsule):
    first, second = capsule.secret_of(0), capsule.secret_of(1)
    assert set(first.tolist()) == {-1, 0, 1}
    assert abs(np.mean(first == second) - 1 / 3) < 0.05
    np.testing.assert_array_equal(first, RlwePrivateKey(capsule.master).secret_of(0))


def test_noise_stays_where_the_bound_says_it_does(capsule, digits, monkeypatch):
    """The flood left away, everything else of an honest answer is below `noise_bound`."""
    monkeypatch.setattr(row_blocks, "flood", lambda ring, bits, count, **_: np.zeros((3, count), np.uint64))
    seen = []
    real = row_blocks.to_power_of_two

    def watched(ring, residues, bits):
        seen.append(residues)
        return real(ring, residues, bits)

    monkeypatch.setattr(row_blocks, "to_power_of_two", watched)
    model = encrypted(digits, capsule)
    train(model, capsule.public, digits.map)
    kernel, where = load_kernel(), row_blocks.ring()
    secret = kernel.forward(where.residues(capsule.secret_of(0))[None])[0]
    layout, expected, largest = model.layout, digits.integers, 0
    inverses = [where.modulus // q * pow(where.modulus // q, -1, q) for q in where.primes]
    for block in range(layout.row_blocks):
        c0, c1 = seen[2 * block], seen[2 * block + 1]
        rows = layout.rows_of(block)
        places = layout.answer_places(10, len(rows)).ravel()
        turned = kernel.backward(kernel.multiply(kernel.forward(c1[None]), secret))[0][:, places]
        total = where.add(c0, turned)
        exact = [value for row in rows for value in expected[row]]
        for x, m in zip(zip(*total.tolist(), strict=True), exact, strict=True):
            whole = sum(a * b for a, b in zip(x, inverses, strict=True)) % where.modulus
            off = (whole - (where.modulus * m >> layout.slot_bits)) % where.modulus
            largest = max(largest, min(off, where.modulus - off))
    bound = noise_bound(np.full((layout.rows, 65), 2**20))
    assert 2**30 < largest < bound < 2**42
    assert bound * 2**50 < 2**layout.flood_bits


def test_noise_that_the_flood_would_not_cover_is_refused_before_anything_leaves(capsule):
    layout = RlweLayout.choose((31, 1), 4096.0)
    assert layout.slot_bits == 60
    check_flood(np.full((31, 31), 2**36), layout)
    with pytest.raises(BoundError, match="noise has"):
        check_flood(np.full((31, 31), 2**37), layout)


def test_an_honest_gradient_is_far_from_the_limit_of_noise(capsule, cancer):
    """256 answers of one weight: flood below 2^7 + rounding, of a deviation of 21, in units of 2^-12."""
    assert NOISE_LIMIT - 2**7 > 15 * 21.3


def test_a_visit_that_could_overflow_is_refused(capsule, cancer):
    model = encrypted(cancer, capsule)
    A, c = cancer.map.A, cancer.map.c
    room = 2.0 ** (model.layout.slot_bits - 1 - 44)
    train(model, capsule.public, AffineMap(np.eye(31), np.full_like(c, room * 0.99)))
    for visit in (
        AffineMap(np.eye(31), np.full_like(c, room)),
        AffineMap(A + np.eye(31) * room, c),
        AffineMap(A + 1e9, c),
    ):
        with pytest.raises(BoundError):
            train(model, capsule.public, visit)
    with pytest.raises(ShapeError, match=r"\(30, 1\)"):
        train(model, capsule.public, AffineMap(A[:30, :30], c[:30]))


def test_rows_whose_sum_has_no_room_in_64_bits_are_refused():
    """As small as one weight may be declared: the sum itself is what has to fit."""
    layout = RlweLayout((4, 1), 64, 4, 4, 1)
    nothing, entry = np.zeros((1, 1), np.int64), 2**62 - 1
    assert training.check_bounds(np.full((1, 4), 2**59), nothing, 1, layout, range(1)) == 2**61
    for row in ([entry, 1], [entry, entry], [entry] * 3, [-entry] * 4):
        with pytest.raises(BoundError, match=r"weight \[0\]"):
            training.check_bounds(np.array([row]), nothing, 1, layout, range(1))


def test_weights_beyond_the_bound_are_not_encrypted(capsule):
    for weights, error in (
        ([[4.5]], BoundError),
        ([[np.nan]], NotFiniteError),
        ([1.0], ShapeError),
    ):
        with pytest.raises(error):
            RlweModel.encrypt(weights, capsule, version=0, weight_bound=BOUND)
    RlweModel.encrypt([[4.0]], capsule, version=0, weight_bound=BOUND)


def test_keys_are_kept_to_themselves(capsule):
    assert capsule.master.hex() not in repr(capsule)
    assert repr(capsule.master) not in repr(capsule)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(capsule)
    for damaged in (b"", capsule.master[:-1], capsule.master + b"\0", capsule.master.hex()):
        with pytest.raises(KeyFormError, match="32 bytes"):
            RlwePrivateKey(damaged)
    assert RlwePrivateKey(capsule.master) == capsule != RlwePrivateKey.generate()


def test_another_key_opens_nothing(capsule, cancer):
    stranger, model = RlwePrivateKey.generate(), encrypted(cancer, capsule)
    gradient = train(model, capsule.public, cancer.map)
    for attempt in (
        lambda: model.decrypt(stranger),
        lambda: train(model, stranger.public, cancer.map),
        lambda: gradient.integers(stranger),
        lambda: gradient.check_base(dataclasses.replace(model, key_fingerprint=stranger.fingerprint)),
    ):
        with pytest.raises(KeyMismatchError):
            attempt()
    assert DEGREE == 8192
