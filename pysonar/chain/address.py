"""Addresses, 32-byte words and unsigned integers, checked once at the border to the chain."""

from __future__ import annotations

from pysonar.chain.errors import BadAddressError, BadArgumentError
from pysonar.protocol.account_address import checksum, is_address

__all__ = ["ZERO_ADDRESS", "checksum", "parse_bytes32", "require_address", "require_bytes32", "require_uint"]

ZERO_ADDRESS = "0x" + "0" * 40


def require_address(what: str, value: object) -> str:
    """The mixed-case form, or BadAddressError (a wrong mixed-case checksum is refused too)."""
    if not isinstance(value, str) or not is_address(value):
        raise BadAddressError(what, value)
    return checksum(value)


def require_bytes32(what: str, value: object) -> bytes:
    """The 32 bytes, or BadArgumentError."""
    if not isinstance(value, bytes | bytearray | memoryview) or len(value) != 32:
        raise BadArgumentError(what, value, "32 bytes")
    return bytes(value)


def require_uint(what: str, value: object) -> int:
    """An integer of 0 to 2**256 - 1, or BadArgumentError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 256:
        raise BadArgumentError(what, value, "a whole number, 0 or more")
    return value


def parse_bytes32(what: str, text: str) -> bytes:
    """The 32 bytes behind 0x and 64 hexadecimal digits, or BadArgumentError."""
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise BadArgumentError(what, text, "0x and 64 hexadecimal digits")
    return raw
