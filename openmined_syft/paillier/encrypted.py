"""The two things that travel: an encrypted model (Capsule to mines) and an encrypted gradient (mine to
Capsule).

Both are a `CipherArray` with a layout and a declared bound, and both have a wire form of plain fields. What
they are wrapped in (CBOR, OpenPGP) and where they are stored is not decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmined_syft.errors import BoundError, KeyMismatchError, ShapeError
from openmined_syft.fixed_point import as_matrix, fixed_limit, to_fixed
from openmined_syft.paillier.cipher_array import CipherArray, decrypt_integers, encrypt_integers
from openmined_syft.paillier.kernels import Kernel
from openmined_syft.paillier.keys import PrivateKey, PublicKey
from openmined_syft.paillier.layout import Layout
from openmined_syft.paillier.layout_fields import layout_fields, read_layout
from openmined_syft.paillier.noise_pool import NoisePool
from openmined_syft.paillier.packing import pack, unpack
from openmined_syft.wire_fields import WireFields


@dataclass(frozen=True)
class EncryptedModel:
    """Weights (d, k) under a campaign's key.

    Attributes:
        array: the ciphertexts, `layout.model_ciphertexts` of them.
        layout: shape, scale and packing.
        version: number of improvements so far, from 0.
        weight_limit: every weight times 2**weight_bits is at most this in absolute value.
    """

    array: CipherArray
    layout: Layout
    version: int
    weight_limit: int

    def __post_init__(self) -> None:
        _check_array(self.array, self.layout, self.layout.model_ciphertexts)
        if not 1 <= self.weight_limit <= self.layout.slot_limit:
            raise BoundError(f"weight_limit is {self.weight_limit}; it must be 1 to {self.layout.slot_limit}")

    @classmethod
    def encrypt(
        cls,
        weights: ArrayLike,
        key: PrivateKey,
        *,
        version: int,
        weight_bound: float,
        layout: Layout | None = None,
        kernel: Kernel | None = None,
        pool: NoisePool | None = None,
    ) -> "EncryptedModel":
        """Encrypt weights of shape (d, k), each at most `weight_bound` in absolute value.

        Args:
            layout: None takes `Layout.choose`; later versions of a model keep the layout of the first.
            pool: noise made ahead for this key, if there is any.

        Raises:
            ShapeError, NotFiniteError, BoundError, LayoutError, KeyMismatchError: nothing is encrypted.
        """
        matrix = as_matrix(weights, "weights")
        shape = (matrix.shape[0], matrix.shape[1])
        layout = layout or Layout.choose(shape, key.public.bits, weight_bound)
        if layout.shape != shape:
            raise ShapeError(f"weights have shape {shape}; the layout is for {layout.shape}")
        limit = fixed_limit(weight_bound, layout.weight_bits)
        fixed = to_fixed(matrix, layout.weight_bits, "weights")
        _check_bound(fixed, limit, "weight", layout.weight_bits)
        stride = layout.rows_per_ciphertext
        plaintexts = [
            pack(row[columns.start : columns.stop], layout.slot_bits, stride)
            for columns in map(layout.columns_of, range(layout.column_blocks))
            for row in fixed.tolist()
        ]
        return cls(encrypt_integers(plaintexts, key, kernel, pool), layout, version, limit)

    @property
    def key_fingerprint(self) -> bytes:
        """Fingerprint of the key, 32 bytes."""
        return self.array.key_fingerprint

    @property
    def ciphertexts(self) -> tuple[int, ...]:
        """The ciphertexts, by column block, then row."""
        return self.array.ciphertexts

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k)."""
        return self.layout.shape

    @property
    def weight_bits(self) -> int:
        """Fraction bits of the weights."""
        return self.layout.weight_bits

    @property
    def bytes_in_memory(self) -> int:
        """Of the ciphertexts."""
        return len(self.ciphertexts) * (self.layout.key_bits // 4)

    @property
    def weight_bound(self) -> float:
        """Every weight is at most this in absolute value."""
        return float(np.ldexp(self.weight_limit, -self.layout.weight_bits))

    def validate(self, public: PublicKey) -> None:
        """Refuse another key and integers that are not ciphertexts.

        Raises:
            KeyMismatchError, CiphertextError: before anything is computed with them.
        """
        self.array.validate(public)

    def decrypt(self, key: PrivateKey, kernel: Kernel | None = None) -> NDArray[np.float64]:
        """The weights, shape (d, k).

        Raises:
            KeyMismatchError, CiphertextError, BoundError: a slot is outside the declared bound.
        """
        layout = self.layout
        fixed = np.zeros(layout.shape, np.int64)
        plaintexts = iter(decrypt_integers(self.array, key, kernel))
        for columns in map(layout.columns_of, range(layout.column_blocks)):
            for row in range(layout.shape[0]):
                slots = unpack(next(plaintexts), layout.slot_bits, len(columns), layout.rows_per_ciphertext)
                _check_slots(slots, self.weight_limit)
                fixed[row, columns.start : columns.stop] = slots
        return np.ldexp(fixed.astype(np.float64), -layout.weight_bits)

    def to_fields(self) -> dict[str, int | bytes | str]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.array.key_fingerprint,
            "version": self.version,
            **layout_fields(self.layout),
            "weight_limit": self.weight_limit,
            "ciphertexts": self.array.to_bytes(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "EncryptedModel":
        """Parse the wire form. Call `validate` with the campaign's public key before use.

        Raises:
            FieldError: a field is missing, unknown, of a wrong type or out of range.
            SyftError: the fields do not fit each other.
        """
        reader = WireFields("model", fields)
        fingerprint, layout = reader.fingerprint(), read_layout(reader)
        version, limit = (
            reader.integer("version", 0, (1 << 32) - 1),
            reader.integer("weight_limit", 1, 1 << 62),
        )
        data = reader.octets("ciphertexts", layout.model_ciphertexts * (layout.key_bits // 4))
        reader.finish()
        return cls(CipherArray.from_bytes(data, fingerprint, layout.key_bits), layout, version, limit)


@dataclass(frozen=True)
class EncryptedGradient:
    """The difference (A - I) W + c between a mine's trained weights and the model they were trained from.

    Only ciphertexts with fresh noise fit in: `array` is a `CipherArray`.

    Attributes:
        array: the ciphertexts, `layout.gradient_ciphertexts` of them.
        layout: the model's layout.
        base_version: version of the model that was trained.
        bound_bits: every slot is below 2**bound_bits in absolute value. A power of two, so that the bound,
            which depends on the data, says little.
    """

    array: CipherArray
    layout: Layout
    base_version: int
    bound_bits: int

    def __post_init__(self) -> None:
        _check_array(self.array, self.layout, self.layout.gradient_ciphertexts)
        if not 0 <= self.bound_bits <= self.layout.slot_bits - 1:
            raise BoundError(f"bound_bits is {self.bound_bits}; it must be 0 to {self.layout.slot_bits - 1}")

    @property
    def key_fingerprint(self) -> bytes:
        """Fingerprint of the key, 32 bytes."""
        return self.array.key_fingerprint

    @property
    def ciphertexts(self) -> tuple[int, ...]:
        """The ciphertexts, by column block, then row group."""
        return self.array.ciphertexts

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k)."""
        return self.layout.shape

    @property
    def slot_bound(self) -> int:
        """Largest absolute value any slot may hold."""
        return (1 << self.bound_bits) - 1

    def validate(self, public: PublicKey) -> None:
        """Refuse another key and integers that are not ciphertexts.

        Raises:
            KeyMismatchError, CiphertextError: before anything is computed with them.
        """
        self.array.validate(public)

    def check_base(self, model: EncryptedModel) -> None:
        """Refuse a gradient made for another key, shape, scale or packing than `model`'s; any version of it
        will do.

        Raises:
            KeyMismatchError, ShapeError, ScaleError, LayoutError: naming what differs.
            BoundError: the base version is newer than the model's.
        """
        if self.key_fingerprint != model.key_fingerprint:
            raise KeyMismatchError(
                f"the gradient is for key {self.key_fingerprint.hex()[:16]}, the model's is "
                f"{model.key_fingerprint.hex()[:16]}"
            )
        model.layout.check_same(self.layout)
        if self.base_version > model.version:
            raise BoundError(
                f"the gradient is for version {self.base_version}; the model is at {model.version}"
            )

    def decrypt(self, key: PrivateKey, kernel: Kernel | None = None) -> NDArray[np.float64]:
        """The difference, shape (d, k), for the key's owner only: it says much about the mine's data.

        Raises:
            KeyMismatchError, CiphertextError: nothing is decrypted.
            BoundError: a slot is outside the declared bound.
        """
        layout = self.layout
        fixed = np.zeros(layout.shape, np.float64)
        plaintexts = iter(decrypt_integers(self.array, key, kernel))
        for columns in map(layout.columns_of, range(layout.column_blocks)):
            for rows in map(layout.rows_of, range(layout.row_groups)):
                count = len(columns) * layout.rows_per_ciphertext
                slots = unpack(next(plaintexts), layout.slot_bits, count)
                _check_slots(slots, self.slot_bound)
                block = np.array(slots, np.float64).reshape(len(columns), layout.rows_per_ciphertext).T
                fixed[rows.start : rows.stop, columns.start : columns.stop] = block[: len(rows)]
        return np.ldexp(fixed, -layout.gradient_bits)

    def to_fields(self) -> dict[str, int | bytes | str]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.array.key_fingerprint,
            "base_version": self.base_version,
            **layout_fields(self.layout),
            "bound_bits": self.bound_bits,
            "ciphertexts": self.array.to_bytes(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "EncryptedGradient":
        """Parse the wire form. Call `check_base` and `validate` before use.

        Raises:
            FieldError: a field is missing, unknown, of a wrong type or out of range.
            SyftError: the fields do not fit each other.
        """
        reader = WireFields("gradient", fields)
        fingerprint, layout = reader.fingerprint(), read_layout(reader)
        base, bits = reader.integer("base_version", 0, (1 << 32) - 1), reader.integer("bound_bits", 0, 255)
        data = reader.octets("ciphertexts", layout.gradient_ciphertexts * (layout.key_bits // 4))
        reader.finish()
        return cls(CipherArray.from_bytes(data, fingerprint, layout.key_bits), layout, base, bits)


def _check_array(array: CipherArray, layout: Layout, count: int) -> None:
    if not isinstance(array, CipherArray):
        raise TypeError(f"needs a CipherArray (ciphertexts with fresh noise), got {type(array).__name__}")
    if len(array.ciphertexts) != count:
        raise ShapeError(f"{len(array.ciphertexts)} ciphertexts; this layout needs {count}")
    if array.key_bits != layout.key_bits:
        raise KeyMismatchError(
            f"ciphertexts of a {array.key_bits}-bit key in a layout for {layout.key_bits} bits"
        )


def _check_bound(fixed: NDArray[np.int64], limit: int, name: str, fraction_bits: int) -> None:
    if fixed.size and int(np.abs(fixed).max()) > limit:
        place = tuple(int(i) for i in np.argwhere(np.abs(fixed) > limit)[0])
        value, bound = (float(np.ldexp(float(v), -fraction_bits)) for v in (fixed[place], limit))
        raise BoundError(f"{name}{list(place)} is {value}; absolute values may be at most {bound}")


def _check_slots(slots: list[int], limit: int) -> None:
    for slot in slots:
        if not -limit <= slot <= limit:
            raise BoundError(
                f"a decrypted slot has {slot.bit_length()} bits; declared are {limit.bit_length()}"
            )
