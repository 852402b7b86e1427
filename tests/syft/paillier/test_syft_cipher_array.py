"""Ciphertext lists: homomorphisms, noise before anything leaves, and every kind of bad ciphertext."""

import pickle

import phe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmined_syft.errors import BoundError, CiphertextError, KeyMismatchError
from openmined_syft.paillier.cipher_array import (
    CipherArray,
    UnnoisedArray,
    decrypt_integers,
    encrypt_integers,
    validate_ciphertexts,
)
from openmined_syft.paillier.encrypted import EncryptedGradient
from openmined_syft.paillier.kernels import load_kernel
from openmined_syft.paillier.keys import generate_keypair
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.zeros import fresh_noise
from tests.builders.changes import wrong

SMALL = generate_keypair(512, allow_small_for_tests=True)
HALF = int(SMALL.public.n) // 2
plaintext = st.sampled_from([0, 1, -1, HALF, -HALF]) | st.integers(-HALF, HALF)


def centred(number: int) -> int:
    number %= int(SMALL.public.n)
    return number if number <= HALF else number - int(SMALL.public.n)


@settings(max_examples=40, deadline=None)
@given(st.lists(plaintext, max_size=5))
def test_decryption_is_the_inverse_of_encryption(numbers):
    assert decrypt_integers(encrypt_integers(numbers, SMALL), SMALL) == numbers


@settings(max_examples=40, deadline=None)
@given(plaintext, plaintext, st.integers(-(2**61), 2**61))
def test_products_add_and_powers_multiply(a, b, factor):
    n2 = SMALL.public.n_squared
    x, y = encrypt_integers([a, b], SMALL).ciphertexts
    combined = UnnoisedArray(SMALL.public, [x * y % n2, pow(int(x), factor, int(n2))])
    sums = combined.plus([1, b]).noised()
    assert decrypt_integers(sums, SMALL) == [centred(a + b + 1), centred(a * factor + b)]


class Watched:
    """The usual kernel; remembers what was raised to the secret exponents."""

    def __init__(self):
        self.inner, self.raised = load_kernel(), []

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def powers(self, bases, exponent, modulus):
        if int(exponent) in (int(SMALL.p) - 1, int(SMALL.q) - 1):
            self.raised += [int(base) for base in bases]
        return self.inner.powers(bases, exponent, modulus)


def test_what_is_raised_to_the_secret_exponents_is_nobodys_choice():
    """A mine chooses the ciphertexts, and could learn from the time of their powers: they are blinded."""
    chosen = encrypt_integers([5, 7], SMALL)
    moduli = (int(SMALL.p_squared), int(SMALL.q_squared))
    in_clear = {int(c) % modulus for c in chosen.ciphertexts for modulus in moduli}
    seen = []
    for _ in range(2):
        watched = Watched()
        assert decrypt_integers(chosen, SMALL, watched) == [5, 7]
        assert len(watched.raised) == 4
        assert not in_clear & set(watched.raised)
        seen += watched.raised
    assert len(set(seen)) == 8  # fresh at each decryption


def test_a_plaintext_of_half_the_modulus_is_refused():
    with pytest.raises(BoundError, match="plaintext 1"):
        encrypt_integers([HALF, HALF + 1], SMALL)


def test_python_paillier_reads_what_we_encrypt_and_we_read_what_it_encrypts(capsule_key):
    public, secret = capsule_key.public.to_phe(), capsule_key.to_phe()
    ours = encrypt_integers([123456789], capsule_key).ciphertexts[0]
    assert secret.raw_decrypt(int(ours)) == 123456789
    theirs = phe.EncryptedNumber(public, public.raw_encrypt(42), 0).ciphertext(be_secure=False)
    array = CipherArray(capsule_key.public.fingerprint, 2048, (theirs,))
    assert decrypt_integers(array, capsule_key) == [42]


