"""A node that is asked patiently, and what is registered there."""

from __future__ import annotations

from collections.abc import Sequence

from pysonar.chain.node.handle import Node, NodeHandle
from pysonar.chain.node.provider import NodeProvider

REGISTERED = bytes([7]) * 32


def patient(url: str | Sequence[str], expected_chain_id: int | None = None) -> tuple[Node, list[float]]:
    """A node whose pauses are noted, not waited for."""
    paused: list[float] = []
    return NodeHandle(NodeProvider(url, expected_chain_id=expected_chain_id, pause=paused.append)), paused
