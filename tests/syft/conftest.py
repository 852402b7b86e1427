"""Keys for the tests of encrypted learning: real 2048-bit ones, and small ones for laws tried many times."""

import pytest

from openmined_syft.paillier.keys import PrivateKey, generate_keypair


@pytest.fixture(scope="session")
def capsule_key() -> PrivateKey:
    return generate_keypair(2048)


@pytest.fixture(scope="session")
def stranger_key() -> PrivateKey:
    return generate_keypair(2048)


@pytest.fixture(scope="session")
def small_key() -> PrivateKey:
    return generate_keypair(512, allow_small_for_tests=True)
