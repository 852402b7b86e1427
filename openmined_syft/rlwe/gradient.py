"""An encrypted gradient, as it travels from a mine to Capsule: the difference (A - I) W + c.

Of an answer's c0 only the d k useful coefficients are sent, flooded; of c1 all. Both are at modulus
2^answer_bits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import BoundError, KeyMismatchError, LayoutError, ShapeError, UnseenBoundError
from openmined_syft.lattice.kernels import Kernel, load_kernel
from openmined_syft.lattice.kernels.interface import AT_ONCE
from openmined_syft.lattice.ring import DEGREE, Integers, Residues, ring
from openmined_syft.rlwe.keys import RlwePrivateKey, RlwePublicKey
from openmined_syft.rlwe.layout import GRADIENT_BITS, ROOM_BITS, RlweLayout
from openmined_syft.rlwe.model import LARGEST_VERSION, RlweModel
from openmined_syft.rlwe.scaling import centred, from_words
from openmined_syft.rlwe.wire import layout_fields, read_layout, unpack_wide, wide_bytes
from openmined_syft.wire_fields import WireFields

NOISE_LIMIT = 1 << 9
"""What an honest answer's noise stays under, in units of 2^-12: the flood 2^7, rounding of c1 with a
deviation of 21, everything else below 2^-43. Half of what would change an integer is 2^11.
"""
_PRIMES = 2  # 108 bits hold c1 times a ternary secret, 2^(76 + 13)


@dataclass(frozen=True, eq=False)
class RlweGradient:
    """What a mine's visit made.

    Attributes:
        key_fingerprint: 32 bytes.
        base_version: version of the model that was trained.
        layout: the model's.
        bound_bits: every integer is below 2**bound_bits in absolute value.
        c0: useful coefficients, by column block, row block, row, column.
        c1: 8,192 coefficients an answer, by column block, row block.
    """

    key_fingerprint: bytes
    base_version: int
    layout: RlweLayout
    bound_bits: int
    c0: bytes = field(repr=False)
    c1: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.bound_bits <= self.layout.slot_bits - 1:
            raise BoundError(f"bound_bits is {self.bound_bits}; it must be 0 to {self.layout.slot_bits - 1}")
        for name, needed in zip(("c0", "c1"), _lengths(self.layout), strict=True):
            if len(getattr(self, name)) != needed:
                raise ShapeError(f"{name} has {len(getattr(self, name))} bytes; this layout needs {needed}")

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k)."""
        return self.layout.shape

    def check_base(self, model: RlweModel) -> None:
        """Refuse a gradient made for another key, shape or packing than `model`'s; any version of it will do.

        Raises:
            KeyMismatchError, ShapeError, LayoutError: naming what differs.
            BoundError: the base version is newer than the model's.
        """
        if self.key_fingerprint != model.key_fingerprint:
            raise KeyMismatchError(
                f"the gradient is for key {self.key_fingerprint.hex()[:16]}, the model's is "
                f"{model.key_fingerprint.hex()[:16]}"
            )
        if self.shape != model.shape:
            raise ShapeError(f"shape is {self.shape}; the model's is {model.shape}")
        if self.layout != model.layout:
            raise LayoutError(f"packing is {self.layout}; the model's is {model.layout}")
        if self.base_version > model.version:
            raise BoundError(
                f"the gradient is for version {self.base_version}; the model is at {model.version}"
            )

    def validate(self, public: RlwePrivateKey | RlwePublicKey) -> None:
        """Refuse another key and bytes that are not packed as they should be.

        Raises:
            KeyMismatchError, FieldError: before anything is computed with it.
        """
        if self.key_fingerprint != public.fingerprint:
            raise KeyMismatchError(f"the gradient is for key {self.key_fingerprint.hex()[:16]}")
        self._words()

    def decrypt(self, key: RlwePrivateKey, kernel: Kernel | None = None) -> NDArray[np.float64]:
        """The difference, shape (d, k), for the key's owner only.

        Raises: as `integers`.
        """
        return np.ldexp(self.integers(key, kernel).astype(np.float64), -GRADIENT_BITS)

    def integers(self, key: RlwePrivateKey, kernel: Kernel | None = None) -> Integers:
        """The difference times 2**44, exactly, shape (d, k).

        Raises:
            KeyMismatchError: nothing is decrypted.
            UnseenBoundError: noise or an integer is above its bound: of no use. Whoever made it could not see
                that, and what it says of the secret must not be told apart from a gradient that does not
                help.
        """
        self.validate(key)
        kernel, layout, where = kernel or load_kernel(), self.layout, ring()
        useful, full = self._words()
        turned = self._turned(full, key.secret_of(self.base_version), kernel)
        result, taken, noise = np.zeros(layout.shape, np.int64), 0, 0
        for side in range(layout.column_blocks):
            columns = layout.columns_of(side)
            for block in range(layout.row_blocks):
                rows = layout.rows_of(block)
                places, first = layout.answer_places(len(columns), len(rows)), taken
                taken += places.size
                c0 = [part[first:taken] for part in useful]
                values, off = _opened(layout, c0, centred(where, next(turned)[:, places.ravel()]))
                result[rows.start : rows.stop, columns.start : columns.stop] = values.reshape(places.shape)
                noise = max(noise, off)
        if noise > NOISE_LIMIT:
            raise UnseenBoundError(f"the gradient's noise has {noise.bit_length()} bits; at most 9 may be")
        largest = max(abs(int(result.max())), abs(int(result.min())))
        if largest.bit_length() > self.bound_bits:
            raise UnseenBoundError(
                f"an integer of the gradient has {largest.bit_length()} bits; declared are {self.bound_bits}"
            )
        return result

    def _turned(
        self, words: tuple[Residues, Residues], secret: Integers, kernel: Kernel
    ) -> Iterator[Residues]:
        """c1 times the secret of each answer, as coefficients."""
        low, high = (part.reshape(self.layout.answers, DEGREE) for part in words)
        for first in range(0, self.layout.answers, AT_ONCE):
            part = slice(first, first + AT_ONCE)
            c1 = [from_words(ring(), *one, _PRIMES) for one in zip(low[part], high[part], strict=True)]
            yield from kernel.turned(np.stack(c1), secret)

    def _words(self) -> tuple[tuple[Residues, Residues], tuple[Residues, Residues]]:
        """Low and high words of c0 and of c1."""
        layout = self.layout
        d, k = layout.shape
        return (
            unpack_wide(self.c0, d * k, layout.answer_bits, "c0"),
            unpack_wide(self.c1, layout.answers * DEGREE, layout.answer_bits, "c1"),
        )

    def to_fields(self) -> dict[str, Any]:
        """The wire form; `from_fields` is its inverse."""
        return {
            "key_fingerprint": self.key_fingerprint,
            "base_version": self.base_version,
            **layout_fields(self.layout),
            "bound_bits": self.bound_bits,
            "c0": self.c0,
            "c1": self.c1,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "RlweGradient":
        """Parse the wire form. Call `check_base` and `validate` before use.

        Raises:
            FieldError: a field is missing, unknown, of a wrong type, length or out of range.
            SyftError: the fields do not fit each other.
        """
        reader = WireFields("gradient", fields)
        fingerprint, layout = reader.fingerprint(), read_layout(reader)
        base, bits = reader.integer("base_version", 0, LARGEST_VERSION), reader.integer("bound_bits", 0, 63)
        c0, c1 = (reader.octets(name, n) for name, n in zip(("c0", "c1"), _lengths(layout), strict=True))
        reader.finish()
        return cls(fingerprint, base, layout, bits, c0, c1)


def gradient_bytes(layout: RlweLayout) -> int:
    """Of c0 and c1 together."""
    return sum(_lengths(layout))


def _lengths(layout: RlweLayout) -> tuple[int, int]:
    d, k = layout.shape
    bits = layout.answer_bits
    return wide_bytes(d * k, bits), wide_bytes(layout.answers * DEGREE, bits)


def _opened(layout: RlweLayout, c0: list[Residues], turned: list[int]) -> tuple[Integers, int]:
    """The integers of c0 + c1 s, and the largest noise in units of 2^-12."""
    bits, slot = layout.answer_bits, layout.slot_bits
    mask, half = (1 << bits) - 1, 1 << (ROOM_BITS - 1)
    values, noise = [], 0
    for low, high, product in zip(c0[0].tolist(), c0[1].tolist(), turned, strict=True):
        whole = ((high << 64) + low + product + half) & mask
        noise = max(noise, abs((whole & (2 * half - 1)) - half))
        value = whole >> ROOM_BITS
        values.append(value - (1 << slot) if value >> (slot - 1) else value)
    return np.array(values, np.int64), noise
