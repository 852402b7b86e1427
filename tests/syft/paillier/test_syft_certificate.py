"""The certificate of a Paillier modulus: honest keys carry one, and a modulus that hides nothing has none."""

import math

import gmpy2
import numpy as np
import pytest

from openmined_syft.errors import FormError
from openmined_syft.models import build_family
from openmined_syft.paillier.certificate import ROOTS, certificate_bytes, certify, is_certified
from openmined_syft.paillier.keys import PublicKey
from openmined_syft.schemes.paillier import PaillierScheme

SCHEME = PaillierScheme()


def hiding_little() -> tuple[int, int]:
    """Primes a and p = 2 k a + 1 of 512 bits together: a divides p - 1, so n-th powers modulo p are few."""
    a = gmpy2.next_prime(3 << 248)
    k = (1 << 511) // (2 * a * a) + 1
    while not gmpy2.is_prime(2 * k * a + 1):
        k += 1
    return int(a), int(2 * k * a + 1)


def of_many_small_primes() -> tuple[int, int]:
    """A modulus of 2,048 bits of primes of 13 to 27 bits, half of which are p = 2 a b + 1 with a and b among
    its factors; and its phi. It passes for a modulus: it has no factor below 4,096.
    """
    few = [int(p) for p in range(4099, 8191) if gmpy2.is_prime(p)]
    pairs = ((a, b) for place, a in enumerate(few) for b in few[place + 1 :])
    primes: list[int] = []
    for a, b in pairs:
        more = [p for p in (a, b, 2 * a * b + 1) if p not in primes]
        if gmpy2.is_prime(2 * a * b + 1) and math.prod(primes + more).bit_length() < 2_030:
            primes += more
        if math.prod(primes).bit_length() > 2_000:
            break
    n = math.prod(primes)
    last = int(gmpy2.next_prime((1 << 2047) // n))
    return n * last, math.prod(p - 1 for p in [*primes, last])


def test_a_modulus_of_many_small_primes_has_no_certificate():
    """It was accepted once: powers r^n modulo it are few, and anybody can factor it."""
    n, phi = of_many_small_primes()
    public = PublicKey.from_n(n)
    assert gmpy2.gcd(n, phi).bit_length() > 500
    part = phi // gmpy2.gcd(n, phi)
    while (shared := gmpy2.gcd(n, part)) > 1:
        part //= shared
    root, width = gmpy2.invert(n, part), certificate_bytes(n) // ROOTS
    values = list(range(2, 13))
    forged = b"".join(int(gmpy2.powmod(value, root, n)).to_bytes(width, "big") for value in values)
    assert not is_certified(n, forged)
    with pytest.raises(FormError, match="certificate is no proof"):
        SCHEME.public_from_fields({**fields(public), "certificate": forged})


def fields(public: PublicKey) -> dict:
    return SCHEME.public_fields(public)


@pytest.mark.parametrize("bits", [2048, 3072])
def test_every_key_carries_its_certificate(bits, capsule_key):
    key = capsule_key if bits == 2048 else SCHEME.generate(bits)
    public = SCHEME.public_from_fields(fields(SCHEME.public_half(key, build_family("logistic", 3, 1, {}))))
    assert len(public.certificate) == certificate_bytes(key.public.n) == ROOTS * bits // 8
    assert is_certified(key.public.n, public.certificate)


def test_it_comes_back_with_the_key_from_its_secret(capsule_key):
    again = SCHEME.key_from_secret(SCHEME.secret_fields(capsule_key))
    assert again.public.certificate == capsule_key.public.certificate


def test_a_modulus_whose_noise_hides_little_has_no_certificate():
    a, p = hiding_little()
    n, phi = a * p, (a - 1) * (p - 1)
    assert gmpy2.gcd(n, phi) == a
    with pytest.raises(ZeroDivisionError):
        certify(a, p)
    # Roots modulo p / a are all that even its maker can have: for a fraction 1 / a of all numbers.
    almost = gmpy2.invert(n, phi // a**2) if gmpy2.gcd(n, phi // a**2) == 1 else 1
    forged = b"".join(
        int(gmpy2.powmod(value, almost, n)).to_bytes(certificate_bytes(n) // ROOTS, "big")
        for value in range(2, 13)
    )
    assert not is_certified(n, forged)
    public = PublicKey.from_n(n, allow_small=True)
    sent = {**fields(public), "certificate": forged}
    with pytest.raises(FormError, match="certificate is no proof"):
        SCHEME.public_from_fields(sent, allow_small_for_tests=True)


def test_a_certificate_of_another_key_or_with_one_bit_changed_is_refused(capsule_key, stranger_key):
    good = fields(capsule_key.public)
    changed = bytearray(good["certificate"])
    changed[len(changed) // 2] ^= 1
    for wrong in (stranger_key.public.certificate, bytes(changed), bytes(len(changed))):
        with pytest.raises(FormError, match="certificate is no proof"):
            SCHEME.public_from_fields({**good, "certificate": wrong})


@pytest.mark.parametrize("certificate", [b"", b"\1", None, 7])
def test_a_key_without_one_is_refused_by_name(capsule_key, certificate):
    with pytest.raises(FormError, match="certificate is"):
        SCHEME.public_from_fields({**fields(capsule_key.public), "certificate": certificate})
    without = {name: value for name, value in fields(capsule_key.public).items() if name != "certificate"}
    with pytest.raises(FormError, match="certificate is missing"):
        SCHEME.public_from_fields(without)


def test_roots_are_of_the_right_numbers_and_in_their_range(small_key):
    n, certificate = int(small_key.public.n), small_key.public.certificate
    assert is_certified(n, certificate)
    width = len(certificate) // ROOTS
    first = int.from_bytes(certificate[:width], "big") + n  # the same root, written larger
    if first < 1 << (8 * width):
        assert not is_certified(n, first.to_bytes(width, "big") + certificate[width:])
    assert not np.array_equal(certificate[:width], certificate[width : 2 * width])


def test_verifying_costs_eleven_exponentiations_and_no_more(capsule_key, monkeypatch):
    """Of the key's size, which is all of its 35 ms at 2048 bits."""
    powmod, powers = gmpy2.powmod, []

    def counted(base, exponent, modulus):
        powers.append((exponent, modulus))
        return powmod(base, exponent, modulus)

    public = capsule_key.public
    certificate = certify(int(capsule_key.p), int(capsule_key.q))
    monkeypatch.setattr(gmpy2, "powmod", counted)
    assert is_certified(public.n, certificate)
    assert powers == [(public.n, public.n)] * ROOTS == [(public.n, public.n)] * 11
