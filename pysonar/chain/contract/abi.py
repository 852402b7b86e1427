"""The ABIs of Sonar as the package ships them, one for each version of the contract: selectors, topics, and
the types behind them.

No compiler, no web3; eth_abi only for what has no fixed number of words. Strings are decoded leniently, since
Vyper's String holds any bytes and a hostile `decline` reason must not stop everybody's follower.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from operator import call, itemgetter
from typing import Any

from pysonar.chain.contract.versions import ABI_FILES, NEWEST
from pysonar.chain.contract.words import decode_words, encode_words, layout, reader
from pysonar.chain.errors import BadArgumentError, UndecodableLogError, UnexpectedAnswerError
from pysonar.protocol.account_address import keccak256


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
            return self.selector + _encode(self.inputs, arguments)
        except (TypeError, ValueError) as error:
            raise BadArgumentError(
                f"an argument of {self.name}", arguments, f"the types {self.inputs}"
            ) from error

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """The outputs in ABI order; UnexpectedAnswerError if the bytes do not have the promised shape."""
        if len(data) < 32 * len(self.outputs):  # an account without code answers every call with nothing
            raise UnexpectedAnswerError(self.name, f"the types {self.outputs}")
        try:
            return decode_words(self.outputs, data)
        except ValueError as error:
            raise UnexpectedAnswerError(self.name, f"the types {self.outputs}") from error


def _encode(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    """Call data without the selector. TypeError, ValueError."""
    if all(layout(kind) for kind in kinds):
        return encode_words(kinds, values)
    # Here, since it takes a third of a second to load, and only `report` and `decline` need it.
    from eth_abi.abi import encode
    from eth_abi.exceptions import EncodingError

    try:
        return bytes(encode(kinds, values))
    except EncodingError as error:
        raise ValueError(str(error)) from None


@dataclass(frozen=True)
class EventAbi:
    """One event: its topic, and its fields as (name, type, indexed) in the order of declaration."""

    name: str
    topic: bytes
    fields: tuple[tuple[str, str, bool], ...]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Values by field name (addresses lower-case as eth_abi gives them, strings with U+FFFD for bad
        bytes).

        Every field of Sonar's events is one word, or points to bytes by one: cutting words out is tens of
        times faster than a general decoder, and events are read by the million.
        """
        form = self._form
        if len(topics) != form.topics or topics[0] != self.topic:
            raise UndecodableLogError(topics[0].hex() if topics else "none", f"expected {form.topics} topics")
        try:
            if [*map(len, topics)] != form.lengths:
                raise ValueError("a word is missing")
            words = form.pick((*topics, *form.cut(data)))
            values: dict[str, Any] = dict(zip(form.names, map(call, form.readers, words), strict=True))
            for name, kind in form.pointers:
                values[name] = _pointed_at(kind, values[name], data)
        except (ValueError, struct.error) as error:
            raise UndecodableLogError(self.topic.hex(), f"the data do not fit {self.name}") from error
        return values

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The fields that are addresses."""
        return tuple(name for name, kind, _ in self.fields if kind == "address")

    @cached_property
    def _form(self) -> _Form:
        indexed = [name for name, _, is_indexed in self.fields if is_indexed]
        places = [*indexed, *(name for name, _, is_indexed in self.fields if not is_indexed)]
        pointers = tuple((name, kind) for name, kind, _ in self.fields if kind in ("bytes", "string"))
        words = [(name, "uint256" if (name, kind) in pointers else kind) for name, kind, _ in self.fields]
        at = [1 + places.index(name) for name, _ in words]
        return _Form(
            topics=1 + len(indexed),
            lengths=[32] * (1 + len(indexed)),
            cut=struct.Struct("32s" * (len(places) - len(indexed))).unpack_from,
            # Of one place, it would give the word itself.
            pick=itemgetter(*at) if len(at) > 1 else itemgetter(slice(at[0], at[0] + 1)),
            names=tuple(name for name, _ in words),
            readers=tuple(reader(kind) for _, kind in words),
            pointers=pointers,
        )


@dataclass(frozen=True)
class _Form:
    """How an event is cut up. `lengths`: of the topics. `cut`: the words of the data (those after them stay).
    `pick`: of the topics and those words, the words of the fields in their order. `pointers`: those whose
    word says where in the data they begin.
    """

    topics: int
    lengths: list[int]
    cut: Callable[[bytes], tuple[bytes, ...]]
    pick: Callable[[Sequence[bytes]], tuple[bytes, ...]]
    names: tuple[str, ...]
    readers: tuple[Callable[[bytes], Any], ...]
    pointers: tuple[tuple[str, str], ...]


def _pointed_at(kind: str, at: int, data: bytes) -> bytes | str:
    length = int.from_bytes(data[at : at + 32], "big")
    found = data[at + 32 : at + 32 + length]
    if len(data) < at + 32 or len(found) != length:
        raise ValueError("cut short")
    return found if kind == "bytes" else found.decode("utf-8", errors="replace")


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
            selector = keccak256(f"{item['name']}({','.join(inputs)})".encode())[:4]
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
            topic = keccak256(f"{item['name']}({','.join(kind for _, kind, _ in fields)})".encode())
            topics = 1 + sum(is_indexed for *_, is_indexed in fields)
            found[topic, topics] = EventAbi(item["name"], topic, fields)
    return found


def _type_of(part: Mapping[str, Any]) -> str:
    """`tuple` and `tuple[]` written out, as selectors need them."""
    kind: str = part["type"]
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type_of(inner) for inner in part["components"]) + ")" + kind[len("tuple") :]
