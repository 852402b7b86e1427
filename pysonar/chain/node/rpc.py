"""The dozen JSON-RPC requests that the agents make, typed, over any handle's provider.

They go to `web3.provider` directly: raw hex in and out, no middleware. An answer that is not understood is
asked for again, of the next node if there is one, before UnexpectedAnswerError says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import requests

from pysonar.chain.errors import NodeDownError, NodeRefusedError, UnexpectedAnswerError
from pysonar.chain.node import answers
from pysonar.chain.node.answers import BlockRef, Log, NotUnderstood, Transaction, TransactionReceipt
from pysonar.chain.node.handle import Node
from pysonar.chain.node.provider import NodeProvider

T = TypeVar("T")

Tag = int | str
"""A block number, or one of "latest", "pending", "finalized", "safe", "earliest"."""
Request = tuple[str, Sequence[object]]

_PAUSES = (0.1, 0.3)


def call(web3: Node, method: str, *params: Any) -> Any:
    """One request; its raw result. Raises NodeDownError, NodeRefusedError."""
    try:
        answer: Mapping[str, Any] = web3.provider.make_request(method, list(params))
    except requests.RequestException:
        raise NodeDownError(shown(web3), "the connection is refused or breaks") from None
    return _result(method, answer)


def ask(web3: Node, method: str, params: Sequence[object], parse: Callable[[object], T]) -> T:
    """One request; its result as `parse` understands it. UnexpectedAnswerError after several that it does
    not.
    """
    for pause in (*_PAUSES, None):
        try:
            return parse(call(web3, method, *params))
        except NotUnderstood as error:
            if pause is None:
                raise UnexpectedAnswerError(method, str(error), shown(web3)) from None
            distrust(web3, pause)
    raise AssertionError("not reached")


def ask_all(
    web3: Node, asked: Sequence[Request], parsers: Sequence[Callable[[object], T]]
) -> list[T | NodeRefusedError]:
    """Several reading requests at once: each result as its parser understands it, or the node's refusal.

    Where the node takes batches, one machine answers one batch. Raises NodeDownError.
    """
    for pause in (*_PAUSES, None):
        found = _answers(web3, asked)
        try:
            return [
                _understood(method, answer, parse)
                for (method, _), answer, parse in zip(asked, found, parsers, strict=True)
            ]
        except NotUnderstood as error:
            if pause is None:
                raise UnexpectedAnswerError("a batch of requests", str(error), shown(web3)) from None
            distrust(web3, pause)
    raise AssertionError("not reached")


def chain_id(web3: Node) -> int:
    """The chain's id, as the node says it. What is signed is the setting's."""
    return ask(web3, "eth_chainId", [], answers.quantity)


def block_number(web3: Node) -> int:
    """The number of the newest block."""
    return ask(web3, "eth_blockNumber", [], answers.count)


def block(web3: Node, tag: Tag) -> BlockRef | None:
    """The block, or None if the node has none there."""
    return ask(web3, "eth_getBlockByNumber", [_tag(tag), False], answers.optional(answers.block))


def blocks(web3: Node, numbers: Sequence[int]) -> list[BlockRef | None]:
    """Several of them; NodeRefusedError if the node refuses one."""
    asked = [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
    found = ask_all(web3, asked, [answers.optional(answers.block)] * len(asked))
    for refused in found:
        if isinstance(refused, NodeRefusedError):
            raise refused
    return [one for one in found if not isinstance(one, NodeRefusedError)]


def latest(web3: Node) -> BlockRef:
    """The newest block."""
    return ask(web3, "eth_getBlockByNumber", ["latest", False], answers.block)


def genesis(web3: Node) -> bytes:
    """The hash of block 0: with the chain id, what tells one chain from another."""
    return ask(web3, "eth_getBlockByNumber", ["0x0", False], answers.block).hash


def hash_at_each(web3: Node, number: int) -> dict[str, bytes]:
    """The hash of that block by the shown address of each node that has it: they must agree on the past."""
    found: dict[str, bytes] = {}
    if isinstance(web3.provider, NodeProvider) and web3.provider.nodes > 1:
        for name, answer in web3.provider.each("eth_getBlockByNumber", [hex(number), False]):
            try:
                found[name] = answers.block(answer.get("result")).hash
            except NotUnderstood:  # it lacks the block, or says nonsense: no witness
                continue
    return found


def logs(web3: Node, contract: str, first: int, last: int) -> tuple[Log, ...]:
    """All logs of the contract in the blocks `first` to `last`, both included."""
    return ask(web3, *_logs_request(contract, first, last), _logs_within(contract, first, last))


def logs_and_block(
    web3: Node, contract: str, first: int, last: int
) -> tuple[tuple[Log, ...], BlockRef | None] | NodeRefusedError:
    """The same, with the block `last` as the same machine knows it (where the node takes batches): a machine
    that is behind gives no logs for blocks that it lacks, and says nothing of that.
    """
    asked = [("eth_getBlockByNumber", [hex(last), False]), _logs_request(contract, first, last)]
    parse: list[Callable[[object], Any]] = [
        answers.optional(answers.block),
        _logs_within(contract, first, last),
    ]
    end, found = ask_all(web3, asked, parse)
    if isinstance(found, NodeRefusedError):
        return found
    return found, None if isinstance(end, NodeRefusedError) else end


def code(web3: Node, address: str) -> bytes:
    """The contract code at the address; empty for an account without code."""
    return ask(web3, "eth_getCode", [address, "latest"], answers.data)


def balance(web3: Node, address: str, tag: Tag = "latest") -> int:
    """Wei held by the address."""
    return ask(web3, "eth_getBalance", [address, _tag(tag)], answers.quantity)


def nonce(web3: Node, address: str, tag: Tag = "latest") -> int:
    """How many transactions of the account are mined (with "pending": also those waiting at the node)."""
    return _or_latest(
        lambda at: ask(web3, "eth_getTransactionCount", [address, _tag(at)], answers.count), tag
    )


def receipt(web3: Node, transaction_hash: bytes) -> TransactionReceipt | None:
    """The receipt, or None if this node knows none: which proves nothing."""
    found = ask(web3, "eth_getTransactionReceipt", [_hex(transaction_hash)], answers.mined_receipt)
    if found is not None and found.transaction_hash != transaction_hash:
        raise UnexpectedAnswerError("eth_getTransactionReceipt", "that transaction's receipt", shown(web3))
    return found


def transaction(web3: Node, transaction_hash: bytes) -> Transaction | None:
    """The transaction, mined or waiting, or None if this node knows none: which proves nothing."""
    asked = [_hex(transaction_hash)]
    return ask(web3, "eth_getTransactionByHash", asked, answers.optional(answers.transaction))


def block_transactions(web3: Node, number: int) -> tuple[Transaction, ...] | None:
    """The transactions in that block; None if the node lacks it."""
    asked = [hex(number), True]
    return ask(web3, "eth_getBlockByNumber", asked, answers.optional(answers.block_transactions))


def eth_call(web3: Node, request: Mapping[str, Any], tag: Tag = "latest") -> bytes:
    """The bytes that a call would return; NodeRefusedError with `data` or code 3 if it reverts."""
    return _or_latest(lambda at: ask(web3, "eth_call", [dict(request), _tag(at)], answers.data), tag)


def eth_calls(
    web3: Node, calls: Sequence[Mapping[str, Any]], tag: Tag = "latest"
) -> list[bytes | NodeRefusedError]:
    """Several of them in as few exchanges as the node allows."""
    asked = [("eth_call", [dict(request), _tag(tag)]) for request in calls]
    return ask_all(web3, asked, [answers.data] * len(asked))


def estimate_gas(web3: Node, request: Mapping[str, Any], tag: Tag = "pending") -> int:
    """Gas that the call would take."""
    return _or_latest(
        lambda at: ask(web3, "eth_estimateGas", [dict(request), _tag(at)], answers.quantity), tag
    )


def priority_fee(web3: Node) -> int | None:
    """The tip per gas that the node suggests; None if it suggests none."""
    try:
        return ask(web3, "eth_maxPriorityFeePerGas", [], answers.optional(answers.quantity))
    except NodeRefusedError:
        return None


def gas_price(web3: Node) -> int:
    """Wei per gas that the node suggests on a chain without base fee."""
    return ask(web3, "eth_gasPrice", [], answers.quantity)


def send_raw(web3: Node, raw: bytes) -> None:
    """Broadcast signed bytes; NodeRefusedError if the node does not take them."""
    call(web3, "eth_sendRawTransaction", _hex(raw))


def revert_reason(error: NodeRefusedError) -> str | None:
    """The contract's text in a refused call; None if the refusal is not a revert.

    A revert has bytes as data, or the code 3; what the node says in words decides nothing.
    `Error(string)` (0x08c379a0) as Vyper's asserts give it; a revert without text gives "no reason given".
    """
    raw = error.data
    if raw is None:
        return "no reason given" if error.code == 3 else None
    if raw[:4] == bytes.fromhex("08c379a0") and len(raw) >= 68:
        length = int.from_bytes(raw[36:68], "big")
        return raw[68 : 68 + length].decode("utf-8", errors="replace") or "no reason given"
    if raw[:4] == bytes.fromhex("4e487b71"):
        return "an arithmetic or bounds check of the compiler"
    return "no reason given"


def hex_request(sender: str, to: str, data: bytes, value: int) -> dict[str, str]:
    """The transaction object of `eth_call` and `eth_estimateGas`."""
    return {"from": sender, "to": to, "data": _hex(data), "value": hex(value)}


def _or_latest(asking: Callable[[Tag], T], tag: Tag) -> T:
    """Some chains have no pending block: where it is refused, the newest one is asked."""
    try:
        return asking(tag)
    except (NodeRefusedError, UnexpectedAnswerError) as error:
        if tag != "pending" or (isinstance(error, NodeRefusedError) and revert_reason(error) is not None):
            raise
    return asking("latest")


def _answers(web3: Node, asked: Sequence[Request]) -> list[Mapping[str, Any]]:
    if isinstance(web3.provider, NodeProvider) and len(asked) > 1:
        return web3.provider.make_requests(asked)
    found: list[Mapping[str, Any]] = []
    for method, params in asked:
        try:
            found.append(web3.provider.make_request(method, list(params)))
        except requests.RequestException:
            raise NodeDownError(shown(web3), "the connection is refused or breaks") from None
    return found


def _understood(method: str, answer: Mapping[str, Any], parse: Callable[[object], T]) -> T | NodeRefusedError:
    try:
        return parse(_result(method, answer))
    except NodeRefusedError as error:
        return error


def _result(method: str, answer: Mapping[str, Any]) -> Any:
    error = answer.get("error")
    if error:
        plain = answers.refusal(error)
        raise NodeRefusedError(method, plain.code, plain.message, plain.data)
    return answer.get("result")


def distrust(web3: Node, pause: float = 0.0) -> None:
    """The node in use answers nonsense: after so many seconds the next one is asked, if there is one."""
    if isinstance(web3.provider, NodeProvider):
        web3.provider.distrust()
    time.sleep(pause)


def _logs_request(contract: str, first: int, last: int) -> Request:
    return "eth_getLogs", [{"address": contract, "fromBlock": hex(first), "toBlock": hex(last)}]


def _logs_within(contract: str, first: int, last: int) -> Callable[[object], tuple[Log, ...]]:
    """Understands only what was asked for: logs of that contract in those blocks."""

    def parse(value: object) -> tuple[Log, ...]:
        found = answers.logs(value)
        wanted = contract.lower()
        in_order, block, index = True, first, -1
        for log in found:
            if log.address != wanted or not first <= log.block_number <= last:
                raise NotUnderstood(f"logs of {contract} in the blocks {first} to {last}")
            if log.block_number < block or (log.block_number == block and log.log_index <= index):
                in_order = False
            block, index = log.block_number, log.log_index
        return found if in_order else _in_order(found)

    return parse


def _in_order(found: Sequence[Log]) -> tuple[Log, ...]:
    """As they stand in the chain, each once: whoever follows a campaign's life reads one after the other."""
    by_place: dict[tuple[int, int], Log] = {}
    for log in found:
        if by_place.setdefault((log.block_number, log.log_index), log) != log:
            raise NotUnderstood(f"one log with the index {log.log_index} in block {log.block_number}")
    return tuple(by_place[place] for place in sorted(by_place))


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _tag(tag: Tag) -> str:
    return hex(tag) if isinstance(tag, int) else tag


def shown(web3: Node) -> str:
    """The node for messages, without credentials."""
    return str(getattr(web3.provider, "shown_url", type(web3.provider).__name__))
