"""Noise with short exponents: an explicit opt-in that makes a visit's noise about ten times cheaper.

Damgard, Jurik and Nielsen (2010): instead of r^n with r uniform, take (h^n)^x with a fixed h and x of half
the bits of n, from a table of powers of h^n.

What is assumed in addition to full-strength noise, that is to Paillier's decisional composite residuosity:
that h^x for such short x cannot be told from a random element of the group h generates, and that this group
is large. The paper proves its case for p = q = 3 mod 4 with gcd(p - 1, q - 1) = 2, which nobody without the
primes can check and which python-paillier's keys need not fulfil. Use full-strength noise (the default
everywhere) if in doubt.

An h from somebody else could lie in a small group and remove the noise; so the user draws an own one. One
given from outside is checked for small orders only.
"""

import secrets

import gmpy2

from openmined_syft.errors import CiphertextError
from openmined_syft.paillier.keys import PublicKey

DIGIT_BITS = 8
SMALL_ORDERS = 1 << 12


def check_base(h: int, public: PublicKey) -> None:
    """Refuse an h that is visibly no base for noise.

    Needs 1 < h < n - 1, gcd(h, n) = 1, Jacobi symbol (-h | n) = 1 as for h = -x^2, and an order with a factor
    that is not a power of primes below 4096. A group of medium size is not found.

    Raises:
        CiphertextError: says which.
    """
    n = public.n
    if not 1 < h < n - 1 or gmpy2.gcd(h, n) != 1:
        raise CiphertextError("the base h must be a unit modulo n other than 1 and -1")
    if gmpy2.jacobi(n - h, n) != 1:
        raise CiphertextError("the base h is not of the form -x^2: its Jacobi symbol is wrong")
    power, prime = gmpy2.mpz(h), gmpy2.mpz(2)
    while prime < SMALL_ORDERS:
        exponent = prime ** (public.bits // int(prime).bit_length() if prime < 8 else 2)
        power = gmpy2.powmod(power, exponent, n)
        prime = gmpy2.next_prime(prime)
    if power == 1 or gmpy2.gcd(power - 1, n) != 1:
        raise CiphertextError("the base h generates a group of small order: noise from it hides nothing")


class ShortNoise:
    """A table of powers of h^n for one key; 16 MB and 0.2 s to make at 2048 bits. Opt-in: see the module.

    Args:
        public: the key.
        h: None draws an own base -x^2; one from outside is checked by `check_base`.

    Raises:
        CiphertextError: the given h is visibly bad.
    """

    def __init__(self, public: PublicKey, h: int | None = None) -> None:
        self.public = public
        if h is None:
            x = gmpy2.mpz(secrets.randbelow(int(public.n) - 2) + 2)
            h = -x * x % public.n
        check_base(h, public)
        self._digits = -(-public.bits // (2 * DIGIT_BITS))
        n2, power = public.n_squared, gmpy2.powmod(h, public.n, public.n_squared)
        self._table = []
        for _ in range(self._digits):
            row = [gmpy2.mpz(1), power]
            while len(row) < 1 << DIGIT_BITS:
                row.append(row[-1] * power % n2)
            self._table.append(row)
            power = row[-1] * power % n2

    def values(self, count: int) -> list[int]:
        """`count` independent encryptions of zero: (h^n)^x, x uniform of half the bits of n."""
        n2, result = self.public.n_squared, []
        for _ in range(count):
            product = gmpy2.mpz(1)
            for row, digit in zip(self._table, secrets.token_bytes(self._digits), strict=True):
                product = product * row[digit] % n2
            result.append(product)
        return result
