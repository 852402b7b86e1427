"""The dozen JSON-RPC requests that the agents make, typed, over any Web3's provider.

They go to `web3.provider.make_request` directly: raw hex in and out, no middleware, and one place where a
node's or a transport's error becomes one of ours. So a Web3 handed over by Ape behaves as one opened by
`connect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from web3 import Web3
from web3.types import RPCEndpoint

from pysonar.chain.errors import NodeDownError, NodeRefusedError

Tag = int | str
"""A block number, or one of "latest", "pending", "finalized", "safe", "earliest"."""


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


def call(web3: Web3, method: str, *params: Any) -> Any:
    """One request; its result. Raises NodeDownError, NodeRefusedError."""
    try:
        answer: Mapping[str, Any] = web3.provider.make_request(RPCEndpoint(method), list(params))
    except requests.RequestException:
        raise NodeDownError(_shown(web3), "the connection is refused or breaks") from None
    error = answer.get("error")
    if error:
        if not isinstance(error, Mapping):
            raise NodeRefusedError(method, 0, str(error))
        data = error.get("data")
        raise NodeRefusedError(
            method,
            int(error.get("code") or 0),
            str(error.get("message", "")),
            data if isinstance(data, str) else None,
        )
    return answer.get("result")


def chain_id(web3: Web3) -> int:
    """The chain's id."""
    return _number(web3, "eth_chainId", call(web3, "eth_chainId"))


def block_number(web3: Web3) -> int:
    """The number of the newest block."""
    return _number(web3, "eth_blockNumber", call(web3, "eth_blockNumber"))


def block(web3: Web3, tag: Tag) -> BlockRef | None:
    """The block, or None if the node has none there."""
    found = call(web3, "eth_getBlockByNumber", _tag(tag), False)
    if found is None:
        return None
    base_fee = found.get("baseFeePerGas")
    return BlockRef(
        number=int(found["number"], 16),
        hash=bytes.fromhex(found["hash"][2:]),
        parent=bytes.fromhex(found["parentHash"][2:]),
        timestamp=int(found["timestamp"], 16),
        base_fee=None if base_fee is None else int(base_fee, 16),
    )


def latest(web3: Web3) -> BlockRef:
    """The newest block."""
    found = block(web3, "latest")
    if found is None:
        raise NodeDownError(_shown(web3), "it has no block at all")
    return found


def genesis(web3: Web3) -> bytes:
    """The hash of block 0: with the chain id, what tells one chain from another."""
    found = block(web3, 0)
    if found is None:
        raise NodeDownError(_shown(web3), "it does not have block 0")
    return found.hash


def logs(web3: Web3, address: str, first: int, last: int) -> list[Mapping[str, Any]]:
    """All logs of the address in the blocks `first` to `last`, both included."""
    found = call(web3, "eth_getLogs", {"address": address, "fromBlock": hex(first), "toBlock": hex(last)})
    return [log for log in found if not log.get("removed")]


def code(web3: Web3, address: str) -> bytes:
    """The contract code at the address; empty for an account without code."""
    return bytes.fromhex(call(web3, "eth_getCode", address, "latest")[2:])


def balance(web3: Web3, address: str, tag: Tag = "latest") -> int:
    """Wei held by the address."""
    return _number(web3, "eth_getBalance", call(web3, "eth_getBalance", address, _tag(tag)))


def nonce(web3: Web3, address: str, tag: Tag = "latest") -> int:
    """How many transactions of the account are mined (with "pending": also those waiting at the node)."""
    return _number(web3, "eth_getTransactionCount", call(web3, "eth_getTransactionCount", address, _tag(tag)))


def receipt(web3: Web3, transaction_hash: bytes) -> Mapping[str, Any] | None:
    """The raw receipt, or None if the transaction is not mined."""
    found: Mapping[str, Any] | None = call(web3, "eth_getTransactionReceipt", "0x" + transaction_hash.hex())
    return found


def knows_transaction(web3: Web3, transaction_hash: bytes) -> bool:
    """Whether the node has the transaction, mined or waiting."""
    return call(web3, "eth_getTransactionByHash", "0x" + transaction_hash.hex()) is not None


def eth_call(web3: Web3, request: Mapping[str, Any], tag: Tag = "latest") -> bytes:
    """The bytes that a call would return; NodeRefusedError with `data` if it reverts."""
    return bytes.fromhex(call(web3, "eth_call", dict(request), _tag(tag))[2:])


def estimate_gas(web3: Web3, request: Mapping[str, Any], tag: Tag = "pending") -> int:
    """Gas that the call would take."""
    return _number(web3, "eth_estimateGas", call(web3, "eth_estimateGas", dict(request), _tag(tag)))


def priority_fee(web3: Web3) -> int | None:
    """The tip per gas that the node suggests; None if it suggests none."""
    try:
        return _number(web3, "eth_maxPriorityFeePerGas", call(web3, "eth_maxPriorityFeePerGas"))
    except NodeRefusedError:
        return None


def send_raw(web3: Web3, raw: bytes) -> None:
    """Broadcast signed bytes; NodeRefusedError if the node does not take them."""
    call(web3, "eth_sendRawTransaction", "0x" + raw.hex())


def revert_reason(error: NodeRefusedError) -> str | None:
    """The contract's text in a refused call; None if the refusal is no revert of a contract.

    `Error(string)` (0x08c379a0) as Vyper's asserts give it; a revert without text gives "no reason given".
    """
    data = error.data
    if data is None:
        reverted = error.code == 3 or "execution reverted" in error.node_message
        return "no reason given" if reverted else None
    raw = bytes.fromhex(data[2:]) if data.startswith("0x") else b""
    if raw[:4] == bytes.fromhex("08c379a0") and len(raw) >= 68:
        length = int.from_bytes(raw[36:68], "big")
        return raw[68 : 68 + length].decode("utf-8", errors="replace") or "no reason given"
    if raw[:4] == bytes.fromhex("4e487b71"):
        return "an arithmetic or bounds check of the compiler"
    return "no reason given"


def hex_request(sender: str, to: str, data: bytes, value: int) -> dict[str, str]:
    """The transaction object of `eth_call` and `eth_estimateGas`."""
    return {"from": sender, "to": to, "data": "0x" + data.hex(), "value": hex(value)}


def _tag(tag: Tag) -> str:
    return hex(tag) if isinstance(tag, int) else tag


def _number(web3: Web3, method: str, value: object) -> int:
    try:
        return int(value, 16)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError):
        raise NodeDownError(_shown(web3), f"its answer to {method} is not a number") from None


def _shown(web3: Web3) -> str:
    return str(getattr(web3.provider, "shown_url", type(web3.provider).__name__))
