"""Encrypted models and gradients: what comes back, what is refused, and the wire form under attack."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.affine import AffineMap
from openmined_syft.errors import (
    BoundError,
    FieldError,
    KeyMismatchError,
    LayoutError,
    NotFiniteError,
    ScaleError,
    ShapeError,
    SyftError,
)
from openmined_syft.fixed_point import WEIGHT_BITS
from openmined_syft.paillier.cipher_array import CipherArray, encrypt_integers
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.packing import pack
from openmined_syft.paillier.training import train

SMALL = generate_keypair(512, allow_small_for_tests=True)
WEIGHTS = np.array([[0.5, -1.0, 0.25], [2.0, -2.0, 0.0]])


def model(weights=WEIGHTS, **changes) -> EncryptedModel:
    return EncryptedModel.encrypt(weights, SMALL, **{"version": 3, "weight_bound": 2.0, **changes})


def gradient() -> EncryptedGradient:
    return train(
        model(), SMALL.public, AffineMap(np.array([[0.5, 0.25], [0.0, 1.0]]), np.full((2, 3), 0.125))
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6).flatmap(
        lambda k: st.lists(
            st.lists(st.floats(-2, 2), min_size=k, max_size=k),
            min_size=1,
            max_size=4,
        )
    )
)
def test_weights_come_back_at_the_models_scale(rows):
    weights = np.array(rows)
    again = model(weights).decrypt(SMALL)
    np.testing.assert_array_equal(again, np.rint(weights * 2**WEIGHT_BITS) / 2**WEIGHT_BITS)


def test_a_model_says_what_it_is():
    encrypted = model()
    assert encrypted.shape == (2, 3)
    assert encrypted.version == 3
    assert encrypted.weight_bound == 2.0
    assert encrypted.key_fingerprint == SMALL.public.fingerprint
    assert len(encrypted.ciphertexts) == encrypted.layout.model_ciphertexts
    encrypted.validate(SMALL.public)


def test_a_weight_at_the_bound_is_encrypted_and_one_above_refused():
    assert model(weight_bound=2.0).decrypt(SMALL)[1, 0] == 2.0
    with pytest.raises(BoundError, match=r"weight\[1, 0\] is 2.0; absolute values may be at most 1.99"):
        model(weight_bound=2.0 - 2**-WEIGHT_BITS)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(bad):
    weights = WEIGHTS.copy()
    weights[1, 2] = bad
    with pytest.raises(NotFiniteError, match=r"weights\[1, 2\]"):
        model(weights)


@pytest.mark.parametrize("weights", [np.zeros(3), np.zeros((2, 3, 1)), "text", [[1, 2], [3]]])
def test_weights_that_are_no_matrix_are_refused(weights):
    with pytest.raises(ShapeError):
        model(weights)


@pytest.mark.parametrize("bound", [0.0, -1.0, np.nan, np.inf, 2.0**40])
def test_a_weight_bound_that_is_none_is_refused(bound):
    with pytest.raises(SyftError):
        model(weight_bound=bound)


def test_weights_of_another_shape_than_the_layout_are_refused():
    with pytest.raises(ShapeError):
        model(layout=Layout.choose((3, 3), 512, 2.0))
    with pytest.raises(KeyMismatchError):
        model(layout=Layout.choose((2, 3), 1024, 2.0))


def test_a_later_version_keeps_the_layout():
    first = model()
    second = model(WEIGHTS / 2, version=4, layout=first.layout)
    assert second.layout == first.layout
    gradient().check_base(second)


def test_a_gradient_fits_its_base_and_later_versions_only():
    g = gradient()
    g.check_base(model())
    g.check_base(model(version=9))
    with pytest.raises(BoundError, match="version 3"):
        g.check_base(model(version=2))


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (ShapeError, {"shape": (3, 2), "rows_per_ciphertext": 2, "columns_per_ciphertext": 2}),
        (ScaleError, {"weight_bits": 21}),
        (LayoutError, {"slot_bits": 60}),
    ],
)
def test_a_gradient_of_another_shape_scale_or_packing_is_refused(error, change):
    base = model()
    layout = dataclasses.replace(base.layout, **change)
    array = encrypt_integers([0] * layout.gradient_ciphertexts, SMALL)
    with pytest.raises(error):
        EncryptedGradient(array, layout, 3, 40).check_base(base)


def test_a_gradient_of_another_key_is_refused(stranger_key):
    other = generate_keypair(512, allow_small_for_tests=True)
    g, base = gradient(), model()
    foreign = dataclasses.replace(g, array=encrypt_integers([0] * len(g.ciphertexts), other))
    with pytest.raises(KeyMismatchError):
        foreign.check_base(base)
    with pytest.raises(KeyMismatchError):
        foreign.decrypt(SMALL)
    with pytest.raises(KeyMismatchError):
        foreign.validate(SMALL.public)
    with pytest.raises(KeyMismatchError, match="layout for 512 bits"):
        dataclasses.replace(g, array=encrypt_integers([0] * len(g.ciphertexts), stranger_key))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_slot_at_its_declared_bound_is_read_and_one_above_refused(sign):
    layout = Layout((1, 2), 512, 60, 1, 2)
    for value, good in ((2**20 - 1, True), (2**20, False)):
        array = encrypt_integers([pack([0, sign * value], 60)], SMALL)
        forged = EncryptedGradient(array, layout, 0, 20)
        if good:
            assert forged.decrypt(SMALL)[0, 1] == sign * value / 2**44
        else:
            with pytest.raises(BoundError, match="21 bits; declared are 20"):
                forged.decrypt(SMALL)


def test_a_slot_that_overflowed_is_refused():
    layout = Layout((1, 2), 512, 60, 1, 2)
    forged = EncryptedGradient(encrypt_integers([1 << 300], SMALL), layout, 0, 59)
    with pytest.raises(BoundError, match="overflowed"):
        forged.decrypt(SMALL)


def test_a_model_with_weights_above_its_declared_bound_is_refused():
    encrypted = dataclasses.replace(model(), weight_limit=2**WEIGHT_BITS)
    with pytest.raises(BoundError, match="24 bits; declared are 23"):
        encrypted.decrypt(SMALL)


def test_a_wrong_number_of_ciphertexts_is_refused():
    array = model().array
    short = CipherArray(array.key_fingerprint, 512, array.ciphertexts[1:])
    with pytest.raises(ShapeError, match="1 ciphertexts; this layout needs 2"):
        dataclasses.replace(model(), array=short)


def test_the_wire_form_comes_back():
    for thing in (model(), gradient()):
        fields = thing.to_fields()
        assert all(type(v) in (int, bytes) for v in fields.values())
        assert type(thing).from_fields(fields) == thing
        np.testing.assert_array_equal(type(thing).from_fields(fields).decrypt(SMALL), thing.decrypt(SMALL))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_the_wire_form_comes_back_for_every_shape(rows, columns, version, bound):
    m = EncryptedModel.encrypt(np.zeros((rows, columns)), SMALL, version=version, weight_bound=bound)
    assert EncryptedModel.from_fields(m.to_fields()) == m
    g = train(m, SMALL.public, AffineMap(np.eye(rows), np.zeros((rows, columns))))
    assert EncryptedGradient.from_fields(g.to_fields()) == g


CASES = [(EncryptedModel, model().to_fields()), (EncryptedGradient, gradient().to_fields())]


@pytest.mark.parametrize(("kind", "fields"), CASES)
def test_a_missing_an_unknown_and_a_foreign_field_are_refused(kind, fields):
    for name in fields:
        with pytest.raises(FieldError, match=f"'{name}' is missing"):
            kind.from_fields({k: v for k, v in fields.items() if k != name})
    with pytest.raises(FieldError, match="unknown field 'extra'"):
        kind.from_fields({**fields, "extra": 1})
    with pytest.raises(FieldError, match="mapping"):
        kind.from_fields([1])


WRONG: st.SearchStrategy[object] = (
    st.sampled_from([None, True, -1, 0, 2**70, 1.5, "x", b"", b"x" * 7, [], {}]) | st.integers()
)


@pytest.mark.parametrize(("kind", "fields"), CASES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_wrong_fields_give_a_typed_error_or_a_valid_thing(kind, fields, data):
    names = data.draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=3, unique=True))
    changed = {**fields, **{name: data.draw(WRONG) for name in names}}
    try:
        thing = kind.from_fields(changed)
    except SyftError:
        return
    assert kind.from_fields(thing.to_fields()) == thing


@pytest.mark.parametrize(("kind", "fields"), CASES)
@settings(max_examples=60, deadline=None)
@given(flips=st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_ciphertext_bytes_give_a_typed_error_or_numbers_inside_the_bound(kind, fields, flips):
    data = bytearray(fields["ciphertexts"])
    for place, value in flips:
        data[place % len(data)] = value
    thing = kind.from_fields({**fields, "ciphertexts": bytes(data)})
    try:
        values = thing.decrypt(SMALL)
    except SyftError:
        return
    assert np.isfinite(values).all()
