"""A signer and a node that kill their own process with SIGKILL at a named point of a transaction's way.

For child processes, which find this file by their PYTHONPATH. The code under test stays the real one: it is
handed these in place of its account and its node.

The points: "before the signature", "before the store" (signed, nothing written), "before the broadcast"
(written), "after the broadcast" (sent, not recorded as sent).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from pysonar.chain.node.connect import NodeProvider
from pysonar.chain.sending.signer import Signer
from tests.json_types import Json


def die() -> None:
    """The end, as `kill -9` or a power cut would be."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingNode(NodeProvider):
    """The node at `url`, until the point."""

    def __init__(self, url: str, point: str) -> None:
        super().__init__(url)
        self._point = point

    def make_request(self, method: str, params: object) -> Json:
        broadcast = method == "eth_sendRawTransaction"
        if broadcast and self._point == "before the broadcast":
            die()
        answer = super().make_request(method, params)
        if broadcast and self._point == "after the broadcast":
            die()
        return answer


class DyingSigner:
    """The account of `signer`, until the point."""

    def __init__(self, signer: Signer, point: str) -> None:
        self._signer, self._point = signer, point
        self.address = signer.address

    def sign(self, transaction: Mapping[str, object]) -> bytes:
        if self._point == "before the signature":
            die()
        raw = self._signer.sign(transaction)
        if self._point == "before the store":
            die()
        return raw
