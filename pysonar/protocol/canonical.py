"""One value, one sequence of bytes: canonical JSON (RFC 8785) and deterministic CBOR (RFC 8949 section
4.2.1).

Artifacts are named by the hash of their bytes, so what is read must be exactly what would be written:
`loads_*` refuses anything else. Only plain values exist here: None, booleans, integers, floats, text, bytes
(CBOR only), lists, and dictionaries with text keys. No CBOR tags, no indefinite lengths, no duplicate keys,
no NaN. What the values mean is the artifacts' affair.
"""

import json
import math
import struct
from operator import itemgetter
from typing import Any, NoReturn

import rfc8785

from openmined_syft.errors import OpenMinedError
from pysonar.files.nesting import nested_deeper

MAX_DEPTH = 16
MAX_JSON_INTEGER = 2**53 - 1  # what every JSON reader keeps exactly (RFC 8785 section 3.2.2.3)
MIN_CBOR_INTEGER, MAX_CBOR_INTEGER = -(2**64), 2**64 - 1  # beyond that CBOR needs a tag; use bytes
MAX_CBOR_ITEMS = 1 << 16  # values, those inside lists and maps counted; an empty map is one byte, and 64 here


# Whole strings, so that brackets inside of them do not count, or one bracket.


class CanonicalError(OpenMinedError):
    """The value or the bytes are not in the one allowed form."""


class TooManyBytesError(CanonicalError):
    """There are more bytes than the caller allows."""


def dumps_json(value: Any) -> bytes:
    """Canonical JSON of a plain value: UTF-8, keys sorted, shortest numbers.

    Raises:
        CanonicalError: NaN, infinity, an integer beyond 2^53, another type, nested deeper than `MAX_DEPTH`.
    """
    _check_plain(value, MAX_DEPTH, MAX_JSON_INTEGER, -MAX_JSON_INTEGER, allow_bytes=False)
    try:
        return bytes(rfc8785.dumps(value))
    except (rfc8785.CanonicalizationError, UnicodeError):
        raise CanonicalError("a text that is not valid Unicode has no JSON form") from None


def loads_json(data: bytes, *, max_bytes: int) -> Any:
    """The value of canonical JSON bytes.

    Raises:
        TooManyBytesError: more than `max_bytes`.
        CanonicalError: not JSON, a duplicate key, NaN, too deep, or not written canonically.
    """
    _check_size(data, max_bytes, "JSON")
    if nested_deeper(data, MAX_DEPTH):
        raise CanonicalError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique_pairs, parse_constant=_refuse_constant
        )
    except CanonicalError:
        raise
    except UnicodeDecodeError as error:
        raise CanonicalError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise CanonicalError(f"not JSON at character {error.pos}") from None
    except ValueError:
        raise CanonicalError("a number is too long") from None
    if dumps_json(value) != data:
        raise CanonicalError(
            "JSON that is not canonical (RFC 8785): sorted keys, no spaces, shortest numbers"
        )
    return value


def dumps_cbor(value: Any) -> bytes:
    """Deterministic CBOR of a plain value.

    Raises:
        CanonicalError: NaN, infinity, an integer beyond 64 bits, another type, nested deeper than
            `MAX_DEPTH`.
    """
    _check_plain(value, MAX_DEPTH, MAX_CBOR_INTEGER, MIN_CBOR_INTEGER, allow_bytes=True)
    parts: list[bytes] = []
    try:
        _write_cbor(value, parts)
    except UnicodeError:
        raise CanonicalError("a text that is not valid Unicode has no CBOR form") from None
    return b"".join(parts)


def loads_cbor(data: bytes, *, max_bytes: int, max_items: int = MAX_CBOR_ITEMS) -> Any:
    """The value of deterministic CBOR bytes.

    How many bytes there may be says little about time and memory: a few MB of empty maps take seconds and
    hundreds of MB. Whatever is large is in byte strings, so values are counted, keys of maps too.

    Read by a small reader of our own: cbor2 acts on tags (dates, expressions, fractions) before anybody could
    refuse them. What is read is then written again and must be the same bytes. (Its writer takes four bytes
    for floats from 32,768 on that fit into two.)

    Raises:
        TooManyBytesError: more than `max_bytes`.
        CanonicalError: not CBOR, a tag, an indefinite length, a duplicate key, NaN, too deep, more than
            `max_items` values, trailing bytes, or not written deterministically.
    """
    _check_size(data, max_bytes, "CBOR")
    reader = _CborReader(data, max_items)
    value = reader.value(MAX_DEPTH)
    if reader.at != len(data):
        raise CanonicalError(f"{len(data) - reader.at} bytes follow the CBOR value")
    if dumps_cbor(value) != data:
        raise CanonicalError("CBOR that is not deterministic: sorted keys, shortest forms")
    return value


