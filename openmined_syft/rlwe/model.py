"""An encrypted model, as it travels from Capsule to mines.

Polynomial J of version v is a pair (c0, c1) with c0 + c1 s_v = round(Q w / 2^slot_bits) + e. Only c0 is sent:
c1 is what everybody expands from a public seed, so nobody can choose it. A dishonest c1 would show a mine's
matrix. With each version come encryptions of zero of the same make, with which a mine hides what it computes.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import BoundError, CiphertextError, FieldError, KeyMismatchError, ShapeError
from openmined_syft.fixed_point import as_matrix, fixed_limit, to_fixed
from openmined_syft.lattice.kernels import Kernel, load_kernel
from openmined_syft.lattice.kernels.interface import AT_ONCE
from openmined_syft.lattice.ring import DEGREE, PRIME_BITS, Integers, Residues, ring
from openmined_syft.lattice.sampling import SEED_BYTES, errors, labelled, uniform
from openmined_syft.rlwe.bits import pack, unpack
from openmined_syft.rlwe.keys import RlwePrivateKey, RlwePublicKey
from openmined_syft.rlwe.layout import POLYNOMIAL_BYTES, WEIGHT_BITS, ZEROS, RlweLayout
from openmined_syft.rlwe.scaling import scaled, to_power_of_two
from openmined_syft.rlwe.wire import layout_fields, read_layout
from openmined_syft.wire_fields import WireFields

LARGEST_VERSION = (1 << 32) - 1
_MODEL, _ZERO = "model", "zero"


@dataclass(frozen=True, eq=False)
class RlweModel:
    """Weights (d, k) under a campaign's key.

    Attributes:
        key_fingerprint: 32 bytes.
        version: number of improvements so far, from 0.
        layout: shape and packing.
        weight_limit: every weight times 2**22 is at most this in absolute value.
        seed: 32 bytes that every c1 is expanded from.
        c0: `layout.polynomials` of them, as packed values, 54 bits each.
        zeros_c0: of twelve encryptions of zero, the same.
    """

    key_fingerprint: bytes
    version: int
    layout: RlweLayout
    weight_limit: int
    seed: bytes
    c0: bytes = field(repr=False)
    zeros_c0: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.weight_limit <= self.layout.slot_limit:
            raise BoundError(f"weight_limit is {self.weight_limit}; it must be 1 to {self.layout.slot_limit}")
        for name, count in (("c0", self.layout.polynomials), ("zeros_c0", ZEROS)):
            if len(getattr(self, name)) != count * POLYNOMIAL_BYTES:
                raise ShapeError(
                    f"{name} has {len(getattr(self, name))} bytes; {count} polynomials have "
                    f"{count * POLYNOMIAL_BYTES}"
                )
        if len(self.seed) != SEED_BYTES:
            raise ShapeError(f"the seed has {len(self.seed)} bytes; needs {SEED_BYTES}")

    @classmethod
    def encrypt(
        cls,
        weights: ArrayLike,
        key: RlwePrivateKey,
        *,
        version: int,
        weight_bound: float,
        kernel: Kernel | None = None,
    ) -> "RlweModel":
        """Encrypt weights of shape (d, k), each at most `weight_bound` in absolute value.

        Raises:
            ShapeError, SizeError, NotFiniteError, BoundError: nothing is encrypted.
        """
        matrix = as_matrix(weights, "weights")
        layout = RlweLayout.choose((matrix.shape[0], matrix.shape[1]), weight_bound)
        limit = fixed_limit(weight_bound, WEIGHT_BITS)
        fixed = to_fixed(matrix, WEIGHT_BITS, "weights")
        if np.abs(fixed).max() > limit:
            raise BoundError(
                f"a weight is {np.abs(matrix).max()}; absolute values may be at most {weight_bound}"
            )
        kernel, seed = kernel or load_kernel(), os.urandom(SEED_BYTES)
        material = key.fingerprint, version, seed
        secret = kernel.forward(ring().residues(key.secret_of(version))[None])[0]
        c0 = _encrypted(_polynomials(fixed, layout), secret, (*material, _MODEL), kernel)
        nothing = np.zeros((len(ring().primes), DEGREE), np.uint64)
        zeros = _encrypted([nothing] * ZEROS, secret, (*material, _ZERO), kernel)
        return cls(key.fingerprint, version, layout, limit, seed, c0, zeros)

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k)."""
        return self.layout.shape

    @property
    def weight_bits(self) -> int:
        """Fraction bits of the weights."""
        return WEIGHT_BITS

    @property
    def weight_bound(self) -> float:
        """Every weight is at most this in absolute value."""
        return float(np.ldexp(self.weight_limit, -WEIGHT_BITS))

    @property
    def bytes_in_memory(self) -> int:
        """Of the packed polynomials."""
        return len(self.c0) + len(self.zeros_c0)

    def check_key(self, key: RlwePrivateKey | RlwePublicKey) -> None:
        """Refuse another key. Raises KeyMismatchError."""
        if self.key_fingerprint != key.fingerprint:
            raise KeyMismatchError(
                f"the model is for key {self.key_fingerprint.hex()[:16]}; "
                f"this is {key.fingerprint.hex()[:16]}"
            )

    def validate(self, public: RlwePrivateKey | RlwePublicKey) -> None:
        """Refuse another key and numbers that are not residues.

        Raises:
            KeyMismatchError, CiphertextError: before anything is computed with them.
        """
        self.check_key(public)
        for name, data in (("c0", self.c0), ("zeros_c0", self.zeros_c0)):
            for place in range(len(data) // POLYNOMIAL_BYTES):
                _residues(data, place, name)

    def pairs(self, block: int) -> Residues:
        """The polynomials of a column block with their c1, as values: (input blocks, 2, L, N).

        Raises:
            CiphertextError: a number that is not a residue.
        """
        inputs = self.layout.input_blocks
        return self._pairs(_MODEL, self.c0, range(block * inputs, (block + 1) * inputs))

    def zeros(self) -> Residues:
        """The encryptions of zero, as values: (12, 2, L, N). Raises CiphertextError."""
        return self._pairs(_ZERO, self.zeros_c0, range(ZEROS))

    def _pairs(self, kind: str, data: bytes, places: range) -> Residues:
        material = self.key_fingerprint, self.version, self.seed
        pairs = np.empty((len(places), 2, len(ring().primes), DEGREE), np.uint64)
        for pair, place in zip(pairs, places, strict=True):
            pair[0], pair[1] = _residues(data, place, "c0"), c1_of(*material, kind, place)
        return pairs

    def decrypt(self, key: RlwePrivateKey, kernel: Kernel | None = None) -> NDArray[np.float64]:
        """The weights, exactly, shape (d, k).

        Raises:
            KeyMismatchError, CiphertextError, BoundError: a weight is outside the declared bound.
        """
        self.check_key(key)
        kernel, where, layout = kernel or load_kernel(), ring(), self.layout
        secret = kernel.forward(where.residues(key.secret_of(self.version))[None])[0]
        fixed = np.zeros(layout.shape, np.int64)
        for side in range(layout.column_blocks):
            columns, pairs = layout.columns_of(side), self.pairs(side)
            opened = kernel.backward(where.add(pairs[:, 0], kernel.multiply(pairs[:, 1], secret)))
            for place, polynomial in enumerate(opened):
                inputs = layout.inputs_of(place)
                places = layout.weight_places(len(columns), len(inputs))
                values = _opened(polynomial[:, places.ravel()], layout.slot_bits)
                fixed[inputs.start : inputs.stop, columns.start : columns.stop] = values.reshape(places.shape)
        if np.abs(fixed).max() > self.weight_limit:
            raise BoundError("a decrypted weight is above the model's declared bound")
        return np.ldexp(fixed.astype(np.float64), -WEIGHT_BITS)

    def to_fields(self) -> dict[str, Any]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.key_fingerprint,
            "version": self.version,
            **layout_fields(self.layout),
            "weight_limit": self.weight_limit,
            "seed": self.seed,
            "c0": self.c0,
            "zeros_c0": self.zeros_c0,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "RlweModel":
        """Parse the wire form. Call `validate` with the campaign's public key before use.

        Raises:
            FieldError: a field is missing, unknown, of a wrong type, length or out of range.
            SyftError: the fields do not fit each other.
        """
        reader = WireFields("model", fields)
        fingerprint, layout = reader.fingerprint(), read_layout(reader)
        version, limit = (
            reader.integer("version", 0, LARGEST_VERSION),
            reader.integer("weight_limit", 1, 1 << 62),
        )
        seed = reader.octets("seed", SEED_BYTES)
        c0 = reader.octets("c0", layout.polynomials * POLYNOMIAL_BYTES)
        zeros = reader.octets("zeros_c0", ZEROS * POLYNOMIAL_BYTES)
        reader.finish()
        return cls(fingerprint, version, layout, limit, seed, c0, zeros)


def c1_of(fingerprint: bytes, version: int, seed: bytes, kind: str, place: int) -> Residues:
    """Second half of polynomial `place` of a kind, "model" or "zero", as values (L, N).

    Key and version are in what is hashed, so no seed serves twice.
    """
    parts = fingerprint, version.to_bytes(8, "big"), seed, place.to_bytes(8, "big")
    return uniform(ring(), labelled(kind, *parts))


def _encrypted(
    messages: Sequence[Residues], secret: Residues, material: tuple[bytes, int, bytes, str], kernel: Kernel
) -> bytes:
    """Packed c0 of messages given by their coefficients (L, N); `material` expands to c1 of each."""
    where, packed = ring(), []
    for first in range(0, len(messages), AT_ONCE):
        some = messages[first : first + AT_ONCE]
        noisy = kernel.forward(np.stack([where.add(m, where.residues(errors(DEGREE))) for m in some]))
        for place, values in enumerate(noisy, start=first):
            masked = kernel.multiply(c1_of(*material, place)[None], secret)[0]
            packed.append(pack(where.subtract(values, masked), PRIME_BITS))
    return b"".join(packed)


def _polynomials(fixed: Integers, layout: RlweLayout) -> list[Residues]:
    """The scaled weights as coefficients (L, N), in the order of a model's polynomials."""
    result = []
    for columns in map(layout.columns_of, range(layout.column_blocks)):
        for inputs in map(layout.inputs_of, range(layout.input_blocks)):
            places = layout.weight_places(len(columns), len(inputs)).ravel()
            values = np.ascontiguousarray(fixed[inputs.start : inputs.stop, columns.start : columns.stop])
            polynomial = np.zeros((len(ring().primes), DEGREE), np.uint64)
            polynomial[:, places] = scaled(ring(), values.ravel(), layout.slot_bits)
            result.append(polynomial)
    return result


def _residues(data: bytes, place: int, name: str) -> Residues:
    where = ring()
    part = data[place * POLYNOMIAL_BYTES : (place + 1) * POLYNOMIAL_BYTES]
    try:
        values = unpack(part, len(where.primes) * DEGREE, PRIME_BITS, name)
    except FieldError as error:
        raise CiphertextError(str(error)) from None
    values = values.reshape(len(where.primes), DEGREE)
    if not (values < np.array(where.primes, np.uint64)[:, None]).all():
        raise CiphertextError(f"polynomial {place} of {name} has a number that is not a residue of its prime")
    return values


def _opened(residues: Residues, slot_bits: int) -> Integers:
    """round(2^slot_bits x / Q) of coefficients (L, n), as signed integers."""
    low, _ = to_power_of_two(ring(), residues, 64)
    shift = np.int64(64 - slot_bits)
    half = np.uint64(1 << (63 - slot_bits)) if slot_bits < 64 else np.uint64(0)
    result: Integers = (low + half).view(np.int64) >> shift
    return result
