"""The wire form of a layout: plain fields, written and read."""

from openmined_syft.fixed_point import LARGEST_ENTRIES
from openmined_syft.paillier.keys import LARGEST_BITS, SMALLEST_TEST_BITS
from openmined_syft.paillier.layout import LARGEST_FRACTION, LARGEST_SLOT, Layout
from openmined_syft.wire_fields import WireFields


def read_layout(fields: WireFields) -> Layout:
    """The layout's fields, as `layout_fields` writes them.

    Raises:
        FieldError, ShapeError, ScaleError, LayoutError: out of range or impossible together.
    """
    rows, columns = (fields.integer(name, 1, LARGEST_ENTRIES) for name in ("rows", "columns"))
    return Layout(
        shape=(rows, columns),
        key_bits=fields.integer("key_bits", SMALLEST_TEST_BITS, LARGEST_BITS),
        slot_bits=fields.integer("slot_bits", 1, LARGEST_SLOT),
        rows_per_ciphertext=fields.integer("rows_per_ciphertext", 1, rows),
        columns_per_ciphertext=fields.integer("columns_per_ciphertext", 1, columns),
        weight_bits=fields.integer("weight_bits", 1, LARGEST_FRACTION),
        map_bits=fields.integer("map_bits", 1, LARGEST_FRACTION),
    )


def layout_fields(layout: Layout) -> dict[str, int]:
    """The fields of a layout."""
    return {
        "key_bits": layout.key_bits,
        "rows": layout.shape[0],
        "columns": layout.shape[1],
        "weight_bits": layout.weight_bits,
        "map_bits": layout.map_bits,
        "slot_bits": layout.slot_bits,
        "rows_per_ciphertext": layout.rows_per_ciphertext,
        "columns_per_ciphertext": layout.columns_per_ciphertext,
    }
