"""From a stream of bytes to the blocks of its tree, in one pass and with a few hundred links in memory.

The tree is that of `profile.py`. What happens to the blocks is the caller's affair.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from pysonar.cid import Cid
from pysonar.store.errors import TooLargeError
from pysonar.store.profile import CHUNK, LINKS, MAX_FILE, Child, leaf_block, node_block


def build_blocks(stream: BinaryIO) -> Iterator[tuple[Child, bytes]]:
    """Every block with its link, children before parents; the last one is the root. A block may come
    twice."""
    levels: list[list[Child]] = [[]]

    def close(level: int) -> Iterator[tuple[Child, bytes]]:
        """Turn the links of one level into a node of the level above, making room there first."""
        children = levels[level]
        block = node_block(children)
        size = len(block) + sum(child.dag_size for child in children)
        node = Child(Cid.of_block(block), sum(child.file_size for child in children), size)
        levels[level] = []
        if len(levels) == level + 1:
            levels.append([])
        if len(levels[level + 1]) == LINKS:
            yield from close(level + 1)
        levels[level + 1].append(node)
        yield node, block

    done = 0
    for data in _chunks(stream):
        done += len(data)
        if done > MAX_FILE:
            raise TooLargeError(f"more than {MAX_FILE} bytes were to be stored as one artifact")
        block = leaf_block(data)
        if len(levels[0]) == LINKS:
            yield from close(0)
        leaf = Child(Cid.of_block(block), len(data), len(block))
        levels[0].append(leaf)
        yield leaf, block

    # All leaves are at one depth, so every level below the top is closed, even over a single link.
    level = 0
    while level + 1 < len(levels) or len(levels[level]) > 1:
        yield from close(level)
        level += 1


def cid_of(data: bytes) -> Cid:
    """The CID that these bytes have in every store."""
    return cid_of_stream(io.BytesIO(data))


def cid_of_stream(stream: BinaryIO) -> Cid:
    """The CID of everything that can be read from the stream."""
    root = None
    for root, _ in build_blocks(stream):  # noqa: B007 - the last one is wanted
        pass
    if root is None:  # pragma: no cover - an empty stream still has one leaf
        raise AssertionError("a tree without a root")
    return root.cid


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
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
