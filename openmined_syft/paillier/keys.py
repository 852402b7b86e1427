"""Paillier keys: sizes, fingerprints and the integers behind them, compatible with python-paillier (`phe`).

A public key here is the modulus n of `phe.PaillierPublicKey` with generator n + 1; a private key its two
primes. Encrypting and decrypting arrays is in `cipher_array`; this module does no arithmetic on ciphertexts
and stores nothing. Security: 2048 bits are taken as about 112 bits of strength, 3072 bits as about 128 (NIST
SP 800-57).
"""

import dataclasses
import functools
import hashlib
from dataclasses import dataclass, field
from typing import Any, NoReturn

import gmpy2
import phe

from openmined_syft.errors import KeyFormError, KeyMismatchError, KeySizeError
from openmined_syft.paillier.certificate import certify
from openmined_syft.paillier.kernels.interface import Kernel

SCHEME = "paillier"
DEFAULT_BITS = 3072
SMALLEST_BITS = 2048
LARGEST_BITS = 8192
SMALLEST_TEST_BITS = 128


@functools.cache
def _small_primes() -> int:
    """Product of the primes below 2**12: a modulus that shares a factor with it was not made honestly."""
    return int(gmpy2.primorial(1 << 12))


def check_key_bits(bits: int, *, allow_small: bool = False) -> None:
    """Refuse key sizes outside [2048, 8192]; `allow_small` (tests only) lowers the floor to 128.

    Raises:
        KeySizeError: the size is outside the range or not a multiple of 8.
    """
    smallest = SMALLEST_TEST_BITS if allow_small else SMALLEST_BITS
    if not smallest <= bits <= LARGEST_BITS or bits % 8:
        raise KeySizeError(
            f"key size is {bits} bits; it must be a multiple of 8 between {smallest} and {LARGEST_BITS}"
        )


@dataclass(frozen=True)
class PublicKey:
    """The modulus n of a Paillier key; make one with `from_n`, which checks it.

    Attributes:
        n: the modulus, a product of two large primes.
        certificate: that gcd(n, phi(n)) = 1; empty where the key did not come from its owner.
    """

    n: int
    certificate: bytes = field(default=b"", repr=False, compare=False)
    n_squared: int = field(init=False, repr=False, compare=False)
    fingerprint: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        n = gmpy2.mpz(self.n)
        object.__setattr__(self, "n", n)
        object.__setattr__(self, "n_squared", n * n)
        object.__setattr__(self, "fingerprint", fingerprint_of(int(n)))

    @classmethod
    def from_n(cls, n: int, allow_small: bool = False) -> "PublicKey":
        """The key with modulus `n`.

        What is checked: size, oddness, that n is neither prime nor a perfect power, and that it has no prime
        factor below 4096. That n is a product of exactly two primes of equal size cannot be seen from
        outside.

        Raises:
            KeySizeError: n is too short or too long. `allow_small` lowers the floor to 128 bits, for tests
                only.
            KeyFormError: n cannot be an honest modulus.
        """
        if isinstance(n, bool) or not isinstance(n, int | type(gmpy2.mpz(0))) or n < 1:
            raise KeyFormError("the modulus n must be a positive integer")
        check_key_bits(int(n).bit_length(), allow_small=allow_small)
        if n % 2 == 0:
            raise KeyFormError("the modulus n is even; a Paillier modulus is a product of two odd primes")
        if gmpy2.is_prime(n) or gmpy2.is_power(n):
            raise KeyFormError(
                "the modulus n is a prime or a perfect power; it must be a product of two primes"
            )
        if gmpy2.gcd(n, _small_primes()) != 1:
            raise KeyFormError(
                "the modulus n has a prime factor below 4096; both factors must be large primes"
            )
        return cls(n)

    @property
    def bits(self) -> int:
        """Length of n in bits."""
        return int(self.n).bit_length()

    @property
    def ciphertext_bytes(self) -> int:
        """Width of one ciphertext on the wire, in bytes: ciphertexts are below n**2."""
        return self.bits // 4

    def to_phe(self) -> Any:
        """The same key as `phe.PaillierPublicKey`."""
        return phe.PaillierPublicKey(int(self.n))


