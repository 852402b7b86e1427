"""The ABIs of Sonar as the package ships them, one for each version of the contract: selectors, topics, and
the types behind them.

Built on eth_abi alone: no compiler, no web3. Strings are decoded leniently, since Vyper's String holds any
bytes and a hostile `decline` reason must not stop everybody's follower.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.crypto import keccak

from pysonar.chain.contract.versions import ABI_FILES, NEWEST
from pysonar.chain.errors import BadArgumentError, UndecodableLogError, UnexpectedAnswerError


@dataclass(frozen=True)
class FunctionAbi:
    """One function: its 4-byte selector and the ABI types of its inputs and outputs."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, *arguments: Any) -> bytes:
        """Call data for the arguments (structs as tuples in ABI order); BadArgumentError if one does not
        fit.
        """
        try:
            return self.selector + encode(self.inputs, arguments)
        except (EncodingError, TypeError, ValueError) as error:
            raise BadArgumentError(
                f"an argument of {self.name}", arguments, f"the types {self.inputs}"
            ) from error

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """The outputs in ABI order; UnexpectedAnswerError if the bytes do not have the promised shape."""
        if len(data) < 32 * len(self.outputs):  # an account without code answers every call with nothing
            raise UnexpectedAnswerError(self.name, f"the types {self.outputs}")
        try:
            return tuple(decode(self.outputs, data))
        except (DecodingError, OverflowError) as error:
            raise UnexpectedAnswerError(self.name, f"the types {self.outputs}") from error


@dataclass(frozen=True)
class EventAbi:
    """One event: its topic, and its fields as (name, type, indexed) in the order of declaration."""

    name: str
    topic: bytes
    fields: tuple[tuple[str, str, bool], ...]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Values by field name (addresses lower-case as eth_abi gives them, strings with U+FFFD for bad
        bytes).
        """
        indexed = sum(is_indexed for *_, is_indexed in self.fields)
        if len(topics) != indexed + 1 or topics[0] != self.topic:
            raise UndecodableLogError(topics[0].hex() if topics else "none", f"expected {indexed + 1} topics")
        in_topics, in_data = iter(topics[1:]), 0
        values: dict[str, Any] = {}
        try:
            for name, kind, is_indexed in self.fields:
                if is_indexed:
                    word = next(in_topics)
                else:
                    word, in_data = data[in_data : in_data + 32], in_data + 32
                values[name] = _value(kind, word, data)
        except ValueError as error:
            raise UndecodableLogError(self.topic.hex(), f"the data do not fit {self.name}") from error
        return values


def _value(kind: str, word: bytes, data: bytes) -> Any:
    """One field of an event, from its 32-byte word; bytes and strings stand where the word points to.

    Every field of Sonar's events is one word or such a pointer: cutting words out is tens of times faster
    than a general decoder, and events are read by the million. Raises ValueError.
    """
    if len(word) != 32:
        raise ValueError("a word is missing")
    if kind == "bytes32":
        return word
    number = int.from_bytes(word, "big")
    if kind == "address":
        if number >> 160:
            raise ValueError("not an address")
        return "0x" + word[12:].hex()
    if kind.startswith("uint"):
        if number >> int(kind[4:]):
            raise ValueError("out of range")
        return number
    if kind == "bool" and number < 2:
        return bool(number)
    if kind in ("bytes", "string"):
        length = int.from_bytes(data[number : number + 32], "big")
        found = data[number + 32 : number + 32 + length]
        if len(data) < number + 32 or len(found) != length:
            raise ValueError("cut short")
        return found if kind == "bytes" else found.decode("utf-8", errors="replace")
    raise ValueError(f"a field of the type {kind}")


@cache
def raw_abi(version: int = NEWEST) -> list[dict[str, Any]]:
    """The JSON list that the compiler made of that version."""
    loaded: list[dict[str, Any]] = json.loads(
        (files("pysonar.chain.contract") / ABI_FILES[version]).read_text("utf-8")
    )
    return loaded


@cache
def functions(version: int = NEWEST) -> Mapping[str, FunctionAbi]:
    """All functions by name."""
    found = {}
    for item in raw_abi(version):
        if item["type"] == "function":
            inputs = tuple(_type_of(part) for part in item["inputs"])
            outputs = tuple(_type_of(part) for part in item["outputs"])
            selector = keccak(text=f"{item['name']}({','.join(inputs)})")[:4]
            found[item["name"]] = FunctionAbi(item["name"], selector, inputs, outputs)
    return found


@cache
def events() -> Mapping[tuple[bytes, int], EventAbi]:
    """All events of all versions, by the first topic and the number of topics: no two versions have another
    meaning for the same pair.
    """
    found = {}
    for item in (item for version in ABI_FILES for item in raw_abi(version)):
        if item["type"] == "event":
            fields = tuple((part["name"], _type_of(part), bool(part["indexed"])) for part in item["inputs"])
            topic = keccak(text=f"{item['name']}({','.join(kind for _, kind, _ in fields)})")
            topics = 1 + sum(is_indexed for *_, is_indexed in fields)
            found[topic, topics] = EventAbi(item["name"], topic, fields)
    return found


def _type_of(part: Mapping[str, Any]) -> str:
    """`tuple` and `tuple[]` written out, as selectors need them."""
    kind: str = part["type"]
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type_of(inner) for inner in part["components"]) + ")" + kind[len("tuple") :]
