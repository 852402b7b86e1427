"""A node that is asked patiently, and what is registered there."""

from __future__ import annotations

from collections.abc import Sequence

from web3 import Web3

from pysonar.chain.node.provider import NodeProvider

REGISTERED = bytes([7]) * 32


def patient(url: str | Sequence[str], **options: object) -> tuple[Web3, list[float]]:
    """A Web3 whose pauses are noted, not waited for."""
    paused: list[float] = []
    return Web3(NodeProvider(url, pause=paused.append, **options)), paused
