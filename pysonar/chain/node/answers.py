"""What a node's JSON may say: the one border where a stranger's answer becomes typed values.

Every parser takes the raw JSON value and gives a value of our own, or raises NotUnderstood with what would
have been right. No KeyError, TypeError or ValueError of a stranger's making gets past this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_OBJECT = (dict, Mapping)  # what JSON gives first: to ask whether it is a mapping of any kind takes long
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class NotUnderstood(Exception):  # noqa: N818 - never leaves this room: it becomes UnexpectedAnswerError
    """The value is not what it must be; the text says what would have been right."""


@dataclass(frozen=True)
class BlockRef:
    """A block by number and hash, with its time (seconds since 1970) and base fee (wei per gas; None before
    EIP-1559).
    """

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    base_fee: int | None


class Log(NamedTuple):
    """One log in a mined block. `address` in lower case. `time`: of its block, seconds since 1970; None where
    the node does not say it in a form that can be read, as older ones do not.
    """

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    log_index: int
    transaction_hash: bytes
    time: int | None = None


@dataclass(frozen=True)
class TransactionReceipt:
    """What a mined transaction came to.

    Without hash, block and status there is no receipt. `gas_used`, `gas_price` (wei per gas) and `logs` are
    informative: 0, or none, where a node does not say them in a form that can be read.
    """

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    gas_price: int
    logs: tuple[Log, ...]

    def to_json(self) -> str:
        """As a node would say it, for the local database: only what was understood."""
        return json.dumps(
            {
                "transactionHash": _hex(self.transaction_hash),
                "blockNumber": hex(self.block_number),
                "blockHash": _hex(self.block_hash),
                "status": hex(self.succeeded),
                "gasUsed": hex(self.gas_used),
                "effectiveGasPrice": hex(self.gas_price),
                "logs": [_log_to_json(log) for log in self.logs],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> TransactionReceipt:
        """The inverse of `to_json`; it also reads a receipt that was stored as a node gave it.

        Raises NotUnderstood.
        """
        try:
            return receipt(json.loads(text))
        except ValueError:
            raise NotUnderstood("a receipt in JSON") from None


@dataclass(frozen=True)
class Transaction:
    """A transaction that the node knows. `block_number`: None while it waits. `sender` in lower case."""

    hash: bytes
    sender: str
    nonce: int
    block_number: int | None


@dataclass(frozen=True)
class Refusal:
    """A JSON-RPC error. `data`: the bytes that a call reverted with, None if it holds no such bytes."""

    code: int
    message: str
    data: bytes | None


def refusal(error: object) -> Refusal:
    """A JSON-RPC error, whatever shape it has: codes as text and nested data have been seen."""
    if not isinstance(error, Mapping):
        return Refusal(0, _text(error), None)
    code, message, inner = error.get("code"), _text(error.get("message")), error.get("data")
    if isinstance(inner, Mapping):  # some wrap what geth gives plainly
        inner = inner.get("data", inner.get("result"))
    if type(code) is not int:
        message, code = f"{message} [{_text(code)}]" if code else message, 0
    if isinstance(inner, str) and _DATA.fullmatch(inner):
        return Refusal(code, message, data(inner))
    if isinstance(inner, str) and inner not in message:
        message = f"{message}: {inner}"
    return Refusal(code, message, None)


def quantity(value: object) -> int:
    """A number as "0x1f"; at most 256 bits."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise NotUnderstood("a number such as 0x1f")
    return int(value, 16)


def count(value: object) -> int:
    """A number of a block, a nonce, a place or a time: below 2^63, as the local databases keep it. Nothing
    honest comes near that, and what cannot be kept must not end an agent.
    """
    found = quantity(value)
    if found >> 63:
        raise NotUnderstood("a number below 2^63")
    return found


def _gas(value: object) -> int:
    """Gas of one transaction: below 2^40, so that sums of a chain's whole life can be kept, too."""
    found = quantity(value)
    if found >> 40:
        raise NotUnderstood("gas below 2^40")
    return found


