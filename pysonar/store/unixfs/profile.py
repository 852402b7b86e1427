"""The one way in which the bytes of an artifact become blocks: IPFS' named profile `unixfs-v0-2015`.

Chunks of 262,144 bytes, each a dag-pb leaf of UnixFS type File; nodes of at most 174 links; a balanced tree
(all leaves at one depth); CIDv0, also inside the links. It is what `ipfs add --cid-version=0
--raw-leaves=false --chunker=size-262144 --max-file-links=174` gives. (Formats: IPLD dag-pb and UnixFS v1
specifications.)

The size of a file fixes the shape of its tree and every byte of every block except the hashes and the data.
So a reader needs no general parser: it reads the declared size from the root, and from then on compares.
Whatever differs is refused, which leaves exactly one CID per artifact, and a tree that promises little and
holds much (a "DAG bomb") fails at its first wrong block. This module does no I/O and computes no hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pysonar.protocol.cid import Cid

CHUNK = 262_144
"""Bytes of data in every leaf but the last."""
LINKS = 174
"""Children of every node but the last ones of a level."""
MAX_BLOCK = CHUNK + 14
"""Bytes of the largest block there can be: a full leaf (a full node is under 10 kB)."""

MAX_FILE = 4 * 1024**3
"""Bytes of the largest artifact that any store takes, pins or hands out, whatever cap its caller names."""

_UNIXFS_FILE = 2


class BlockShapeError(ValueError):
    """A block that is not what the profile asks for; the text says how. Turned into a StoreError by the
    reader."""


@dataclass(frozen=True, slots=True)
class Child:
    """A link: the block, the bytes of file under it, the bytes of blocks under it (itself included)."""

    cid: Cid
    file_size: int
    dag_size: int


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes_field(key: int, value: bytes) -> bytes:
    return bytes([key]) + _varint(len(value)) + value


@lru_cache(maxsize=64)
def _leaf_frame(size: int) -> tuple[bytes, bytes]:
    """What stands before and after the data in a leaf of this size."""
    tail = b"\x18" + _varint(size)
    content = b"\x12" + _varint(size) if size else b""
    head = bytes([0x08, _UNIXFS_FILE]) + content
    return b"\x0a" + _varint(len(head) + size + len(tail)) + head, tail


def leaf_block(data: bytes) -> bytes:
    """The leaf of at most CHUNK bytes; an empty file is the leaf of no bytes (and has no Data field in
    it)."""
    head, tail = _leaf_frame(len(data))
    return b"".join((head, data, tail))


def node_block(children: Sequence[Child]) -> bytes:
    """The node over 1 to LINKS children. Links come before the data: dag-pb's canonical order."""
    links = b"".join(
        _bytes_field(0x12, b"\x0a\x22\x12\x20" + c.cid.digest + b"\x12\x00\x18" + _varint(c.dag_size))
        for c in children
    )
    sizes = b"".join(b"\x20" + _varint(c.file_size) for c in children)
    total = sum(c.file_size for c in children)
    return links + _bytes_field(0x0A, bytes([0x08, _UNIXFS_FILE, 0x18]) + _varint(total) + sizes)


def depth_of(file_size: int) -> int:
    """Levels of nodes above the leaves: 0 for up to one chunk, 1 for up to 174 chunks, and so on."""
    depth, capacity = 0, CHUNK
    while capacity < file_size:
        depth, capacity = depth + 1, capacity * LINKS
    return depth


def child_sizes(file_size: int, depth: int) -> list[int]:
    """Bytes of file under each child of a node `depth` (>= 1) levels above the leaves."""
    full = CHUNK * LINKS ** (depth - 1)
    count = max(1, -(-file_size // full))
    return [full] * (count - 1) + [file_size - full * (count - 1)]


@lru_cache(maxsize=256)
def dag_size(file_size: int, depth: int) -> int:
    """Bytes of all blocks of a tree, each place counted (what dag-pb calls Tsize)."""
    if depth == 0:
        return file_size + sum(map(len, _leaf_frame(file_size)))
    sizes = child_sizes(file_size, depth)
    unnamed = Cid(b"\x01" * 32)
    children = [Child(unnamed, size, dag_size(size, depth - 1)) for size in sizes]
    return len(node_block(children)) + sum(child.dag_size for child in children)


def leaf_data(block: bytes, file_size: int) -> bytes:
    """The data of the leaf, which must hold exactly file_size bytes. BlockShapeError."""
    head, tail = _leaf_frame(file_size)
    end = len(head) + file_size
    if len(block) != end + len(tail) or not block.startswith(head) or block[end:] != tail:
        raise BlockShapeError(f"is not the leaf of {file_size} bytes that its place in the tree asks for")
    return block[len(head) : end]


def node_children(block: bytes, file_size: int, depth: int) -> list[Child]:
    """The children of the node that stands for file_size bytes, depth levels above the leaves.
    BlockShapeError."""
    children, at = [], 0
    for size in child_sizes(file_size, depth):
        below = dag_size(size, depth - 1)
        link = (
            2 + 2 + 34 + 2 + 1 + len(_varint(below))
        )  # all of it under 128 bytes: its length takes one byte
        digest = block[at + 6 : at + 38]
        if len(digest) < 32 or digest == bytes(32):
            raise BlockShapeError(f"has fewer links than {file_size} bytes need")
        children.append(Child(Cid(digest), size, below))
        at += link
    if node_block(children) != block:
        raise BlockShapeError(f"is not the node over {file_size} bytes that its place in the tree asks for")
    return children


def declared_size(block: bytes) -> int:
    """The file size that a root block claims. It proves nothing: compare the block with the claim
    afterwards."""
    unixfs = next((value for number, value in _fields(block) if number == 1), None)
    if not isinstance(unixfs, bytes):
        raise BlockShapeError("holds no UnixFS data")
    fields = {number: value for number, value in _fields(unixfs) if number in (1, 3)}
    if fields.get(1) == 1 or fields.get(1) == 5:
        raise BlockShapeError("is a directory, not a file")
    size = fields.get(3)
    if fields.get(1) != _UNIXFS_FILE or not isinstance(size, int):
        raise BlockShapeError("is not a UnixFS file")
    return size


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: numbers (wire type 0) and byte strings (wire type 2) only."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        value, at = _read_varint(message, at)
        if key & 7 == 0:
            yield key >> 3, value
        elif key & 7 == 2 and value <= len(message) - at:
            yield key >> 3, message[at : at + value]
            at += value
        else:
            raise BlockShapeError("is not a dag-pb block")


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 63, 7):
        if at >= len(message):
            raise BlockShapeError("is not a dag-pb block: it ends in the middle of a number")
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise BlockShapeError("is not a dag-pb block: a number in it is too long")
