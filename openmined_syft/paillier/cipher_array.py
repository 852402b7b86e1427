"""Lists of Paillier ciphertexts under one key, in two kinds that the type system keeps apart.

`CipherArray`: every ciphertext carries full-strength noise r^n mod n^2, so it may leave this machine; it has
a wire form. `UnnoisedArray`: the bare result of a computation on ciphertexts. From it the plaintext numbers
that went in could be found by guessing, so it has no wire form, refuses to be pickled and offers one thing
only: becoming a `CipherArray` by fresh noise. Neither knows about layouts, scales or models.

Encryption is c = (1 + n)^m r^n mod n^2 (Paillier 1999) with (1 + n)^m = 1 + n m mod n^2. Whoever has the
primes encrypts and decrypts modulo p^2 and q^2 and joins the halves by the Chinese remainder theorem.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import gmpy2

from openmined_syft.errors import BoundError, CiphertextError, KernelError, KeyMismatchError
from openmined_syft.paillier.kernels import Kernel, load_kernel
from openmined_syft.paillier.keys import PrivateKey, PublicKey
from openmined_syft.paillier.noise_pool import NoisePool
from openmined_syft.paillier.short_noise import ShortNoise
from openmined_syft.paillier.zeros import fresh_noise, owner_noise


def validate_ciphertexts(ciphertexts: Sequence[int], public: PublicKey) -> None:
    """Refuse integers that are not ciphertexts: needs 1 <= c < n^2 and gcd(c, n) = 1.

    One gcd of the product of all with n stands for all: n shares a factor with the product exactly when it
    shares one with a ciphertext.

    Raises:
        CiphertextError: names the first bad position.
    """
    product = gmpy2.mpz(1)
    for position, ciphertext in enumerate(ciphertexts):
        if not isinstance(ciphertext, int | type(product)) or isinstance(ciphertext, bool):
            raise CiphertextError(
                f"ciphertext {position} is of type {type(ciphertext).__name__}; needs an integer"
            )
        if not 1 <= ciphertext < public.n_squared:
            raise CiphertextError(f"ciphertext {position} is outside 1 <= c < n^2 of this key")
        product = product * ciphertext % public.n
    if gmpy2.gcd(product, public.n) != 1:
        for position, ciphertext in enumerate(ciphertexts):
            if gmpy2.gcd(ciphertext, public.n) != 1:
                raise CiphertextError(f"ciphertext {position} shares a factor with the modulus n")


@dataclass(frozen=True)
class CipherArray:
    """Ciphertexts that carry fresh noise.

    Attributes:
        key_fingerprint: 32 bytes, see `PublicKey.fingerprint`.
        key_bits: length of n.
        ciphertexts: integers in [1, n^2).
    """

    key_fingerprint: bytes
    key_bits: int
    ciphertexts: tuple[int, ...]

    @property
    def ciphertext_bytes(self) -> int:
        """Width of one ciphertext on the wire."""
        return self.key_bits // 4

    def to_bytes(self) -> bytes:
        """All ciphertexts one after another, each big-endian in `ciphertext_bytes` bytes."""
        return b"".join(int(c).to_bytes(self.ciphertext_bytes, "big") for c in self.ciphertexts)

    @classmethod
    def from_bytes(cls, data: bytes, key_fingerprint: bytes, key_bits: int) -> "CipherArray":
        """The inverse of `to_bytes`. Only the length can be checked here; `check_key` and `validate` do the
        rest.

        Raises:
            CiphertextError: the length is not a multiple of the width.
        """
        width = key_bits // 4
        if width < 1 or len(data) % width:
            raise CiphertextError(f"{len(data)} bytes of ciphertexts; needs a multiple of {width}")
        parts = range(0, len(data), width)
        numbers = tuple(gmpy2.mpz(int.from_bytes(data[i : i + width], "big")) for i in parts)
        return cls(key_fingerprint, key_bits, numbers)

    def check_key(self, public: PublicKey) -> None:
        """Refuse any key but the one that these ciphertexts were made for.

        Raises:
            KeyMismatchError: fingerprint or size differs.
        """
        if self.key_fingerprint != public.fingerprint or self.key_bits != public.bits:
            raise KeyMismatchError(
                f"ciphertexts are for the {self.key_bits}-bit key {self.key_fingerprint.hex()[:16]}; "
                f"this is the {public.bits}-bit key {public.fingerprint.hex()[:16]}"
            )

    def validate(self, public: PublicKey) -> None:
        """Refuse another key and invalid ciphertexts; see `check_key` and `validate_ciphertexts`."""
        self.check_key(public)
        validate_ciphertexts(self.ciphertexts, public)


class UnnoisedArray:
    """The bare result of a computation on ciphertexts; it must not leave the machine."""

    __slots__ = ("_ciphertexts", "_public")

    def __init__(self, public: PublicKey, ciphertexts: Sequence[int]) -> None:
        self._public = public
        self._ciphertexts = list(ciphertexts)

    def __len__(self) -> int:
        return len(self._ciphertexts)

    def plus(self, plaintexts: Sequence[int], kernel: Kernel | None = None) -> "UnnoisedArray":
        """The plaintexts added, one to each: c * (1 + n m) mod n^2."""
        public = self._public
        factors = [(1 + public.n * (gmpy2.mpz(m) % public.n)) for m in plaintexts]
        products = (kernel or load_kernel()).products(self._ciphertexts, factors, public.n_squared)
        return UnnoisedArray(public, products)

    def noised(self, kernel: Kernel | None = None, pool: NoisePool | None = None) -> CipherArray:
        """The same plaintexts under fresh, full-strength noise r^n, one r for each ciphertext.

        Args:
            pool: noise made ahead; what it lacks is made now.

        Raises:
            KeyMismatchError: the pool is for another key.
        """
        kernel, count = kernel or load_kernel(), len(self._ciphertexts)
        noise = [] if pool is None else pool.take(count, self._public)
        return self._with(noise + fresh_noise(count - len(noise), self._public, kernel), kernel)

    def noised_short(self, noise: ShortNoise, kernel: Kernel | None = None) -> CipherArray:
        """The same plaintexts under fresh noise with short exponents: rests on a further assumption, see
        there.

        Raises:
            KeyMismatchError: the noise is for another key.
        """
        if noise.public != self._public:
            raise KeyMismatchError("the short noise was made for another key than the ciphertexts")
        return self._with(noise.values(len(self._ciphertexts)), kernel or load_kernel())

    def _with(self, noise: Sequence[int], kernel: Kernel) -> CipherArray:
        public = self._public
        products = kernel.products(self._ciphertexts, noise, public.n_squared)
        return CipherArray(public.fingerprint, public.bits, tuple(products))

    def __repr__(self) -> str:
        return f"UnnoisedArray({len(self)} ciphertexts)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("ciphertexts without fresh noise are not serialised; call noised() first")


def encrypt_integers(
    plaintexts: Sequence[int],
    key: PrivateKey,
    kernel: Kernel | None = None,
    pool: NoisePool | None = None,
) -> CipherArray:
    """Ciphertexts of signed integers with |m| < n/2, made by the key's owner.

    Args:
        pool: noise made ahead; what it lacks is made now.

    Raises:
        BoundError: a plaintext is too large; nothing is encrypted.
        KeyMismatchError: the pool is for another key.
    """
    kernel, public = kernel or key.kernel or load_kernel(), key.public
    for position, m in enumerate(plaintexts):
        if 2 * abs(m) >= public.n:
            raise BoundError(f"plaintext {position} has {int(m).bit_length()} bits; |m| must be below n / 2")
    noise = [] if pool is None else pool.take(len(plaintexts), public)
    noise += owner_noise(len(plaintexts) - len(noise), key, kernel)
    messages = [1 + public.n * (gmpy2.mpz(m) % public.n) for m in plaintexts]
    ciphertexts = kernel.products(noise, messages, public.n_squared)
    return CipherArray(public.fingerprint, public.bits, tuple(ciphertexts))


def decrypt_integers(array: CipherArray, key: PrivateKey, kernel: Kernel | None = None) -> list[int]:
    """The signed plaintexts, in (-n/2, n/2]; Paillier 1999, section 7, modulo p^2 and q^2.

    Blinded: what is raised to the secret exponents is multiplied with an encryption of zero before, so that a
    mine, which chose the ciphertexts, knows nothing of the numbers whose powers take their time. One fresh
    value serves for all of an array, squared from one to the next.

    Raises:
        KeyMismatchError, CiphertextError: nothing is decrypted.
        KernelError: the powers are wrong, so whoever computed them is broken; nothing is decrypted.
    """
    array.validate(key.public)
    kernel = kernel or key.kernel or load_kernel()
    p, q, n = key.p, key.q, key.public.n
    blinded, n_squared = [], key.public.n_squared
    (blind,) = owner_noise(1, key, kernel)
    for c in array.ciphertexts:
        blinded.append(c * blind % n_squared)
        blind = blind * blind % n_squared
    left = kernel.powers([c % key.p_squared for c in blinded], p - 1, key.p_squared)
    right = kernel.powers([c % key.q_squared for c in blinded], q - 1, key.q_squared)
    plaintexts = []
    for a, b in zip(left, right, strict=True):
        if a % p != 1 or b % q != 1:  # Fermat: of whatever is invertible, which was checked
            raise KernelError("a power with the secret exponent is wrong: this machine or a worker is broken")
        m_p, m_q = (a - 1) // p * key.h_p % p, (b - 1) // q * key.h_q % q
        m = m_p + (m_q - m_p) * key.p_inverse % q * p
        plaintexts.append(m if 2 * m <= n else m - n)
    return plaintexts
