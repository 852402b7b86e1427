"""When the blocks of events were mined.

Newer nodes say it in each log (`blockTimestamp`), which saves a header for every block with an event. It is
believed of settled blocks only, and not blindly: it must not go backwards or beyond the range's end, and of
each range a few blocks, drawn at random, are compared with their headers. A node that fails once is believed
no more: its answer is not kept, and from then on every block's header is asked for.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from pysonar.chain.contract.events import LoggedEvent
from pysonar.chain.errors import NodeDownError, UnexpectedAnswerError
from pysonar.chain.log_ranges import NEWEST
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import BlockRef
from pysonar.chain.node.handle import Node

BLOCKS_AT_ONCE = 100
COMPARED = 16
"""Settled blocks of each range whose headers are asked for, the first and the last among them."""


class BlockTimes:
    """Of one node. `head`: the number of its newest block, as far as is known."""

    def __init__(self, web3: Node, head: Callable[[], int]) -> None:
        self._web3 = web3
        self._head = head
        self._believed = True
        # A node that can tell which blocks are looked at lies of the others.
        self._random = random.SystemRandom()

    def __call__(self, events: Sequence[LoggedEvent], end: BlockRef | None) -> dict[bytes, int]:
        """By the block's hash. `end`: the end of the range, if it is read for the first time.

        Raises:
            NodeDownError: a block is not on the chain (any more).
            UnexpectedAnswerError: what the logs say of their time cannot be, or is not what a header says.
        """
        hashes = {logged.block_number: logged.block_hash for logged in events}
        numbers = sorted(hashes)
        said = self._said(events, end) if self._believed and end is not None else {}
        settled = [number for number in numbers if number in said and number <= self._head() - NEWEST]
        if len(settled) <= COMPARED:
            settled = []
        taken = set(settled) - {*settled[:1], *settled[-1:]}
        taken -= set(self._random.sample(sorted(taken), min(len(taken), COMPARED - 2)))
        found = {hashes[number]: said[number] for number in taken}
        compared = [number for number in numbers if number not in taken]
        for first in range(0, len(compared), BLOCKS_AT_ONCE):
            some = compared[first : first + BLOCKS_AT_ONCE]
            for number, block in zip(some, rpc.blocks(self._web3, some), strict=True):
                if block is None or block.hash != hashes[number]:
                    raise NodeDownError("the node", f"block {number} changed while it was read")
                if said.get(number, block.timestamp) != block.timestamp:
                    raise self._lied(f"the time of block {number}, {block.timestamp}, not {said[number]}")
                found[block.hash] = block.timestamp
        return found

    def _said(self, events: Sequence[LoggedEvent], end: BlockRef) -> dict[int, int]:
        """By number; empty if it does not say it in every log."""
        said: dict[int, int] = {}
        for logged in events:
            at = logged.time
            if at is None:
                return {}
            if (known := said.setdefault(logged.block_number, at)) != at:
                raise self._lied(f"one time of block {logged.block_number}, not {known} and {at}")
        in_order = [*sorted(said.items()), (end.number, end.timestamp)]
        for (number, at), (following, later) in itertools.pairwise(in_order):
            if later < at:
                raise self._lied(f"no time of block {number} after {later}, that of block {following}: {at}")
        return said

    def _lied(self, expected: str) -> UnexpectedAnswerError:
        self._believed = False
        rpc.distrust(self._web3)
        return UnexpectedAnswerError("eth_getLogs", expected, rpc.shown(self._web3))