def test_the_same_plaintext_never_encrypts_to_the_same_ciphertext():
    array = encrypt_integers([7] * 20, SMALL)
    assert len(set(array.ciphertexts)) == 20
    noised = UnnoisedArray(SMALL.public, array.ciphertexts[:1] * 20).noised()
    assert len({*noised.ciphertexts, array.ciphertexts[0]}) == 21
    assert decrypt_integers(noised, SMALL) == [7] * 20


def test_noise_is_an_encryption_of_zero_and_full_strength():
    noise = fresh_noise(10, SMALL.public, load_kernel())
    array = CipherArray(SMALL.public.fingerprint, 512, tuple(noise))
    assert decrypt_integers(array, SMALL) == [0] * 10
    n, p = int(SMALL.public.n), int(SMALL.p)
    # Full strength: the residues modulo p of r^n run over the whole group, not over a small subgroup.
    small_orders = [order for order in range(1, 2000) if (p - 1) % order == 0]
    assert all(pow(int(c), order, p) != 1 for c in noise for order in small_orders)
    assert len({int(c) % n for c in noise}) == 10


def test_results_without_noise_cannot_leave():
    bare = UnnoisedArray(SMALL.public, [4, 5])
    assert not hasattr(bare, "to_bytes")
    assert not hasattr(bare, "to_fields")
    assert not hasattr(bare, "ciphertexts")
    assert repr(bare) == "UnnoisedArray(2 ciphertexts)"
    with pytest.raises(TypeError, match="noise"):
        pickle.dumps(bare)
    with pytest.raises(TypeError, match="fresh noise"):
        EncryptedGradient(wrong(bare), Layout((2, 1), 512, 60, 1, 1), 0, 50)
    assert isinstance(bare.noised(), CipherArray)


BAD = {
    "0": lambda key: 0,
    "negative": lambda key: -3,
    "n": lambda key: key.public.n,
    "p": lambda key: key.p,
    "multiple of q": lambda key: key.q * 12345,
    "n^2": lambda key: key.public.n_squared,
    "n^2 + 5": lambda key: key.public.n_squared + 5,
    "a float": lambda key: 1.5,
    "a boolean": lambda key: True,
    "text": lambda key: "7",
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_ciphertext_is_refused_and_its_position_named(bad, capsule_key):
    good = list(encrypt_integers([1, 2], capsule_key).ciphertexts)
    validate_ciphertexts(good, capsule_key.public)
    for place in range(3):
        array = (*good[:place], BAD[bad](capsule_key), *good[place:])
        with pytest.raises(CiphertextError, match=f"ciphertext {place}"):
            validate_ciphertexts(array, capsule_key.public)
        with pytest.raises(CiphertextError, match=f"ciphertext {place}"):
            decrypt_integers(CipherArray(capsule_key.public.fingerprint, 2048, array), capsule_key)


def test_the_edges_of_the_range_are_accepted(capsule_key):
    validate_ciphertexts([1, capsule_key.public.n_squared - 1], capsule_key.public)
    validate_ciphertexts([], capsule_key.public)


def test_ciphertexts_of_another_key_are_refused(capsule_key, stranger_key):
    array = encrypt_integers([1], stranger_key)
    with pytest.raises(KeyMismatchError, match="2048-bit key"):
        decrypt_integers(array, capsule_key)


@settings(max_examples=30, deadline=None)
@given(st.lists(plaintext, max_size=4))
def test_bytes_have_a_fixed_width_and_come_back(numbers):
    array = encrypt_integers(numbers, SMALL)
    data = array.to_bytes()
    assert len(data) == 128 * len(numbers)
    assert CipherArray.from_bytes(data, array.key_fingerprint, 512) == array


def test_a_small_ciphertext_is_padded_and_a_cut_one_refused():
    assert CipherArray(b"", 512, (5,)).to_bytes() == bytes(127) + b"\5"
    with pytest.raises(CiphertextError, match="127 bytes"):
        CipherArray.from_bytes(bytes(127), b"", 512)
