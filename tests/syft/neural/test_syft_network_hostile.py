"""Networks, gradients and keys that are not what they say: each is refused with a typed error."""

import contextlib
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.ckks import keys as ckks
from openmined_syft.ckks import seal, slots
from openmined_syft.ckks.encrypted import EncryptedNetwork, EncryptedNetworkGradient
from openmined_syft.ckks.keys import CkksPublicKey
from openmined_syft.ckks.training import train_network
from openmined_syft.errors import (
    BoundError,
    CiphertextError,
    FieldError,
    KeyFormError,
    KeyMismatchError,
    ShapeError,
    SyftError,
)
from openmined_syft.models.network import SquareNetwork
from tests.syft.neural.digits import DIGITS, WEIGHTS, digits_visit

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all

HOLDER = slots.gradient_vector(DIGITS, DIGITS.used)
NOWHERE = int(np.flatnonzero(HOLDER == 0)[0])


def test_another_key_network_or_version_is_refused(key, public, model):
    other = CkksPublicKey(b"a" * 32, (b"a",), b"b", b"c")
    visit = digits_visit(4)
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
        train_network(model, public, digits_visit(4, SquareNetwork(64, 10, 16)))
    update = EncryptedNetworkGradient(key.fingerprint, DIGITS, 3, model.ciphertexts[0])
    with pytest.raises(KeyMismatchError):
        update.validate(other)
    with pytest.raises(BoundError, match="version 3"):
        update.check_base(model)
    with pytest.raises(ShapeError):
        dataclasses.replace(update, network=SquareNetwork(60, 10), base_version=2).check_base(model)
    with pytest.raises(ShapeError, match="1 ciphertexts"):
        dataclasses.replace(model, ciphertexts=model.ciphertexts[:1])


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


def test_ciphertexts_in_another_place_are_refused(public, model):
    model.validate(public)
    with pytest.raises(CiphertextError, match="level 0"):
        dataclasses.replace(model, ciphertexts=model.ciphertexts[::-1]).validate(public)
    with pytest.raises(CiphertextError, match="level 7"):
        EncryptedNetworkGradient(public.fingerprint, DIGITS, 2, model.ciphertexts[0]).validate(public)


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


# --- changed bytes and fields ------------------------------------------------------------------------------


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
    place = data.draw(st.integers(-1, 3))
    if place < 0:
        bad = dataclasses.replace(public, relinearisation=changed(data, public.relinearisation))
    else:
        zeros = [*public.zeros]
        zeros[place] = changed(data, zeros[place])
        bad = dataclasses.replace(public, zeros=tuple(zeros), rotation=b"none")
    with pytest.raises(KeyFormError):
        train_network(model, bad, DIGITS.visit(np.ones((1, 64)), [0]))


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.binary(max_size=40),
    st.lists(st.one_of(st.binary(max_size=9), st.integers()), max_size=3),
)  # fmt: skip


@given(data=st.data())
def test_changed_fields_are_a_typed_error(data):
    count = len(slots.model_levels(DIGITS))
    forms = [
        CkksPublicKey(b"f" * 32, (b"a",) * 96, b"b", b"c"),
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
        (CkksPublicKey, CkksPublicKey(b"f" * 32, (b"a",) * 96, b"b", b"c"), "zeros"),
        (CkksPublicKey, CkksPublicKey(b"f" * 32, (b"a",) * 96, b"b", b"c"), "relinearisation"),
        (EncryptedNetworkGradient, EncryptedNetworkGradient(b"f" * 32, DIGITS, 1, b"c"), "ciphertexts"),
    ):
        with pytest.raises(FieldError, match=name):
            cls.from_fields({**form.to_fields(), name: [bytes(9_000_000)]})
