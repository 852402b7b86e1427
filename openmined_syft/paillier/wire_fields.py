"""Reading the plain fields of a wire form: every field is asked for by name, type and range, none may be left
over.

The container (deterministic CBOR) is parsed elsewhere; what arrives here is a mapping of untrusted values.
"""

from collections.abc import Mapping
from typing import Any

from openmined_syft.errors import FieldError
from openmined_syft.paillier.keys import FINGERPRINT_BYTES, LARGEST_BITS, SMALLEST_TEST_BITS
from openmined_syft.paillier.layout import LARGEST_ENTRIES, LARGEST_FRACTION, LARGEST_SLOT, Layout


class Fields:
    """A mapping being read. `kind` is named in errors."""

    def __init__(self, kind: str, values: Mapping[str, Any]) -> None:
        if not isinstance(values, Mapping):
            raise FieldError(f"{kind}: needs a mapping of fields, got {type(values).__name__}")
        self._kind = kind
        self._left = dict(values)

    def _take(self, name: str) -> Any:
        try:
            return self._left.pop(name)
        except KeyError:
            raise FieldError(f"{self._kind}: field {name!r} is missing") from None

    def integer(self, name: str, smallest: int, largest: int) -> int:
        """An integer in [smallest, largest].

        Raises:
            FieldError: anything else.
        """
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
            shown = value if isinstance(value, int) and abs(value) < 1 << 64 else f"a {type(value).__name__}"
            raise FieldError(
                f"{self._kind}: {name} is {shown}; needs an integer from {smallest} to {largest}"
            )
        return value

    def octets(self, name: str, length: int) -> bytes:
        """Bytes of exactly that length.

        Raises:
            FieldError: anything else.
        """
        value = self._take(name)
        if not isinstance(value, bytes) or len(value) != length:
            shown = f"{len(value)} bytes" if isinstance(value, bytes) else f"a {type(value).__name__}"
            raise FieldError(f"{self._kind}: {name} is {shown}; needs {length} bytes")
        return value

    def list_of_octets(self, name: str, count: int, longest: int) -> list[bytes]:
        """A list of exactly `count` byte strings, each of 1 to `longest` bytes.

        Raises:
            FieldError: anything else.
        """
        value = self._take(name)
        good = isinstance(value, list) and len(value) == count
        if not good or not all(isinstance(part, bytes) and 1 <= len(part) <= longest for part in value):
            raise FieldError(f"{self._kind}: {name} needs {count} byte strings of at most {longest} bytes")
        return list(value)

    def fingerprint(self) -> bytes:
        """The field `key_fingerprint`."""
        return self.octets("key_fingerprint", FINGERPRINT_BYTES)

    def layout(self) -> Layout:
        """The layout's fields, as `layout_fields` writes them.

        Raises:
            FieldError, ShapeError, ScaleError, LayoutError: out of range or impossible together.
        """
        rows, columns = (self.integer(name, 1, LARGEST_ENTRIES) for name in ("rows", "columns"))
        return Layout(
            shape=(rows, columns),
            key_bits=self.integer("key_bits", SMALLEST_TEST_BITS, LARGEST_BITS),
            slot_bits=self.integer("slot_bits", 1, LARGEST_SLOT),
            rows_per_ciphertext=self.integer("rows_per_ciphertext", 1, rows),
            columns_per_ciphertext=self.integer("columns_per_ciphertext", 1, columns),
            weight_bits=self.integer("weight_bits", 1, LARGEST_FRACTION),
            map_bits=self.integer("map_bits", 1, LARGEST_FRACTION),
        )

    def finish(self) -> None:
        """Refuse fields nobody asked for.

        Raises:
            FieldError: names the first.
        """
        if self._left:
            raise FieldError(f"{self._kind}: unknown field {sorted(map(str, self._left))[0]!r}")


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
