"""CKKS keys and arithmetic on SEAL: parameters, serialisation to bytes, and the operations a network needs.

Ring 16,384 and a modulus of 400 bits: 128 bits of strength by the Homomorphic Encryption Standard's table (at
most 438), which SEAL checks. 8,192 slots, seven multiplications deep, numbers at scale 2^40. CKKS is
approximate: a decrypted number is off by about 1e-6 of the largest, and who holds both a ciphertext and its
    exact decryption learns about the
secret key (Li and Micciancio 2021): decryptions stay with the key's owner.

SEAL saves to files only; anonymous memory files keep keys off the disk.
"""

import functools
import hashlib
import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import CiphertextError, KernelError, KeyFormError

SCHEME = "ckks"
RING = 16384
SLOTS = RING // 2
DEPTH = 7
SCALE = 2.0**40
PRIME_BITS = (60, *([40] * DEPTH), 60)

Vector = NDArray[np.float64]


@functools.cache
def seal() -> Any:
    """The SEAL bindings.

    Raises:
        KernelError: TenSEAL is not installed.
    """
    try:
        return importlib.import_module("tenseal.sealapi")
    except ImportError:
        raise KernelError("neural networks need TenSEAL: install the extra 'nn'") from None


@functools.cache
def context() -> Any:
    """The SEAL context of the one parameter set used."""
    s = seal()
    parameters = s.EncryptionParameters(s.SCHEME_TYPE.CKKS)
    parameters.set_poly_modulus_degree(RING)
    parameters.set_coeff_modulus(s.CoeffModulus.Create(RING, list(PRIME_BITS)))
    return s.SEALContext(parameters, True, s.SEC_LEVEL_TYPE.TC128)


@functools.cache
def levels() -> tuple[Any, ...]:
    """Parameter ids by number of multiplications done, 0 to DEPTH."""
    s, encoder = seal(), seal().CKKSEncoder(context())
    evaluator, plain = s.Evaluator(context()), s.Plaintext()
    encoder.encode(0.0, SCALE, plain)
    ids = [plain.parms_id()]
    for _ in range(DEPTH):
        evaluator.mod_switch_to_next_inplace(plain)
        ids.append(plain.parms_id())
    return tuple(ids)


def to_bytes(thing: Any) -> bytes:
    """What SEAL saves, without a file on any disk."""
    handle = os.memfd_create("seal")
    try:
        thing.save(f"/proc/self/fd/{handle}")
        size = os.lseek(handle, 0, os.SEEK_END)
        return os.pread(handle, size, 0)
    finally:
        os.close(handle)


def from_bytes(kind: str, data: bytes) -> Any:
    """A SEAL object of class `kind` from bytes, checked by SEAL against the parameters.

    Raises:
        CiphertextError: SEAL does not accept them.
    """
    thing = getattr(seal(), kind)()
    handle = os.memfd_create("seal")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        thing.load(context(), f"/proc/self/fd/{handle}")
    except (RuntimeError, ValueError, IndexError, MemoryError):
        raise CiphertextError(f"{len(data)} bytes are no {kind} of these CKKS parameters") from None
    finally:
        os.close(handle)
    return thing


@dataclass(frozen=True)
class CkksPublicKey:
    """What a mine needs: to encrypt, to relinearise, and to rotate by the network's distances.

    Attributes:
        public, relinearisation, rotation: SEAL's own format; about 2, 15 and, for 13 distances, 200 MB.
    """

    public: bytes
    relinearisation: bytes
    rotation: bytes

    @functools.cached_property
    def fingerprint(self) -> bytes:
        """sha256 over the scheme's name and the hashes of the three keys: 32 bytes."""
        parts = (self.public, self.relinearisation, self.rotation)
        digests = b"".join(hashlib.sha256(part).digest() for part in parts)
        return hashlib.sha256(SCHEME.encode() + b"\0" + digests).digest()


class CkksPrivateKey:
    """The secret key with its public half. Never shown, never pickled; `secret` is for sealing.

    Attributes:
        public: the public half.
        secret: SEAL's format; whoever has it reads everything.
    """

    __slots__ = ("public", "secret")

    def __init__(self, public: CkksPublicKey, secret: bytes) -> None:
        self.public, self.secret = public, secret

    @classmethod
    def generate(cls, rotations: Sequence[int]) -> "CkksPrivateKey":
        """A new key that allows rotations by the given distances; takes seconds."""
        s = seal()
        generator = s.KeyGenerator(context())
        public, relinearisation, rotation = s.PublicKey(), s.RelinKeys(), s.GaloisKeys()
        generator.create_public_key(public)
        generator.create_relin_keys(relinearisation)
        generator.create_galois_keys(sorted(set(rotations) - {0}), rotation)
        parts = map(to_bytes, (public, relinearisation, rotation))
        return cls(CkksPublicKey(*parts), to_bytes(generator.secret_key()))

    def __repr__(self) -> str:
        return f"CkksPrivateKey({self.public.fingerprint.hex()[:16]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled; store `secret` sealed")


def encode(vector: Vector, level: int) -> Any:
    """A vector of SLOTS numbers as a plaintext for ciphertexts after `level` multiplications."""
    plain = seal().Plaintext()
    _encoder().encode(vector.tolist(), levels()[level], SCALE, plain)
    return plain


