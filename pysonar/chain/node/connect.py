"""From the address of a node, or of several, to a handle of it."""

from __future__ import annotations

from collections.abc import Sequence

from pysonar.chain.node import rpc
from pysonar.chain.node.endpoint import redact_url
from pysonar.chain.node.handle import Node, NodeHandle
from pysonar.chain.node.provider import TIMEOUT_SECONDS, NodeProvider

__all__ = ["NodeProvider", "connect", "redact_url"]


def connect(
    rpc_url: str | Sequence[str], *, expected_chain_id: int | None = None, timeout: float = TIMEOUT_SECONDS
) -> Node:
    """A handle of the node at `rpc_url`, or of the first of several that works; asked for its chain id.

    Raises BadUrlError, NodeDownError, or WrongChainError if `expected_chain_id` is given and differs.
    """
    web3 = NodeHandle(NodeProvider(rpc_url, timeout, expected_chain_id=expected_chain_id))
    rpc.chain_id(web3)
    return web3
