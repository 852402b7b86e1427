"""A CKKS key, its public half and the encrypted network of the digits, made once for all pages here."""

import pytest

from openmined_syft.ckks.encrypted import EncryptedNetwork
from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey
from tests.syft.neural.digits import DIGITS, WEIGHTS


@pytest.fixture(scope="session")
def key() -> CkksPrivateKey:
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    return CkksPrivateKey.generate()


@pytest.fixture(scope="session")
def public(key: CkksPrivateKey) -> CkksPublicKey:
    return key.public_bundle(DIGITS)


@pytest.fixture(scope="session")
def model(key: CkksPrivateKey) -> EncryptedNetwork:
    return EncryptedNetwork.encrypt(WEIGHTS, key, network=DIGITS, version=2)
