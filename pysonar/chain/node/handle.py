"""The handle of a node: what the requests of `rpc` are made through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Provider(Protocol):
    """Makes one JSON-RPC request; the answer holds a `result` or an `error`."""

    def make_request(self, method: Any, params: Any, /) -> Any: ...


class Node(Protocol):
    """Anything with a provider: what `connect` gives, or a `Web3` of web3.py. By its identity it is a key."""

    @property
    def provider(self) -> Provider: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class NodeHandle:
    """A Node that is nothing but its provider. web3.py's own handle takes half a second of processor time to
    load, which every command would pay.
    """

    provider: Provider
