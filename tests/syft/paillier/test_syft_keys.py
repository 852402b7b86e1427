"""Keys: what is accepted, what is refused, what is never shown."""

import hashlib
import pickle

import gmpy2
import phe
import pytest

from openmined_syft.errors import KeyFormError, KeyMismatchError, KeySizeError
from openmined_syft.paillier.keys import PrivateKey, PublicKey, check_key_bits, generate_keypair


def test_a_generated_key_has_the_size_asked_for(capsule_key):
    assert capsule_key.public.bits == 2048
    assert capsule_key.p.bit_length() == capsule_key.q.bit_length() == 1024
    assert capsule_key.public.ciphertext_bytes == 512


@pytest.mark.parametrize("bits", [0, 1024, 2040, 2050, 8200])
def test_sizes_outside_the_range_are_refused(bits):
    with pytest.raises(KeySizeError, match=str(bits)):
        generate_keypair(bits)


def test_both_edges_of_the_range_are_accepted():
    check_key_bits(2048)
    check_key_bits(8192)
    check_key_bits(128, allow_small=True)
    with pytest.raises(KeySizeError):
        check_key_bits(120, allow_small=True)


def test_small_keys_need_the_flag_everywhere(small_key):
    assert PublicKey.from_n(small_key.public.n, allow_small=True) == small_key.public
    with pytest.raises(KeySizeError, match="512 bits"):
        PublicKey.from_n(small_key.public.n)
    with pytest.raises(KeySizeError, match="512 bits"):
        PrivateKey.from_primes(small_key.p, small_key.q)


def test_the_public_key_survives_its_modulus(capsule_key):
    again = PublicKey.from_n(int(capsule_key.public.n))
    assert again == capsule_key.public
    assert again.fingerprint == capsule_key.public.fingerprint
    digest = hashlib.sha256(b"paillier\0" + int(again.n).to_bytes(256, "big")).digest()
    assert again.fingerprint == digest


def test_two_keys_have_two_fingerprints(capsule_key, stranger_key):
    assert capsule_key.public.fingerprint != stranger_key.public.fingerprint


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("even", lambda key: int(key.public.n) + 1),
        ("prime", lambda key: gmpy2.next_prime(key.public.n)),
        ("power", lambda key: int(gmpy2.next_prime(gmpy2.isqrt(3 << 510))) ** 2),
        ("below 4096", lambda key: 3 * int(gmpy2.next_prime(key.public.n // 3))),
        ("positive integer", lambda key: -int(key.public.n)),
        ("positive integer", lambda key: "12"),
        ("positive integer", lambda key: True),
    ],
)
def test_a_modulus_that_is_no_modulus_is_refused(what, make, small_key):
    with pytest.raises(KeyFormError, match=what):
        PublicKey.from_n(make(small_key), allow_small=True)


def test_the_private_key_survives_its_primes(capsule_key):
    assert PrivateKey.from_primes(int(capsule_key.p), int(capsule_key.q)) == capsule_key
    assert PrivateKey.from_primes(int(capsule_key.q), int(capsule_key.p)) == capsule_key


def test_factors_that_are_no_primes_are_refused(small_key):
    for p, q in [(small_key.p, small_key.p), (small_key.p, small_key.q + 1), (1, small_key.q), (-3, 5)]:
        with pytest.raises(KeyFormError, match="two different odd primes"):
            PrivateKey.from_primes(p, q, allow_small_for_tests=True)


def test_primes_of_different_length_are_refused(small_key):
    longer = gmpy2.next_prime(small_key.q << 8)
    with pytest.raises(KeyFormError, match="same length"):
        PrivateKey.from_primes(small_key.p, longer, allow_small_for_tests=True)


def test_primes_of_another_modulus_are_refused(capsule_key, stranger_key):
    with pytest.raises(KeyMismatchError):
        PrivateKey(capsule_key.public, stranger_key.p, stranger_key.q)


def test_the_primes_are_never_shown(capsule_key):
    for text in (repr(capsule_key), str(capsule_key)):
        assert str(capsule_key.p) not in text
        assert str(capsule_key.q) not in text
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(capsule_key)


def test_keys_go_to_python_paillier_and_back(capsule_key):
    assert isinstance(capsule_key.public.to_phe(), phe.PaillierPublicKey)
    secret = capsule_key.to_phe()
    assert {secret.p, secret.q} == {int(capsule_key.p), int(capsule_key.q)}
    assert PublicKey.from_n(secret.public_key.n) == capsule_key.public
