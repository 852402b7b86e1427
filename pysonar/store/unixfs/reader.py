"""From a CID to verified bytes, whatever the place that the blocks come from.

The reader trusts nothing: each block must hash to the name it was asked by, the size the root declares must
be within the caller's cap before anything else is fetched, and every further block must be the one that
this size asks for (see `profile.py`). Bytes are counted where they are handed out, so a block that is
linked many times counts many times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pysonar.protocol.cid import Cid
from pysonar.store.errors import MalformedBlockError, StoreError, TooLargeError, WrongBytesError
from pysonar.store.interface import Progress
from pysonar.store.unixfs.profile import (
    MAX_BLOCK,
    MAX_FILE,
    BlockShapeError,
    Child,
    dag_size,
    declared_size,
    depth_of,
    leaf_data,
    node_children,
)

Fetch = Callable[[Sequence[Cid]], Iterator[bytes]]
"""Hands out the blocks of these names, in this order; nobody has checked them yet. It should read no more
than MAX_BLOCK + 1 bytes of any. NotFoundError and the like come out of it."""


def check_block(cid: Cid, block: bytes, *, root: Cid | None = None, place: str) -> None:
    """WrongBytesError unless the block hashes to its name."""
    if len(block) > MAX_BLOCK:
        raise WrongBytesError(
            f"more than {MAX_BLOCK} bytes came back for one block", cid=root or cid, block=cid, tried=[place]
        )
    found = Cid.of_block(block)
    if found != cid:
        raise WrongBytesError(
            f"the bytes that came back hash to {found}", cid=root or cid, block=cid, tried=[place]
        )


@dataclass(frozen=True)
class _Tree:
    """One file being read: whose errors name its root and the place its blocks come from."""

    root: Cid
    fetch: Fetch
    place: str

    def open(self, max_bytes: int) -> tuple[bytes, int]:
        """The verified root block and the file size it declares, which is within the cap."""
        block = self.take(self.fetch([self.root]))
        check_block(self.root, block, place=self.place)
        try:
            size = declared_size(block)
        except BlockShapeError as error:
            raise MalformedBlockError(str(error), cid=self.root, tried=[self.place]) from None
        if size > min(max_bytes, MAX_FILE):
            reason = f"says it has {size} bytes, and at most {min(max_bytes, MAX_FILE)} are wanted"
            raise TooLargeError(reason, cid=self.root, tried=[self.place])
        return block, size

    def take(self, coming: Iterator[bytes]) -> bytes:
        """The next block; an error about it also names the file it belongs to."""
        try:
            return next(coming)
        except StoreError as error:
            if error.cid in (None, self.root):
                raise
            raise type(error)(error.reason, cid=self.root, block=error.cid, tried=error.tried) from error

    def children(self, cid: Cid, block: bytes, size: int, level: int) -> list[Child]:
        try:
            return node_children(block, size, level)
        except BlockShapeError as error:
            raise MalformedBlockError(str(error), cid=self.root, block=cid, tried=[self.place]) from None

    def blocks(self, children: Sequence[Child]) -> Iterator[bytes]:
        names = [child.cid for child in children]
        coming = self.fetch(names)
        for name in names:
            block = self.take(coming)
            check_block(name, block, root=self.root, place=self.place)
            yield block

    def pieces(self, cid: Cid, block: bytes, size: int, level: int) -> Iterator[bytes]:
        if level == 0:
            try:
                yield leaf_data(block, size)
            except BlockShapeError as error:
                raise MalformedBlockError(str(error), cid=self.root, block=cid, tried=[self.place]) from None
            return
        children = self.children(cid, block, size, level)
        for child, below in zip(children, self.blocks(children), strict=True):
            yield from self.pieces(child.cid, below, child.file_size, level - 1)

    def links(self, cid: Cid, block: bytes, size: int, level: int, seen: set[Child]) -> Iterator[Child]:
        if level == 0:
            return
        children = [c for c in dict.fromkeys(self.children(cid, block, size, level)) if c not in seen]
        seen.update(children)
        yield from children
        if level > 1:
            for child, below in zip(children, self.blocks(children), strict=True):
                yield from self.links(child.cid, below, child.file_size, level - 1, seen)


def read_file(
    root: Cid, fetch: Fetch, *, max_bytes: int, place: str, progress: Progress | None = None
) -> Iterator[bytes]:
    """The file's bytes in pieces of at most CHUNK, each verified. place: where fetch looks, for error
    texts."""
    tree = _Tree(root, fetch, place)
    block, size = tree.open(max_bytes)
    done = 0
    for piece in tree.pieces(root, block, size, depth_of(size)):
        done += len(piece)
        if progress is not None:
            progress(done, size)
        yield piece


def file_links(root: Cid, fetch: Fetch, *, max_bytes: int, place: str) -> Iterator[Child]:
    """Every block of the file, the root first, repeated ones once; fetches the nodes, not the leaves.

    Its work is bounded by the different blocks there are, not by how often they are linked.
    """
    tree = _Tree(root, fetch, place)
    block, size = tree.open(max_bytes)
    yield Child(root, size, dag_size(size, depth_of(size)))
    yield from tree.links(root, block, size, depth_of(size), set())