def fingerprint_of(n: int) -> bytes:
    """sha256 over the scheme's name, a zero byte and n (big-endian, shortest form): 32 bytes."""
    return hashlib.sha256(SCHEME.encode() + b"\0" + n.to_bytes((n.bit_length() + 7) // 8, "big")).digest()


class PrivateKey:
    """The two primes of a Paillier key, with what the Chinese remainder theorem needs.

    `repr` and error texts never show the primes, and pickling is refused: whoever stores a key takes `p` and
    `q` by name and seals them.

    Attributes:
        public: the public half.
        p, q: the primes.
        kernel: computes what its owner encrypts and decrypts; None for the fastest one here.
    """

    __slots__ = (
        "h_p", "h_q", "kernel", "p", "p_inverse",
        "p_squared", "p_squared_inverse", "public", "q", "q_squared",
    )  # fmt: skip

    def __init__(self, public: PublicKey, p: int, q: int) -> None:
        p, q = gmpy2.mpz(p), gmpy2.mpz(q)
        if p * q != public.n:
            raise KeyMismatchError("the two primes do not multiply to the modulus of the public key")
        self.public = dataclasses.replace(public, certificate=certify(p, q))
        self.p, self.q = p, q
        self.kernel: Kernel | None = None
        self.p_squared, self.q_squared = p * p, q * q
        # Paillier 1999, section 7: m mod p = L_p(c^(p-1) mod p^2) * h_p mod p, with L_p(x) = (x - 1) / p.
        self.h_p = gmpy2.invert((gmpy2.powmod(public.n + 1, p - 1, self.p_squared) - 1) // p, p)
        self.h_q = gmpy2.invert((gmpy2.powmod(public.n + 1, q - 1, self.q_squared) - 1) // q, q)
        self.p_inverse = gmpy2.invert(p, q)
        self.p_squared_inverse = gmpy2.invert(self.p_squared, self.q_squared)

    @classmethod
    def from_primes(cls, p: int, q: int, *, allow_small_for_tests: bool = False) -> "PrivateKey":
        """The key with primes `p` and `q`, checked.

        Raises:
            KeySizeError: p * q is too short or too long.
            KeyFormError: not two different odd primes of the same length.
        """
        p, q = int(p), int(q)
        if p < 3 or q < 3 or p == q or not (gmpy2.is_prime(p, 40) and gmpy2.is_prime(q, 40)):
            raise KeyFormError("a Paillier private key needs two different odd primes")
        n = p * q
        check_key_bits(n.bit_length(), allow_small=allow_small_for_tests)
        if p.bit_length() != q.bit_length():
            # The same length also gives gcd(n, (p - 1)(q - 1)) = 1, without which encryption is not
            # one-to-one: for p < q < 2 p neither divides the other minus one.
            raise KeyFormError("the two primes of a Paillier key must have the same length")
        return cls(PublicKey(n), p, q)

    @property
    def bits(self) -> int:
        """Length of n in bits."""
        return self.public.bits

    @property
    def fingerprint(self) -> bytes:
        """The public half's."""
        return self.public.fingerprint

    def to_phe(self) -> Any:
        """The same key as `phe.PaillierPrivateKey`."""
        return phe.PaillierPrivateKey(self.public.to_phe(), int(self.p), int(self.q))

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.bits} bits, {self.public.fingerprint.hex()[:16]})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateKey) and {self.p, self.q} == {other.p, other.q}

    def __hash__(self) -> int:
        return hash(self.public.fingerprint)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled; store p and q sealed")


def generate_keypair(bits: int = DEFAULT_BITS, *, allow_small_for_tests: bool = False) -> PrivateKey:
    """A new key from the operating system's randomness, through `phe.generate_paillier_keypair`.

    Args:
        bits: length of n; 3072 by default, 2048 for demonstrations, less only with `allow_small_for_tests`.

    Raises:
        KeySizeError: `bits` is outside what is accepted.
    """
    check_key_bits(bits, allow_small=allow_small_for_tests)
    while True:
        _, secret = phe.generate_paillier_keypair(n_length=bits)
        # phe takes the next prime after a random number: now and then the two end up of different length.
        try:
            return PrivateKey.from_primes(secret.p, secret.q, allow_small_for_tests=allow_small_for_tests)
        except KeyFormError:
            continue