@functools.cache
def _encoder() -> Any:
    return seal().CKKSEncoder(context())


def encrypt_for_owner(vectors: Sequence[tuple[Vector, int]], key: CkksPrivateKey) -> list[bytes]:
    """Vectors, each at its level, under the secret key."""
    encryptor = seal().Encryptor(context(), from_bytes("SecretKey", key.secret))
    ciphertexts = []
    for vector, level in vectors:
        ciphertext = seal().Ciphertext()
        encryptor.encrypt_symmetric(encode(vector, level), ciphertext)
        ciphertexts.append(to_bytes(ciphertext))
    return ciphertexts


def decrypt_vector(data: bytes, key: CkksPrivateKey) -> Vector:
    """The SLOTS numbers in a ciphertext; for the key's owner only.

    Raises:
        CiphertextError: no ciphertext of these parameters, or one at a wrong scale or in a wrong form.
    """
    ciphertext, plain = load_ciphertext(data), seal().Plaintext()
    secret = from_bytes("SecretKey", key.secret)
    seal().Decryptor(context(), secret).decrypt(ciphertext, plain)
    return np.array(_encoder().decode_double(plain), np.float64)


def load_ciphertext(data: bytes) -> Any:
    """A ciphertext of two parts at SCALE.

    Raises:
        CiphertextError: anything else.
    """
    ciphertext = from_bytes("Ciphertext", data)
    if ciphertext.size() != 2 or ciphertext.scale != SCALE or ciphertext.is_transparent():
        raise CiphertextError("a CKKS ciphertext of another size or scale than the network's")
    if not ciphertext.is_ntt_form():
        raise CiphertextError("a CKKS ciphertext in another form than the network's")
    return ciphertext


class Arithmetic:
    """Operations on ciphertexts with a public key. A product that is not yet relinearised has three parts.

    Raises:
        KeyFormError: the key's bytes are no keys of these parameters.
    """

    def __init__(self, public: CkksPublicKey) -> None:
        s = seal()
        try:
            encryption = from_bytes("PublicKey", public.public)
            self._relinearisation = from_bytes("RelinKeys", public.relinearisation)
            self._rotation = from_bytes("GaloisKeys", public.rotation)
        except CiphertextError as problem:
            raise KeyFormError(f"the CKKS public key: {problem}") from None
        self._encryptor = s.Encryptor(context(), encryption)
        self._evaluator = s.Evaluator(context())
        self._new = s.Ciphertext

    def _aligned(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Both at the lower level of the two."""
        if a.coeff_modulus_size() > b.coeff_modulus_size():
            return self._switched(a, b.parms_id()), b
        if b.coeff_modulus_size() > a.coeff_modulus_size():
            return a, self._switched(b, a.parms_id())
        return a, b

    def _switched(self, a: Any, level: Any) -> Any:
        result = self._new()
        self._evaluator.mod_switch_to(a, level, result)
        return result

    def at_level(self, a: Any, level: int) -> Any:
        """The same numbers as after `level` multiplications."""
        return a if a.parms_id() == levels()[level] else self._switched(a, levels()[level])

    def add(self, a: Any | None, b: Any) -> Any:
        """a + b; None is nothing."""
        if a is None:
            return b
        result = self._new()
        self._evaluator.add(*self._aligned(a, b), result)
        return result

    def subtract_plain(self, a: Any, vector: Vector, level: int) -> Any:
        """a - vector."""
        result = self._new()
        self._evaluator.sub_plain(a, encode(vector, level), result)
        return result

    def product(self, a: Any, b: Any) -> Any:
        """a b, not yet relinearised or rescaled."""
        result = self._new()
        self._evaluator.multiply(*self._aligned(a, b), result)
        return result

    def product_plain(self, a: Any, vector: Vector, level: int) -> Any:
        """a times a plaintext vector, not yet rescaled."""
        result = self._new()
        self._evaluator.multiply_plain(a, encode(vector, level), result)
        return result

    def relinearised(self, a: Any) -> Any:
        """Back to two parts after a product of two ciphertexts; before a rotation that is necessary."""
        result = self._new()
        self._evaluator.relinearize(a, self._relinearisation, result)
        return result

    def finished(self, a: Any) -> Any:
        """Relinearised if need be, and rescaled: one level lower, at SCALE again."""
        if a.size() > 2:
            a = self.relinearised(a)
        result = self._new()
        self._evaluator.rescale_to_next(a, result)
        # The primes are within 2^-20 of 2^40; taking the scale for exact costs that much precision.
        result.scale = SCALE
        return result

    def rotated(self, a: Any, distance: int) -> Any:
        """Slot i gets what slot i + distance had, cyclically."""
        if not distance:
            return a
        result = self._new()
        self._evaluator.rotate_vector(a, distance, self._rotation, result)
        return result

    def with_rotations(self, a: Any, distances: Sequence[int]) -> Any:
        """For each distance in turn, the sum with itself rotated by it: doubles a window of sums."""
        for distance in distances:
            a = self.add(a, self.rotated(a, distance))
        return a

    def noised(self, a: Any) -> bytes:
        """The wire form, with a fresh encryption of zero under the public key added."""
        zero = self._new()
        self._encryptor.encrypt_zero(a.parms_id(), zero)
        zero.scale = SCALE
        return to_bytes(self.add(a, zero))
