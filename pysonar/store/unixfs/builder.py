"""From bytes to the blocks of their tree, in one pass and with a few hundred links in memory.

The tree is that of `profile.py`. What happens to the blocks is the caller's affair.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from pysonar.protocol.cid import Cid
from pysonar.store.errors import TooLargeError
from pysonar.store.interface import ByteStream
from pysonar.store.unixfs.profile import CHUNK, LINKS, MAX_FILE, Child, leaf_block, node_block

Blocks = Iterator[tuple[Child, bytes]]
"""Blocks with the links to them, children before parents. A block may come twice."""


class TreeBuilder:
    """Takes a file chunk by chunk and gives the blocks as they become complete. Take all that it gives."""

    def __init__(self) -> None:
        self._levels: list[list[Child]] = [[]]
        self._size = 0

    def add(self, chunk: bytes) -> Blocks:
        """The blocks that this chunk completes. Every chunk but the last has CHUNK bytes. TooLargeError."""
        self._size += len(chunk)
        if self._size > MAX_FILE:
            raise TooLargeError(f"more than {MAX_FILE} bytes were given to be stored as one artifact")
        block = leaf_block(chunk)
        leaf = Child(Cid.of_block(block), len(chunk), len(block))
        if len(self._levels[0]) == LINKS:
            yield from self._close(0)
        self._levels[0].append(leaf)
        yield leaf, block

    def finish(self) -> Blocks:
        """The blocks still open. The last block of all is the root."""
        # All leaves are at one depth, so every level below the top is closed, even over a single link.
        level = 0
        while level + 1 < len(self._levels) or len(self._levels[level]) > 1:
            yield from self._close(level)
            level += 1

    def _close(self, level: int) -> Blocks:
        """Turn the links of one level into a node of the level above, making room there first."""
        children = self._levels[level]
        block = node_block(children)
        size = len(block) + sum(child.dag_size for child in children)
        node = Child(Cid.of_block(block), sum(child.file_size for child in children), size)
        self._levels[level] = []
        if len(self._levels) == level + 1:
            self._levels.append([])
        if len(self._levels[level + 1]) == LINKS:
            yield from self._close(level + 1)
        self._levels[level + 1].append(node)
        yield node, block


def build_blocks(stream: ByteStream) -> Blocks:
    """Every block of what can be read from the stream; the last one is the root."""
    builder = TreeBuilder()
    for chunk in chunks_of(stream):
        yield from builder.add(chunk)
    yield from builder.finish()


def cid_of(data: bytes) -> Cid:
    """The CID that these bytes have in every store."""
    return cid_of_stream(io.BytesIO(data))


def cid_of_stream(stream: ByteStream) -> Cid:
    """The CID of everything that can be read from the stream."""
    *_, (root, _) = ((child, None) for child, _ in build_blocks(stream))
    return root.cid


def chunks_of(stream: ByteStream) -> Iterator[bytes]:
    """Pieces of exactly CHUNK bytes (the last may be shorter; one empty piece for an empty stream).

    A raw stream (a pipe, a socket) may hand out less than was asked before its end: the gaps are filled.
    """
    first = True
    while True:
        parts, missing = [], CHUNK
        while missing and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if data or first:
            yield data
        first = False
        if missing:
            return
