"""Reading the plain fields of a wire form: every field is asked for by name, type and range, none may be left
over.

The container (deterministic CBOR) is parsed elsewhere; what arrives here is a mapping of untrusted values.
"""

from collections.abc import Mapping
from typing import Any

from openmined_syft.errors import FieldError

FINGERPRINT_BYTES = 32


class WireFields:
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

    def finish(self) -> None:
        """Refuse fields nobody asked for.

        Raises:
            FieldError: names the first.
        """
        if self._left:
            raise FieldError(f"{self._kind}: unknown field {sorted(map(str, self._left))[0]!r}")