def _write_cbor(value: Any, parts: list[bytes]) -> None:
    """RFC 8949, 4.2.1: shortest forms, keys in the order of their bytes. The value is a checked one."""
    if value is None or isinstance(value, bool):
        parts.append({None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value])
    elif isinstance(value, int):
        parts.append(_cbor_head(0, value) if value >= 0 else _cbor_head(1, -1 - value))
    elif isinstance(value, float):
        parts.append(_cbor_float(value))
    elif isinstance(value, str):
        text = value.encode()
        parts += (_cbor_head(3, len(text)), text)
    elif isinstance(value, bytes):
        parts += (_cbor_head(2, len(value)), value)
    elif isinstance(value, list):
        parts.append(_cbor_head(4, len(value)))
        for item in value:
            _write_cbor(item, parts)
    else:
        parts.append(_cbor_head(5, len(value)))
        for key, item in sorted(((dumps_cbor(key), item) for key, item in value.items()), key=itemgetter(0)):
            parts.append(key)
            _write_cbor(item, parts)


def _cbor_head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    info = next(info for info in range(4) if argument < 1 << (8 << info))
    return bytes([major << 5 | 24 + info]) + argument.to_bytes(1 << info, "big")


def _cbor_float(value: float) -> bytes:
    """The shortest of the three widths that holds the value exactly."""
    for first, form in ((b"\xf9", ">e"), (b"\xfa", ">f")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return first + packed
    return b"\xfb" + struct.pack(">d", value)


class _CborReader:
    """Reads plain CBOR values from bytes; never reserves room for more than the bytes that are there."""

    def __init__(self, data: bytes, max_items: int) -> None:
        self.data = data
        self.at = 0
        self.max_items = max_items
        self.items_left = max_items

    def value(self, depth: int) -> Any:
        if depth < 0:
            raise CanonicalError(f"nested deeper than {MAX_DEPTH} levels")
        self.items_left -= 1
        if self.items_left < 0:
            raise CanonicalError(f"more than {self.max_items} values")
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self.simple(info)
        argument = self.argument(info)
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 4:
            self.room_for(argument)
            return [self.value(depth - 1) for _ in range(argument)]
        if major == 5:
            self.room_for(2 * argument)
            return self.mapping(argument, depth - 1)
        raise CanonicalError(f"CBOR tag {argument}: tags are not used")

    def argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise CanonicalError("a CBOR value of indefinite or reserved length")
        return int.from_bytes(self.take(1 << (info - 24)), "big")

    def simple(self, info: int) -> Any:
        if info in (20, 21, 22):
            return (False, True, None)[info - 20]
        if info in (25, 26, 27):
            width = 1 << (info - 24)
            number: float = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[width], self.take(width))[0]
            return number
        raise CanonicalError(f"CBOR simple value {info}: only false, true, null and floats are used")

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise CanonicalError("a CBOR text is not UTF-8") from None

    def mapping(self, length: int, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for _ in range(length):
            key = self.value(depth)
            if not isinstance(key, str):
                raise CanonicalError("a CBOR map key is not a text")
            if key in result:
                raise CanonicalError(f"key {key[:40]!r} comes twice")
            result[key] = self.value(depth)
        return result

    def room_for(self, items: int) -> None:
        if items > len(self.data) - self.at:
            raise CanonicalError(f"CBOR that announces {items} items in {len(self.data) - self.at} bytes")

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise CanonicalError(f"CBOR ends {count - len(piece)} bytes too early")
        self.at += count
        return piece


def _check_size(data: bytes, max_bytes: int, what: str) -> None:
    if len(data) > max_bytes:
        raise TooManyBytesError(f"{len(data)} bytes of {what}; at most {max_bytes} are read")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in result if names.count(key) > 1)
        raise CanonicalError(f"key {twice[:40]!r} comes twice")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise CanonicalError(f"{name} is not a JSON number")


def _check_plain(value: Any, depth: int, largest: int, smallest: int, *, allow_bytes: bool) -> None:
    if depth < 0:
        raise CanonicalError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if value is None or kind in (bool, str) or (kind is bytes and allow_bytes):
        return
    if kind is int:
        if not smallest <= value <= largest:
            raise CanonicalError(
                f"an integer of {value.bit_length()} bits; {smallest} to {largest} is expected"
            )
    elif kind is float:
        if not math.isfinite(value):
            raise CanonicalError(f"{value} is not a finite number")
        # JSON writes whole floats below 1e21 like integers, so they would be read as ones that are too large.
        if not allow_bytes and largest < abs(value) < 1e21:
            raise CanonicalError(f"{value} in JSON; whole numbers up to {largest} are expected")
    elif kind is list:
        for item in value:
            _check_plain(item, depth - 1, largest, smallest, allow_bytes=allow_bytes)
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise CanonicalError(f"a key of type {type(key).__name__}; only text is a key")
            _check_plain(item, depth - 1, largest, smallest, allow_bytes=allow_bytes)
    else:
        raise CanonicalError(f"a value of type {kind.__name__} has no canonical form")
