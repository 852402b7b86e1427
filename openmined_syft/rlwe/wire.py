"""The wire form of layouts and of an answer's numbers."""

import numpy as np

from openmined_syft.errors import FieldError
from openmined_syft.lattice.ring import DEGREE, Residues
from openmined_syft.rlwe.bits import pack, packed_bytes, unpack
from openmined_syft.rlwe.layout import GRADIENT_BITS, LARGEST_ROWS, LARGEST_SLOT, RlweLayout
from openmined_syft.wire_fields import WireFields


def layout_fields(layout: RlweLayout) -> dict[str, int]:
    """Everything that makes a layout."""
    return {
        "rows": layout.shape[0],
        "columns": layout.shape[1],
        "slot_bits": layout.slot_bits,
        "inputs_per_polynomial": layout.block,
        "rows_per_answer": layout.rows,
        "columns_per_polynomial": layout.columns,
    }


def read_layout(reader: WireFields) -> RlweLayout:
    """The layout that `layout_fields` has written.

    Raises:
        FieldError, ShapeError, ScaleError, LayoutError: out of range or impossible together.
    """
    rows, columns = reader.integer("rows", 1, LARGEST_ROWS), reader.integer("columns", 1, DEGREE)
    return RlweLayout(
        shape=(rows, columns),
        slot_bits=reader.integer("slot_bits", GRADIENT_BITS + 2, LARGEST_SLOT),
        block=reader.integer("inputs_per_polynomial", 1, rows),
        rows=reader.integer("rows_per_answer", 1, rows),
        columns=reader.integer("columns_per_polynomial", 1, columns),
    )


def pack_wide(low: Residues, high: Residues, bits: int) -> bytes:
    """Numbers of 65 to 128 bits, or fewer: all low words, then what is above 64 bits."""
    above = b"" if bits <= 64 else pack(high, bits - 64)
    return pack(low, min(bits, 64)) + above


def wide_bytes(count: int, bits: int) -> int:
    """Bytes of `count` such numbers."""
    return packed_bytes(count, min(bits, 64)) + (packed_bytes(count, bits - 64) if bits > 64 else 0)


def unpack_wide(data: bytes, count: int, bits: int, what: str) -> tuple[Residues, Residues]:
    """The inverse of `pack_wide`. Raises FieldError."""
    if len(data) != wide_bytes(count, bits):
        raise FieldError(f"{what} has {len(data)} bytes; needs {wide_bytes(count, bits)}")
    if bits <= 64:
        return unpack(data, count, bits, what), np.zeros(count, np.uint64)
    return unpack(data[: 8 * count], count, 64, what), unpack(data[8 * count :], count, bits - 64, what)
