"""Values of one 32-byte word each, as the contract's ABI lays them out, and structs of them.

All that Sonar's views take and give is of these, and so are most fields of its events: to cut words out is
tens of times faster than a general codec, and loads nothing. Arrays and bytes are left to eth_abi.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from pysonar.protocol.account_address import is_address

WORD = 32
_ONE = re.compile(r"uint(?:8|16|32|64|128|256)|address|bool|bytes32")
_PIECE = re.compile(r"[(),]|[^(),]+")

Layout = str | tuple["Layout", ...]
"""The type of one word, or the layouts of a struct's fields."""


@cache
def layout(kind: str) -> Layout | None:
    """The words behind an ABI type, or None if it has no fixed number of them (arrays, bytes, strings)."""
    structs: list[list[Layout]] = [[]]
    for piece in _PIECE.findall(kind):
        if piece == "(":
            structs.append([])
        elif piece == ")" and len(structs) > 1:
            closed = tuple(structs.pop())
            structs[-1].append(closed)
        elif _ONE.fullmatch(piece):
            structs[-1].append(piece)
        elif piece != ",":
            return None
    return structs[0][0] if len(structs) == len(structs[0]) == 1 else None


def encode_word(kind: str, value: Any) -> bytes:
    """The word of a value; ValueError if it is not of that type."""
    if kind == "address":
        if isinstance(value, str) and is_address(value):
            return bytes(12) + bytes.fromhex(value[2:])
    elif kind == "bool":
        if isinstance(value, bool):
            return int(value).to_bytes(WORD, "big")
    elif kind == "bytes32":
        if isinstance(value, bytes) and len(value) == WORD:
            return value
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << int(kind[4:]):
        return value.to_bytes(WORD, "big")
    raise ValueError(f"{value!r} is no {kind}")


def decode_word(kind: str, word: bytes) -> Any:
    """The value in a word (addresses lower-case); ValueError if no value of that type has this word."""
    if len(word) != WORD:
        raise ValueError("a word is missing")
    return reader(kind)(word)


@cache
def reader(kind: str) -> Callable[[bytes], Any]:
    """How the 32 bytes of such a word are read; the reader raises ValueError."""
    if kind == "bytes32":
        return bytes
    if kind == "uint256":
        return int.from_bytes
    if kind == "address":
        return _address
    if not _ONE.fullmatch(kind):
        raise ValueError(f"{kind} is no type of one word")
    bits = 1 if kind == "bool" else int(kind.removeprefix("uint"))

    def narrow(word: bytes) -> int | bool:
        number = int.from_bytes(word, "big")
        if number >> bits:
            raise ValueError("out of range")
        return bool(number) if kind == "bool" else number

    return narrow


@lru_cache(maxsize=1 << 13)  # the same accounts stand in many logs
def _address(word: bytes) -> str:
    if any(word[:12]):
        raise ValueError("not an address")
    return "0x" + word[12:].hex()


def encode_words(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    """The words of values and structs (as tuples), one after the other. ValueError, TypeError."""
    return _encoded(tuple(map(_required, kinds)), values)


def decode_words(kinds: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """What `encode_words` laid out, structs as tuples; what follows is ignored. ValueError."""
    found: tuple[Any, ...] = _decoded(tuple(map(_required, kinds)), data, 0)[0]
    return found


def _required(kind: str) -> Layout:
    found = layout(kind)
    if found is None:
        raise ValueError(f"{kind} has no fixed number of words")
    return found


def _encoded(shape: Layout, value: Any) -> bytes:
    if isinstance(shape, str):
        return encode_word(shape, value)
    return b"".join(_encoded(part, one) for part, one in zip(shape, value, strict=True))


def _decoded(shape: Layout, data: bytes, at: int) -> tuple[Any, int]:
    """The value whose first word begins at `at`, and where the next one begins."""
    if isinstance(shape, str):
        return decode_word(shape, data[at : at + WORD]), at + WORD
    found = []
    for part in shape:
        value, at = _decoded(part, data, at)
        found.append(value)
    return tuple(found), at
