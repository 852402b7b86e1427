"""Signed integers into the slots of a plaintext and back. Plain integers only; no keys.

A plaintext is sum_i v_i * 2**(slot_bits * position_i) with balanced digits |v_i| < 2**(slot_bits - 1):
unpacking is then unique, negative values need no two's complement, and adding plaintexts adds slots.
"""

from collections.abc import Sequence

import gmpy2

from openmined_syft.errors import BoundError


def pack(values: Sequence[int], slot_bits: int, stride: int = 1) -> int:
    """sum_i values[i] * 2**(slot_bits * stride * i).

    Raises:
        BoundError: a value does not fit its slot.
    """
    limit = (1 << (slot_bits - 1)) - 1
    total = gmpy2.mpz(0)
    for value in reversed(values):
        if not -limit <= value <= limit:
            raise BoundError(
                f"a slot of {slot_bits} bits holds absolute values up to {limit}; got one of "
                f"{int(value).bit_length()} bits"
            )
        total = (total << (slot_bits * stride)) + int(value)
    return total  # type: ignore[no-any-return]


def unpack(plaintext: int, slot_bits: int, count: int, stride: int = 1) -> list[int]:
    """The `count` values at distance `stride` slots in `plaintext`; the inverse of `pack`.

    Raises:
        BoundError: something is left over above the last slot, or in the slots between: not made by `pack`.
    """
    width = slot_bits * stride
    half, mask = gmpy2.mpz(1) << (width - 1), (gmpy2.mpz(1) << width) - 1
    limit = (1 << (slot_bits - 1)) - 1
    rest = gmpy2.mpz(plaintext)
    values = []
    for _ in range(count):
        value = rest & mask
        if value >= half:
            value -= mask + 1
        if not -limit <= value <= limit:
            raise BoundError(
                f"a slot holds a value of {int(value).bit_length()} bits; it has room for {slot_bits - 1}"
            )
        values.append(int(value))
        rest = (rest - value) >> width
    if rest:
        raise BoundError(f"the plaintext goes on above its {count} slots: a slot has overflowed")
    return values
