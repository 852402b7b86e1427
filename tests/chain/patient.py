"""A node that is asked patiently, and what is registered there."""

from __future__ import annotations

from collections.abc import Sequence

from pysonar.chain.node.handle import Node, NodeHandle
from pysonar.chain.node.provider import NodeProvider

REGISTERED = bytes([7]) * 32


def patient(url: str | Sequence[str], **options: object) -> tuple[Node, list[float]]:
    """A node whose pauses are noted, not waited for."""
    paused: list[float] = []
    return NodeHandle(NodeProvider(url, pause=paused.append, **options)), paused
