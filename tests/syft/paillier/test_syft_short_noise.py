"""Short-exponent noise: still an encryption of zero, only on request, and no base that is visibly bad."""

import inspect

import gmpy2
import numpy as np
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.errors import CiphertextError, KeyMismatchError
from openmined_syft.paillier.cipher_array import (
    CipherArray,
    UnnoisedArray,
    decrypt_integers,
    encrypt_integers,
)
from openmined_syft.paillier.encrypted import EncryptedModel
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.short_noise import ShortNoise, check_base
from openmined_syft.paillier.training import train

SMALL = generate_keypair(512, allow_small_for_tests=True)


def test_short_noise_encrypts_zero_and_differs_each_time():
    values = ShortNoise(SMALL.public).values(50)
    array = CipherArray(SMALL.public.fingerprint, 512, tuple(values))
    assert decrypt_integers(array, SMALL) == [0] * 50
    assert len(set(values)) == 50


def test_short_noise_is_the_power_it_says(monkeypatch):
    n, n2 = int(SMALL.public.n), int(SMALL.public.n_squared)
    h = -(12345**2) % n
    noise = ShortNoise(SMALL.public, h)
    digits = bytes(range(7, 39))
    monkeypatch.setattr(
        "openmined_syft.paillier.short_noise.secrets.token_bytes", lambda count: digits[:count]
    )
    exponent = int.from_bytes(digits, "little")
    assert exponent.bit_length() <= 256
    assert noise.values(1) == [pow(pow(h, n, n2), exponent, n2)]


def test_a_visit_takes_it_only_on_request():
    assert inspect.signature(train).parameters["short_noise"].default is None
    model = EncryptedModel.encrypt(np.ones((2, 3)), SMALL, version=0, weight_bound=2.0)
    visit = AffineMap(np.eye(2) / 2, np.ones((2, 3)))
    noise = ShortNoise(SMALL.public)
    first, second = (train(model, SMALL.public, visit, short_noise=noise) for _ in range(2))
    assert not set(first.ciphertexts) & set(second.ciphertexts)
    np.testing.assert_allclose(np.ones((2, 3)) + first.decrypt(SMALL), visit(np.ones((2, 3))), atol=1e-6)


def test_noise_for_another_key_is_refused():
    other = generate_keypair(512, allow_small_for_tests=True)
    bare = UnnoisedArray(SMALL.public, encrypt_integers([5], SMALL).ciphertexts)
    with pytest.raises(KeyMismatchError):
        bare.noised_short(ShortNoise(other.public))


def of_order(order: int) -> int:
    """-x^2 in a small group, as only somebody with the primes can make it; None of it may pass."""
    p, q, n = int(SMALL.p), int(SMALL.q), int(SMALL.public.n)
    top = (p - 1) * (q - 1)
    while top % order == 0:
        top //= order
    base = next(b for b in range(2, 100) if pow(b, top, n) not in (1, n - 1))
    return pow(base, top, n)


@pytest.mark.parametrize(
    "h",
    [0, 1, int(SMALL.public.n) - 1, int(SMALL.p), int(SMALL.public.n) + 5],
    ids=["zero", "one", "minus one", "a prime of n", "beyond n"],
)
def test_a_base_that_is_no_unit_or_trivial_is_refused(h):
    with pytest.raises(CiphertextError, match="unit"):
        check_base(h, SMALL.public)


def test_a_base_of_small_order_is_refused():
    n = int(SMALL.public.n)
    h = of_order(2)
    while True:
        following = h * h % n
        if following in (1, n - 1):
            break
        h = following
    candidates = [h, n - h]
    for bad in candidates:
        with pytest.raises(CiphertextError):
            ShortNoise(SMALL.public, bad)


def test_a_base_with_the_wrong_symbol_is_refused():
    n = int(SMALL.public.n)
    good = -(999**2) % n
    check_base(good, SMALL.public)
    bad = next(b for b in range(2, 1000) if gmpy2.jacobi(n - b, n) == -1)
    with pytest.raises(CiphertextError, match="Jacobi"):
        check_base(bad, SMALL.public)
