"""The characters of faulty nodes, by name: what a whole test can be run behind."""

from __future__ import annotations

from collections.abc import Callable

from tests.faulty_node import (
    FaultyNode,
    answering,
    closing,
    cutting,
    http,
    lagging,
    losing,
    refusing,
    swapped,
    without,
    without_pending,
)


def _errors(node: FaultyNode) -> None:
    """A gateway that fails at 15 % of the requests, in all the ways that gateways have."""
    for act in (http(429), http(500), http(502), http(503), http(504, "<html>Gateway Time-out</html>")):
        node.habit(act, share=0.03)


def _lost(node: FaultyNode) -> None:
    """Connections break, half of them after the node has done what was asked."""
    node.habit(losing, share=0.05)
    node.habit(closing, share=0.05)
    node.habit(cutting, share=0.03)


def _nulls(node: FaultyNode) -> None:
    """Null where there is something."""
    rare = ("eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBlockByNumber", "eth_getLogs")
    node.habit(answering(None), *rare, share=0.2)


def _lagging(node: FaultyNode) -> None:
    """A balancer with one machine that is two blocks behind."""
    node.habit(lagging(2), *READS, share=0.3)


def _limited(node: FaultyNode) -> None:
    """Few blocks at once, few requests, and no pending block."""
    node.habit(refusing(-32005, "query exceeds max block range 5"), "eth_getLogs", wider_than=5)
    node.habit(refusing(-32005, "request rate limited"), share=0.05)
    node.habit(without_pending, "eth_call", "eth_estimateGas", "eth_getTransactionCount")


def _confused(node: FaultyNode) -> None:
    """Answers to other requests, and answers that mean nothing."""
    node.habit(swapped, *READS, share=0.03)
    for odd in ("nonsense", {"odd": 1}, [17], True):
        node.habit(answering(odd), *READS, share=0.01)
    node.habit(without("effectiveGasPrice", "gasUsed"), "eth_getTransactionReceipt", share=0.5)


READS = (
    "eth_blockNumber", "eth_call", "eth_getLogs", "eth_getBlockByNumber", "eth_getTransactionReceipt",
    "eth_getTransactionByHash", "eth_getTransactionCount", "eth_getBalance",
)  # fmt: skip


HABITS: dict[str, Callable[[FaultyNode], None]] = {
    "errors": _errors,
    "lost": _lost,
    "nulls": _nulls,
    "lagging": _lagging,
    "limited": _limited,
    "confused": _confused,
}
"""By name."""
