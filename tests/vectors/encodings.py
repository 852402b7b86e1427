"""Canonical JSON, deterministic CBOR, names of files, amounts."""

from __future__ import annotations

import hashlib

from pysonar.protocol.amounts import format_ppm, format_wei, parse_ppm, parse_wei
from pysonar.protocol.canonical import dumps_cbor, dumps_json
from pysonar.store import cid_of
from tests.json_types import JsonObject

_NUMBERS = (0, -0.0, 1, -1, 0.1, 1e-7, 1e21, 1.5e300, 5e-324, 2**53 - 1, -(2**53 - 1), 333333333.33333329)


def canonical_json() -> JsonObject:
    """Values as plain JSON, and their one form; texts that no reader takes."""
    values: list[object] = [
        *_NUMBERS,
        None,
        True,
        "",
        '\u20ac$\u000f\nA\'B"\\\\"/',
        [],
        {},
        {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
        {"b": [1, {"z": 0, "a": None}], "a": {"": []}},
    ]
    refused = [
        '{"a":1,"a":1}', '{"b":1,"a":2}', " 1", "1.0", "1e2", "-0", "NaN", "Infinity", "9007199254740992",
        '"\\u00e9"', '"\\ud800"', "[1,]", "", "01", "[" * 18 + "]" * 18, "1e400",
    ]  # fmt: skip
    return {
        "about": "Canonical JSON (RFC 8785): each value and its bytes as text; `refused` is not canonical.",
        "values": [{"value": value, "text": dumps_json(value).decode()} for value in values],
        "refused": refused,
    }


def cbor() -> JsonObject:
    """Values with their kinds, and their one form."""
    whole = [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53, 2**64 - 1]
    integers = [sign for value in whole for sign in (value, -value - 1)]
    floats = [
        0.0,
        -0.0,
        1.0,
        1.5,
        65504.0,
        65505.0,
        5.960464477539063e-08,
        1e-8,
        0.1,
        3.4028234663852886e38,
        1e300,
    ]
    names = ["format", "a", "b" * 23, "c" * 24, "aa", "\u00e9", "version", "\U0001f600"]
    mapping = {name: place for place, name in enumerate(names)}
    return {
        "about": "Deterministic CBOR (RFC 8949, 4.2.1). Integers as text; floats stay floats, whole or not.",
        "integers": [{"value": str(value), "hex": dumps_cbor(value).hex()} for value in integers],
        "floats": [{"value": repr(value), "hex": dumps_cbor(value).hex()} for value in floats],
        "texts": [{"value": name, "hex": dumps_cbor(name).hex()} for name in names],
        "octets": [{"value": octets.hex(), "hex": dumps_cbor(octets).hex()} for octets in (b"", bytes(24))],
        "map": {"keys": names, "hex": dumps_cbor(mapping).hex()},
        "list": {"hex": dumps_cbor([None, True, False, [], {}]).hex()},
        "refused": [
            "1800", "190001", "fb3ff0000000000000", "f97e00", "5f4101ff", "c000", "a2616100616101",
            "a2616200616100", "62c328", "0000", "", "81", "f7", "9f00ff", "1bffff", "81" * 18 + "00",
            "a10000",
        ],
    }  # fmt: skip


def _pattern(size: int) -> bytes:
    block = hashlib.sha256(b"openmined/vectors/pattern").digest() * 8192
    return (block * (size // len(block) + 1))[:size]


def cids() -> JsonObject:
    """Sizes around every change of a tree's shape."""
    sizes = [0, 1, 262_143, 262_144, 262_145, 524_288, 174 * 262_144, 174 * 262_144 + 1]
    return {
        "about": "CIDs of files whose bytes repeat SHA-256('openmined/vectors/pattern'), by size.",
        "files": [{"size": size, "cid": str(cid_of(_pattern(size)))} for size in sizes],
        "refused": [
            "", "Qm", "QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh5", "bafkqaaa",
            "QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh5I", "Qm" + "1" * 44,
        ],
    }  # fmt: skip


def amounts() -> JsonObject:
    """Texts of amounts and what they mean, both ways."""
    wei = ["10 ETH", "1.5 gwei", "25 wei", "0", "0.000000000000000001 ether", "007 gwei", "1ETH"]
    ppm = ["90 %", "90%", "2.5 %", "900000 ppm", "0", "100 %", "0.0001 %"]
    shown = [0, 1, 25, 10**7, 15 * 10**8, 10**13, 25 * 10**15, 10**19, 123456789 * 10**9 + 1, -(10**18)]
    return {
        "about": "Amounts as people write them. Wei as text.",
        "wei": [{"text": text, "wei": str(parse_wei(text))} for text in wei],
        "ppm": [{"text": text, "ppm": parse_ppm(text)} for text in ppm],
        "shown": [{"wei": str(amount), "text": format_wei(amount)} for amount in shown],
        "shown_ppm": [{"ppm": part, "text": format_ppm(part)} for part in (0, 1, 25_000, 900_000, 10**6)],
        "refused": [
            "10",
            "1.5 wei",
            "-1 ETH",
            "1e3 wei",
            "ETH",
            "1,5 ETH",
            "1 eth 2",
            "0.0000000000000000001 ETH",
        ],
    }
