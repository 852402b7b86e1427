"""A CKKS key, its public half and the encrypted network of the digits, made once for all pages here.

Ape's plugin may run a session's fixtures again, each for itself: what belongs together is made by functions
that remember, not by fixtures that ask for each other.
"""

import functools

import pytest

from openmined_syft.ckks.encrypted import EncryptedNetwork
from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey
from tests.syft.neural.digits import DIGITS, WEIGHTS


@functools.cache
def made_key() -> CkksPrivateKey:
    return CkksPrivateKey.generate()


@functools.cache
def made_public() -> CkksPublicKey:
    return made_key().public_bundle(DIGITS)


@functools.cache
def made_model() -> EncryptedNetwork:
    return EncryptedNetwork.encrypt(WEIGHTS, made_key(), network=DIGITS, version=2)


@pytest.fixture(scope="session")
def key() -> CkksPrivateKey:
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    return made_key()


@pytest.fixture(scope="session")
def public(key: CkksPrivateKey) -> CkksPublicKey:
    return made_public()


@pytest.fixture(scope="session")
def model(key: CkksPrivateKey) -> EncryptedNetwork:
    return made_model()
