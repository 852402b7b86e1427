"""Reading an artifact's fields: every field is asked for by name and type, and none may be left over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pysonar.protocol.artifacts.parts import checks
from pysonar.protocol.artifacts.parts.errors import ArtifactError, MalformedError, OversizedError, Said
from pysonar.protocol.canonical import MAX_CBOR_ITEMS, CanonicalError, dumps_cbor, loads_cbor, loads_json
from pysonar.protocol.cid import Cid

_MISSING = Said("missing")


class Fields:
    """A mapping that came from outside, being read. Every method takes its field out; `finish` comes last."""

    def __init__(self, kind: str, values: Any, at: str = "") -> None:
        if not isinstance(values, Mapping):
            raise ArtifactError(kind, at, values, "an object with fields")
        self.kind = kind
        self._left = dict(values)
        self._at = at

    def path(self, name: str) -> str:
        """The field's dotted path."""
        return f"{self._at}.{name}" if self._at else name

    def take(self, name: str) -> Any:
        """Whatever stands there."""
        if name not in self._left:
            raise ArtifactError(self.kind, self.path(name), _MISSING, "a value")
        return self._left.pop(name)

    def has(self, name: str) -> bool:
        """Whether the field is there: for those that are written only where they say something."""
        return name in self._left

    def rest(self) -> dict[str, Any]:
        """All that is left, taken out: for a reader of its own, which refuses what it does not know."""
        left, self._left = self._left, {}
        return left

    def integer(self, name: str, least: int, most: int) -> int:
        """A whole number in a range."""
        return checks.integer(self.kind, self.path(name), self.take(name), least, most)

    def number(self, name: str, least: float, most: float) -> float:
        """A finite number in a range."""
        return checks.number(self.kind, self.path(name), self.take(name), least, most)

    def text(self, name: str, least: int, most: int) -> str:
        """A printable text."""
        return checks.text(self.kind, self.path(name), self.take(name), least, most)

    def octets(self, name: str, length: int) -> bytes:
        """Bytes of a fixed length."""
        return checks.octets(self.kind, self.path(name), self.take(name), length)

    def blob(self, name: str, most: int) -> bytes:
        """Bytes of 1 to `most`."""
        value = self.take(name)
        if not isinstance(value, bytes) or not 1 <= len(value) <= most:
            raise ArtifactError(self.kind, self.path(name), value, f"1 to {most} bytes")
        return value

    def hex_octets(self, name: str, length: int) -> bytes:
        """Bytes of a fixed length, as 0x and lower-case hexadecimal digits."""
        value = self.take(name)
        digits = 2 * length
        if isinstance(value, str) and value.startswith("0x") and len(value) == digits + 2:
            try:
                raw = bytes.fromhex(value[2:])
            except ValueError:
                raw = b""
            if "0x" + raw.hex() == value:
                return raw
        raise ArtifactError(
            self.kind, self.path(name), value, f"0x and {digits} lower-case hexadecimal digits"
        )

    def one_of(self, name: str, choices: Collection[str]) -> str:
        """One of a closed list."""
        return checks.one_of(self.kind, self.path(name), self.take(name), choices)

    def cid(self, name: str) -> Cid:
        """A CID."""
        return checks.cid(self.kind, self.path(name), self.take(name))

    def optional_cid(self, name: str) -> Cid | None:
        """A CID or null."""
        value = self.take(name)
        return None if value is None else checks.cid(self.kind, self.path(name), value)

    def address(self, name: str) -> str:
        """An address."""
        return checks.address(self.kind, self.path(name), self.take(name))

    def items(self, name: str, least: int, most: int) -> list[Any]:
        """A list of `least` to `most` items."""
        value = self.take(name)
        if not isinstance(value, list) or not least <= len(value) <= most:
            shown = Said(f"a list of {len(value)}") if isinstance(value, list) else value
            raise ArtifactError(self.kind, self.path(name), shown, f"a list of {least} to {most}")
        return value

    def inner(self, name: str) -> Fields:
        """The fields of an object inside."""
        return Fields(self.kind, self.take(name), self.path(name))

    def optional_inner(self, name: str) -> Fields | None:
        """The fields of an object inside, or None for null."""
        value = self.take(name)
        return None if value is None else Fields(self.kind, value, self.path(name))

    def finish(self) -> None:
        """Refuse fields nobody asked for."""
        for name in sorted(str(key) for key in self._left):
            raise ArtifactError(self.kind, self.path(name[:60]), Said("there"), "no such field")


def read_json(kind: str, version: int, data: bytes, max_bytes: int) -> Fields:
    """The fields of a canonical JSON artifact, `format` checked and taken out."""
    _check_size(kind, data, max_bytes)
    try:
        values = loads_json(data, max_bytes=max_bytes)
    except CanonicalError as error:
        raise MalformedError(kind, "", Said(str(error)), "canonical JSON (RFC 8785)") from None
    return _with_format(kind, version, values)


def read_cbor(
    kind: str,
    version: int,
    data: bytes,
    max_bytes: int,
    *,
    max_items: int = MAX_CBOR_ITEMS,
    older: Collection[int] = (),
) -> Fields:
    """The fields of a deterministic CBOR artifact, `format` checked and taken out.

    `older`: further versions that are read; their writer says no more than they can hold.
    """
    _check_size(kind, data, max_bytes)
    try:
        values = loads_cbor(data, max_bytes=max_bytes, max_items=max_items)
    except CanonicalError as error:
        raise MalformedError(kind, "", Said(str(error)), "deterministic CBOR (RFC 8949)") from None
    return _with_format(kind, version, values, older)


def write_cbor(kind: str, version: int, values: Mapping[str, Any], max_bytes: int) -> bytes:
    """Deterministic CBOR of an artifact's fields with its `format`; refuses what could not be read again."""
    data = dumps_cbor({"format": format_name(kind, version), **values})
    _check_size(kind, data, max_bytes)
    return data


def require_one_form(kind: str, written: bytes, data: bytes) -> None:
    """Refuse a document that says the same in other bytes than this project writes: 1 for 1.0 in CBOR, a
    default left out. One content, one CID.
    """
    if written != data:
        raise MalformedError(kind, "", Said("written in another form"), "every field, each in its one form")


def format_name(kind: str, version: int) -> str:
    """What stands in `format`."""
    return f"openmined/{kind}/{version}"


def _check_size(kind: str, data: bytes, max_bytes: int) -> None:
    if len(data) > max_bytes:
        raise OversizedError(kind, "", Said(f"{len(data)} bytes"), f"at most {max_bytes} bytes")


def _with_format(kind: str, version: int, values: Any, older: Collection[int] = ()) -> Fields:
    fields = Fields(kind, values)
    found = fields.take("format")
    if found not in [format_name(kind, known) for known in (version, *older)]:
        raise MalformedError(kind, "format", found, repr(format_name(kind, version)))
    return fields