def data(value: object) -> bytes:
    """Bytes as "0x0102"."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            found = bytes.fromhex(value[2:])
        except ValueError:
            found = b""
        if 2 * len(found) + 2 == len(value):  # `fromhex` takes white space, of which nothing comes out
            return found
    raise NotUnderstood("bytes such as 0x0102")


def hash32(value: object) -> bytes:
    """32 bytes."""
    found = data(value)
    if len(found) != 32:
        raise NotUnderstood("32 bytes")
    return found


def address(value: object) -> str:
    """20 bytes, as lower-case text."""
    found = data(value)
    if len(found) != 20:
        raise NotUnderstood("an address")
    return _hex(found)


def optional(parse: Callable[[object], T]) -> Callable[[object], T | None]:
    """The parser that also takes null."""
    return lambda value: None if value is None else parse(value)


def block(value: object) -> BlockRef:
    """A block; one that is still being made (without number or hash) is not understood."""
    said = _fields(value, "a block")
    return BlockRef(
        number=_of(said, "number", count),
        hash=_of(said, "hash", hash32),
        parent=_of(said, "parentHash", hash32),
        timestamp=_of(said, "timestamp", count),
        base_fee=_of(said, "baseFeePerGas", optional(quantity)),
    )


def block_transactions(value: object) -> tuple[Transaction, ...]:
    """The transactions of a block that was asked for with them."""
    return _of(_fields(value, "a block"), "transactions", _list_of(transaction))


def logs(value: object) -> tuple[Log, ...]:
    """A list of logs in mined blocks; those that a re-org removed are left out."""
    if not isinstance(value, list | tuple):
        raise NotUnderstood("a list")
    return tuple(log(entry) for entry in value if not _removed(entry))


_REPEATED = 1 << 13
_address_again, _count_again, _hash32_again, _time_again = (
    lru_cache(_REPEATED)(address),
    lru_cache(_REPEATED)(count),
    lru_cache(_REPEATED)(hash32),
    lru_cache(_REPEATED)(lambda value: _time(value)),
)
"""Logs come by the million, and in most of them stand the blocks, campaigns and accounts of those before."""


def log(value: object) -> Log:
    """One log in a mined block."""
    said = _fields(value, "a log")
    try:
        topics = said.get("topics")
        if not isinstance(topics, list | tuple):
            raise NotUnderstood("a list")
        return Log(
            _address_again(said.get("address")),
            tuple(map(_hash32_again, topics)),
            data(said.get("data")),
            _count_again(said.get("blockNumber")),
            _hash32_again(said.get("blockHash")),
            _count_again(said.get("logIndex")),
            _hash32_again(said.get("transactionHash")),
            _time_again(said.get("blockTimestamp")),
        )
    except (NotUnderstood, TypeError):  # a list, or an object, where a text must be, is remembered by none
        return _log_named(said)


def _log_named(said: Mapping[str, object]) -> Log:
    """As `log`; what is not understood is named."""
    return Log(
        address=_of(said, "address", address),
        topics=_of(said, "topics", _topics),
        data=_of(said, "data", data),
        block_number=_of(said, "blockNumber", count),
        block_hash=_of(said, "blockHash", hash32),
        log_index=_of(said, "logIndex", count),
        transaction_hash=_of(said, "transactionHash", hash32),
        time=_time(said.get("blockTimestamp")),
    )


def _time(value: object) -> int | None:
    return None if value is None else _or(count, None)(value)


def _topics(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list | tuple):
        raise NotUnderstood("a list")
    return tuple(map(hash32, value))


def receipt(value: object) -> TransactionReceipt:
    """The receipt of a mined transaction."""
    said = _fields(value, "a receipt")
    price = "effectiveGasPrice" if said.get("effectiveGasPrice") is not None else "gasPrice"
    return TransactionReceipt(
        transaction_hash=_of(said, "transactionHash", hash32),
        block_number=_of(said, "blockNumber", count),
        block_hash=_of(said, "blockHash", hash32),
        succeeded=_of(said, "status", _success),
        gas_used=_of(said, "gasUsed", _or(_gas, 0)),
        gas_price=_of(said, price, _or(quantity, 0)),
        logs=_of(said, "logs", _or(_list_of(log), ())),
    )


def mined_receipt(value: object) -> TransactionReceipt | None:
    """A receipt; None for null, and for what some nodes give while the transaction still waits."""
    if value is None or (isinstance(value, Mapping) and value.get("blockNumber", "") is None):
        return None
    return receipt(value)


def transaction(value: object) -> Transaction:
    """A transaction, waiting or mined."""
    said = _fields(value, "a transaction")
    return Transaction(
        hash=_of(said, "hash", hash32),
        sender=_of(said, "from", address),
        nonce=_of(said, "nonce", count),
        block_number=_of(said, "blockNumber", optional(count)),
    )


def _fields(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, _OBJECT):
        raise NotUnderstood(what)
    return value


def _of(said: Mapping[str, object], name: str, parse: Callable[[object], T]) -> T:
    try:
        return parse(said.get(name))
    except NotUnderstood as error:
        raise NotUnderstood(f"{error} as {name!r}") from None


def _list_of(parse: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    def parse_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise NotUnderstood("a list")
        return tuple(parse(entry) for entry in value)

    return parse_all


def _or(parse: Callable[[object], T], otherwise: T) -> Callable[[object], T]:
    def parse_leniently(value: object) -> T:
        try:
            return parse(value)
        except NotUnderstood:
            return otherwise

    return parse_leniently


def _success(value: object) -> bool:
    if (status := quantity(value)) > 1:
        raise NotUnderstood("0x0 or 0x1")
    return status == 1


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _removed(value: object) -> bool:
    return isinstance(value, _OBJECT) and value.get("removed") is True


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _log_to_json(log: Log) -> dict[str, object]:
    return {
        "address": log.address,
        "topics": [_hex(topic) for topic in log.topics],
        "data": _hex(log.data),
        "blockNumber": hex(log.block_number),
        "blockHash": _hex(log.block_hash),
        "logIndex": hex(log.log_index),
        "transactionHash": _hex(log.transaction_hash),
        **({} if log.time is None else {"blockTimestamp": hex(log.time)}),
    }
