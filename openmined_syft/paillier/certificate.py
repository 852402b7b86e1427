"""A proof that gcd(n, phi(n)) = 1: without it the noise r^n of a mine may hide next to nothing.

Goldberg, Reyzin, Sagga and Baldimtsi, "Efficient noninteractive certification of RSA moduli and beyond"
(Asiacrypt 2019), section 3.2: n-th roots modulo n of eleven hash values. If gcd(n, phi(n)) has a prime factor
p, at most one value in p has a root; n has no factor below 2^12 (`PublicKey.from_n`), so a modulus that is
not of the kind passes with a probability of at most 2^-132 a try. It does not show that n has exactly two
factors.
"""

import hashlib

import gmpy2

ROOTS = 11


def certificate_bytes(n: int) -> int:
    """How long a certificate of n is: about 2.8 kB at 2048 bits."""
    return ROOTS * _width(n)


def certify(p: int, q: int) -> bytes:
    """The roots, big-endian, one after another; by whoever knows the primes. Some tens of milliseconds."""
    n = p * q
    at_p, at_q = gmpy2.invert(n, p - 1), gmpy2.invert(n, q - 1)
    inverse = gmpy2.invert(p, q)
    roots = []
    for value in _values(n):
        left, right = gmpy2.powmod_sec(value % p, at_p, p), gmpy2.powmod_sec(value % q, at_q, q)
        roots.append(left + (right - left) * inverse % q * p)
    return b"".join(int(root).to_bytes(_width(n), "big") for root in roots)


def is_certified(n: int, certificate: bytes) -> bool:
    """Whether the certificate is one of n, which has no prime factor below 2^12. As long as making it."""
    width = _width(n)
    if len(certificate) != certificate_bytes(n):
        return False
    places = range(0, len(certificate), width)
    roots = [int.from_bytes(certificate[place : place + width], "big") for place in places]
    pairs = zip(roots, _values(n), strict=True)
    return all(1 <= root < n and gmpy2.powmod(root, n, n) == value for root, value in pairs)


def _values(n: int) -> list[int]:
    """Eleven numbers below n that nobody has chosen."""
    width = _width(n)
    modulus = int(n).to_bytes(width, "big")
    values = []
    for place in range(ROOTS):
        stream = hashlib.shake_256(b"openmined/paillier/certificate/1\0" + place.to_bytes(4, "big") + modulus)
        values.append(int.from_bytes(stream.digest(width + 16), "big") % int(n))
    return values


def _width(n: int) -> int:
    return (int(n).bit_length() + 7) // 8
