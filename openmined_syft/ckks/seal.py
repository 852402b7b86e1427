"""SEAL through the bindings of TenSEAL: the one parameter set, bytes in and out, plaintexts.

Ring 16,384 and a modulus of 400 bits: 128 bits of strength by the Homomorphic Encryption Standard's table (at
most 438), which SEAL checks. 8,192 complex slots, seven multiplications deep, numbers at scale 2^40.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.ckks.slots import RING
from openmined_syft.errors import BoundError, CiphertextError
from openmined_syft.seal_bindings import fill, seal

DEPTH = 7
SCALE = 2.0**40
PRIME_BITS = (60, *([40] * DEPTH), 60)

Vector = NDArray[np.float64] | NDArray[np.complex128]

# SEAL's header: 8 bytes of magic, versions and compression, then the size of all in 8 bytes.
_HEADER_BYTES = 16


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
    evaluator, plain = seal().Evaluator(context()), seal().Plaintext()
    encoder().encode(0.0, SCALE, plain)
    ids = [plain.parms_id()]
    for _ in range(DEPTH):
        evaluator.mod_switch_to_next_inplace(plain)
        ids.append(plain.parms_id())
    return tuple(ids)


@functools.cache
def encoder() -> Any:
    """SEAL's encoder."""
    return seal().CKKSEncoder(context())


@functools.cache
def drift(level: int) -> float:
    """The prime that rescaling at that level divides by, over SCALE: within 7e-6 of 1.

    Taken for 1, it would make gradients wrong by some 3e-5. Factors of it go into plaintexts instead.
    """
    primes = context().first_context_data().parms().coeff_modulus()
    return float(primes[DEPTH - level].value() / SCALE)


def encode(vector: Vector, level: int, scale: float = SCALE) -> Any:
    """A vector of 8,192 numbers as a plaintext for ciphertexts after `level` multiplications.

    Raises:
        BoundError: numbers that have no place in the modulus at that level.
    """
    plain = seal().Plaintext()
    try:
        encoder().encode(vector.tolist(), levels()[level], scale, plain)
    except ValueError:
        largest = np.abs(vector).max()
        raise BoundError(f"numbers up to {largest:.6g} are too large for CKKS at level {level}") from None
    return plain


def from_bytes(kind: str, data: bytes) -> Any:
    """A SEAL object of class `kind` from bytes, checked by SEAL against the parameters.

    Raises:
        CiphertextError: SEAL does not accept them, or would not read all of them.
    """
    thing = getattr(seal(), kind)()
    refused = CiphertextError(f"{len(data)} bytes are not a {kind} of these CKKS parameters")
    if int.from_bytes(data[_HEADER_BYTES // 2 : _HEADER_BYTES], "little") != len(data):
        raise refused
    try:
        fill(thing, context(), data)
    except ValueError:
        raise refused from None
    return thing


def load_ciphertext(data: bytes, level: int) -> Any:
    """A ciphertext of two parts at SCALE, after `level` multiplications.

    Raises:
        CiphertextError: anything else.
    """
    ciphertext = from_bytes("Ciphertext", data)
    if ciphertext.size() != 2 or ciphertext.scale != SCALE or ciphertext.is_transparent():
        raise CiphertextError("a CKKS ciphertext of another size or scale than the network's")
    if ciphertext.parms_id() != levels()[level] or not ciphertext.is_ntt_form():
        raise CiphertextError(f"a CKKS ciphertext that is not at level {level} of the network")
    return ciphertext
