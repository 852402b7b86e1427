"""CKKS keys and the bundles of their public halves: kept, shown to nobody, drawn anew, refused if damaged."""

import dataclasses
import pickle

import numpy as np
import pytest

from openmined_syft.ckks import seal
from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey
from openmined_syft.ckks.training import train_network
from openmined_syft.errors import KernelError, KeyFormError
from openmined_syft.models.network import SquareNetwork
from tests.syft.neural.digits import DIGITS, WEIGHTS, digits_visit


def test_without_tenseal_there_is_a_typed_error(without_tenseal):
    with without_tenseal(), pytest.raises(KernelError, match="extra 'nn'"):
        seal.seal()


def test_a_key_comes_back_from_its_secret(key, model, public):
    again = CkksPrivateKey.from_secret(key.secret)
    assert again.fingerprint == key.fingerprint == public.fingerprint
    assert len(key.fingerprint) == 32
    np.testing.assert_array_equal(model.decrypt(again), WEIGHTS)
    assert CkksPrivateKey.generate().fingerprint != key.fingerprint
    for bad in (b"", b"x" * 100, key.secret[:-1], key.secret + b"\0", public.zeros[0]):
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
    visit = digits_visit(5)
    exact = visit.gradient(WEIGHTS)
    assert np.abs(train_network(model, other, visit).decrypt(key) - exact).max() < 2e-4 * np.abs(exact).max()


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
