"""The ring Z_Q[X] / (X^8192 + 1), Q a product of three primes of 54 bits, and arithmetic on residues with
numpy.

8,192 coefficients allow 218 bits of modulus at 128 bits of strength with ternary secrets (Homomorphic
Encryption Standard, 2018, table 1; the table of SEAL); Q has 162. Every prime is 1 modulo 16,384, so the ring
splits fully.

A polynomial is an array (..., 3, 8192) of residues, prime by prime: its coefficients, or its values at the
odd powers of psi, the smallest primitive 16,384-th root of unity modulo that prime. Value i is the one at
psi^(2 r + 1), r being i with its 13 bits reversed. SEAL numbers them in the same way.
"""

import functools
from dataclasses import dataclass

import gmpy2
import numpy as np
from numpy.typing import NDArray

Residues = NDArray[np.uint64]
Integers = NDArray[np.int64]

DEGREE = 8192
PRIME_BITS = 54
PRIME_COUNT = 3


def ntt_primes(degree: int, bits: int, count: int) -> tuple[int, ...]:
    """The `count` largest primes below 2**bits that are 1 modulo 2 * degree, largest first."""
    found: list[int] = []
    candidate = (1 << bits) + 1
    while len(found) < count:
        candidate -= 2 * degree
        if gmpy2.is_prime(candidate, 40):
            found.append(candidate)
    return tuple(found)


@dataclass(frozen=True)
class Ring:
    """A ring and its constants; other sizes than the one in use are for tests.

    Attributes:
        degree: N, a power of two.
        primes: each 1 modulo 2 N and below 2**54.
    """

    degree: int
    primes: tuple[int, ...]

    @functools.cached_property
    def modulus(self) -> int:
        """Q, the product of the primes."""
        product = 1
        for prime in self.primes:
            product *= prime
        return product

    @functools.cached_property
    def roots(self) -> tuple[int, ...]:
        """psi for each prime: the smallest primitive 2 N-th root of unity."""
        return tuple(_smallest_root(prime, self.degree) for prime in self.primes)

    @functools.cached_property
    def twiddles(self) -> Residues:
        """psi^r with r bit-reversed, for each prime: shape (L, N)."""
        return self._powers(self.roots)

    @functools.cached_property
    def inverse_twiddles(self) -> Residues:
        """The inverses of `twiddles`."""
        pairs = zip(self.roots, self.primes, strict=True)
        return self._powers(tuple(pow(root, -1, prime) for root, prime in pairs))

    @functools.cached_property
    def inverse_degree(self) -> Residues:
        """1 / N modulo each prime."""
        return np.array([pow(self.degree, -1, prime) for prime in self.primes], np.uint64)

    def _powers(self, roots: tuple[int, ...]) -> Residues:
        bits = self.degree.bit_length() - 1
        order = bit_reversed(bits)
        table = np.empty((len(roots), self.degree), np.uint64)
        for row, root, prime in zip(table, roots, self.primes, strict=True):
            power = 1
            for place in order.tolist():
                row[place] = power
                power = power * root % prime
        return table

    def residues(self, values: Integers) -> Residues:
        """Signed integers (..., n) as residues (..., L, n)."""
        smallest = min(self.primes)
        if values.size and -smallest < int(values.min()) and int(values.max()) < smallest:
            wide = values[..., None, :]  # no division: it takes longer than all else here
            small: Residues = (wide + ((wide >> 63) & self._column().view(np.int64))).view(np.uint64)
            return small
        return np.stack([np.mod(values, prime).astype(np.uint64) for prime in self.primes], axis=-2)

    def add(self, left: Residues, right: Residues) -> Residues:
        """left + right of polynomials (..., L, n)."""
        primes = self._column()
        total: Residues = left + right
        return np.minimum(total, total - primes)

    def subtract(self, left: Residues, right: Residues) -> Residues:
        """left - right of polynomials (..., L, n)."""
        primes = self._column()
        total: Residues = left + (primes - right)
        return np.minimum(total, total - primes)

    def multiply(self, left: Residues, right: Residues) -> Residues:
        """Products number by number of polynomials (..., l, n), modulo the first l primes."""
        result = np.empty(np.broadcast_shapes(left.shape, right.shape), np.uint64)
        for place, prime in enumerate(self.primes[: result.shape[-2]]):
            result[..., place, :] = multiply_mod(left[..., place, :], right[..., place, :], prime)
        return result

    def _column(self) -> Residues:
        return np.array(self.primes, np.uint64)[:, None]


def multiply_mod(left: Residues, right: Residues, prime: int) -> Residues:
    """left * right modulo a prime below 2**54, exactly, for factors below 2**54.

    The quotient is first guessed in floating point: off by at most 10, as three roundings of 2**-53 each are
    made on a number below 2**54. The rest is therefore right modulo 2**64, and small.
    """
    scale, q = 1.0 / prime, np.uint64(prime)
    quotient = (left.astype(np.float64) * right.astype(np.float64) * scale).astype(np.uint64)
    rest = (left * right - quotient * q).view(np.int64)
    rest = rest - np.floor(rest * scale).astype(np.int64) * np.int64(prime)
    unsigned: Residues = rest.view(np.uint64)
    unsigned = np.minimum(unsigned, unsigned + q)
    return np.minimum(unsigned, unsigned - q)


def bit_reversed(bits: int) -> NDArray[np.int64]:
    """The numbers below 2**bits with their bits in reverse order."""
    order = np.zeros(1, np.int64)
    for _ in range(bits):
        order = np.concatenate([2 * order, 2 * order + 1])
    return order


def _smallest_root(prime: int, degree: int) -> int:
    exponent = (prime - 1) // (2 * degree)
    base = 2
    while pow(root := pow(base, exponent, prime), degree, prime) != prime - 1:
        base += 1
    square, smallest = root * root % prime, root
    for _ in range(degree - 1):
        root = root * square % prime
        smallest = min(smallest, root)
    return smallest


@functools.cache
def ring() -> Ring:
    """The ring that models are encrypted in."""
    return Ring(DEGREE, ntt_primes(DEGREE, PRIME_BITS, PRIME_COUNT))
