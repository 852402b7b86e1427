"""The tree of blocks: the same CID as Kubo's import for every size, and nothing but that tree is read
back."""

import hashlib
import io
import random

import pytest
from aleph_cid import compute_cid
from hypothesis import given, settings
from hypothesis import strategies as st

from pysonar.protocol.cid import Cid
from pysonar.store import MalformedBlockError, NotFoundError, TooLargeError, WrongBytesError, cid_of
from pysonar.store.unixfs.builder import build_blocks, cid_of_stream
from pysonar.store.unixfs.profile import (
    CHUNK,
    LINKS,
    MAX_BLOCK,
    Child,
    dag_size,
    depth_of,
    leaf_block,
    node_block,
)
from pysonar.store.unixfs.reader import file_links, read_file

EDGES = [0, 1, 5, 255, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1]
WIDE_EDGES = [
    LINKS * CHUNK - 1,
    LINKS * CHUNK,
    LINKS * CHUNK + 1,
    175 * CHUNK,
    175 * CHUNK + 1,
    2 * LINKS * CHUNK + 1,
]
# Given by `ipfs add` of Kubo 0.43 with the profile's parameters; the first one is public knowledge.
FIXED = {
    b"": "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
    b"hello world\n": "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o",
}


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def stored(data: bytes) -> tuple[Cid, dict[Cid, bytes]]:
    blocks = {}
    for child, block in build_blocks(io.BytesIO(data)):
        assert child.cid.digest == hashlib.sha256(block).digest()
        blocks[child.cid] = block
    return child.cid, blocks


def read(root: Cid, blocks: dict[Cid, bytes], *, max_bytes: int = 10**9) -> bytes:
    def fetch(names):
        for cid in names:
            if cid not in blocks:
                raise NotFoundError("is not here", cid=cid, tried=["a dictionary"])
            yield blocks[cid]

    return b"".join(read_file(root, fetch, max_bytes=max_bytes, place="a dictionary"))


@pytest.mark.parametrize(("data", "cid"), FIXED.items())
def test_fixed_vectors(data, cid):
    assert str(cid_of(data)) == cid


@pytest.mark.parametrize("size", EDGES + WIDE_EDGES)
def test_cid_is_that_of_an_independent_implementation(size):
    data = content(size)
    root, blocks = stored(data)
    assert str(root) == compute_cid(data)
    assert read(root, blocks, max_bytes=size) == data


def test_depth_grows_only_past_full_trees():
    assert [depth_of(n) for n in (0, CHUNK, CHUNK + 1)] == [0, 0, 1]
    assert [depth_of(LINKS * CHUNK), depth_of(LINKS * CHUNK + 1)] == [1, 2]
    assert [depth_of(LINKS**2 * CHUNK), depth_of(LINKS**2 * CHUNK + 1)] == [2, 3]


def test_three_levels_of_nodes():
    # 7.9 GB of distinct bytes would be needed; one repeated chunk gives the same tree over very few blocks.
    levels = [Child(Cid.of_block(leaf_block(bytes(CHUNK))), CHUNK, len(leaf_block(bytes(CHUNK))))]
    for _ in range(2):
        block = node_block([levels[-1]] * LINKS)
        below = levels[-1]
        size = len(block) + LINKS * below.dag_size
        levels.append(Child(Cid.of_block(block), LINKS * below.file_size, size))
    assert levels[-1].file_size == LINKS**2 * CHUNK
    assert levels[-1].dag_size == dag_size(LINKS**2 * CHUNK, 2)


@pytest.mark.parametrize("size", EDGES + WIDE_EDGES)
def test_sizes_in_links_are_the_sizes_of_the_blocks(size):
    blocks = list(build_blocks(io.BytesIO(content(size))))
    assert blocks[-1][0].file_size == size
    assert blocks[-1][0].dag_size == sum(len(block) for _, block in blocks) == dag_size(size, depth_of(size))
    assert max(len(block) for _, block in blocks) <= MAX_BLOCK


class Dribble(io.RawIOBase):
    """A raw stream that never gives all that was asked for, like a pipe."""

    def __init__(self, data: bytes) -> None:
        self._data, self._random = io.BytesIO(data), random.Random(1)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._random.randint(1, max(1, size)))


def test_a_stream_in_odd_pieces_gives_the_same_tree():
    data = content(3 * CHUNK + 17)
    assert cid_of_stream(Dribble(data)) == cid_of(data)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4 * CHUNK), st.integers(0, 2**32))
def test_any_size_round_trips(size, seed):
    data = random.Random(seed).randbytes(size)
    root, blocks = stored(data)
    assert str(root) == compute_cid(data)
    assert read(root, blocks, max_bytes=size) == data


# What the reader refuses


def test_cap_is_on_the_byte():
    root, blocks = stored(content(1000))
    assert len(read(root, blocks, max_bytes=1000)) == 1000
    with pytest.raises(TooLargeError, match=f"{root}: says it has 1000 bytes, and at most 999") as caught:
        read(root, blocks, max_bytes=999)
    assert caught.value.cid == root


@pytest.mark.parametrize("size", [0, 10, CHUNK, CHUNK + 1, 175 * CHUNK])
@pytest.mark.parametrize("where", ["root", "last leaf"])
def test_a_flipped_bit_anywhere_is_wrong_bytes(size, where):
    root, blocks = stored(content(size))
    victim = root if where == "root" else next(iter(blocks))
    blocks[victim] = blocks[victim][:-1] + bytes([blocks[victim][-1] ^ 1])
    with pytest.raises(WrongBytesError, match=str(root)) as caught:
        read(root, blocks)
    assert caught.value.block == (None if victim == root else victim)


def test_a_missing_block_is_named():
    root, blocks = stored(content(3 * CHUNK))
    missing = next(iter(blocks))
    del blocks[missing]
    with pytest.raises(NotFoundError) as caught:
        read(root, blocks)
    assert (caught.value.cid, caught.value.block) == (root, missing)


def test_more_than_a_block_for_a_block_is_refused_before_hashing_matters():
    big = leaf_block(content(CHUNK + 1))
    cid = Cid.of_block(big)
    with pytest.raises(WrongBytesError, match="more than"):
        read(cid, {cid: big})


def named(block: bytes) -> tuple[Cid, dict[Cid, bytes]]:
    return Cid.of_block(block), {Cid.of_block(block): block}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"", "no UnixFS data"),
        (b"plain text, no protobuf", "not a dag-pb block"),
        (bytes.fromhex("0a020801"), "directory"),
        (bytes.fromhex("0a0408001800"), "not a UnixFS file"),  # type Raw
        (bytes.fromhex("0a0408021801"), "not the leaf of 1 bytes"),  # declares a byte, holds none
        (bytes.fromhex("0a06080212001800"), "not the leaf of 0 bytes"),  # an explicit empty Data field
        (bytes.fromhex("0a0418000802"), "not the leaf of 0 bytes"),  # fields in another order
        (bytes.fromhex("0a040802180000"), "not the leaf of 0 bytes"),  # trailing byte
        (bytes.fromhex("0a050802188000"), "not the leaf of 0 bytes"),  # a number in two bytes where one does
        (bytes.fromhex("0aff"), "ends in the middle"),
        (b"\x0a" + b"\xff" * 20, "too long"),
    ],
)
def test_a_root_that_is_no_canonical_file_is_malformed(block, reason):
    cid, blocks = named(block)
    with pytest.raises(MalformedBlockError, match=reason) as caught:
        read(cid, blocks)
    assert str(cid) in str(caught.value)


def child_of(data: bytes) -> Child:
    return Child(Cid.of_block(leaf_block(data)), len(data), len(leaf_block(data)))


def test_a_tree_of_other_chunks_is_malformed_although_every_hash_fits():
    parts = [content(1000), content(500)]
    cid, blocks = named(node_block([child_of(p) for p in parts]))
    blocks |= {Cid.of_block(leaf_block(p)): leaf_block(p) for p in parts}
    with pytest.raises(MalformedBlockError, match="not the leaf of 1500 bytes"):
        read(cid, blocks)


def test_a_node_that_lies_about_its_childs_size_is_malformed():
    first = child_of(content(CHUNK))
    lie = Child(Cid.of_block(leaf_block(b"much more than one byte")), 1, dag_size(1, 0))
    cid, blocks = named(node_block([first, lie]))
    blocks |= {first.cid: leaf_block(content(CHUNK)), lie.cid: leaf_block(b"much more than one byte")}
    with pytest.raises(MalformedBlockError, match="not the leaf of 1 bytes") as caught:
        read(cid, blocks)
    assert caught.value.block == lie.cid


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        (b"\x08\x02\x12\xe8\x07", b"\x08\x00\x12\xe8\x07"),  # type Raw for type File
        (b"\x18\xe8\x07", b"\x18\xe7\x07"),  # a size one less than its data
    ],
)
def test_a_leaf_in_another_spelling_is_malformed_although_its_length_and_hash_fit(spelling, other):
    first, last = leaf_block(content(CHUNK)), leaf_block(content(1000))
    assert spelling in last
    changed = last.replace(spelling, other)
    children = [child_of(content(CHUNK)), Child(Cid.of_block(changed), 1000, len(changed))]
    cid, blocks = named(node_block(children))
    with pytest.raises(MalformedBlockError, match="not the leaf of 1000 bytes"):
        read(cid, blocks | {Cid.of_block(block): block for block in (first, changed)})


def with_a_name(node: bytes) -> bytes:
    """The node with a name in its first link, as directories have them."""
    return bytes([node[0], node[1] + 1]) + node[2:].replace(b"\x12\x00\x18", b"\x12\x01a\x18", 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda node: node + b"\x1a\x00", "not the node"),  # a field of another kind at the end
        (with_a_name, "not the node"),
        (lambda node: node[3 * 44 :] + node[: 3 * 44], "not the node|fewer links"),  # data before links
        (lambda node: node[:44] + node, "not the node"),  # one link too many
        (lambda node: node[44:], "fewer links"),  # one too few
    ],
)
def test_a_node_in_another_spelling_is_malformed_although_every_leaf_fits(change, reason):
    data = content(3 * CHUNK)
    root, blocks = stored(data)
    other = change(blocks[root])
    with pytest.raises(MalformedBlockError, match=reason):
        read(Cid.of_block(other), blocks | {Cid.of_block(other): other})


@pytest.mark.parametrize("off", [-1, 1])
def test_a_node_with_a_wrong_size_of_its_blocks_is_malformed_although_every_leaf_fits(off):
    data = content(3 * CHUNK)
    _, blocks = stored(data)
    children = [child for child, _ in build_blocks(io.BytesIO(data))][:-1]
    children[1] = Child(children[1].cid, children[1].file_size, children[1].dag_size + off)
    other = node_block(children)
    with pytest.raises(MalformedBlockError, match="not the node"):
        read(Cid.of_block(other), blocks | {Cid.of_block(other): other})


def test_a_bomb_of_one_block_linked_a_million_times_is_refused_at_its_root():
    leaf = child_of(bytes(CHUNK))
    blocks = {leaf.cid: leaf_block(bytes(CHUNK))}
    node = leaf
    for _ in range(3):  # 174 ** 3 = 5.3 million links to one leaf, in four blocks
        block = node_block([node] * LINKS)
        node = Child(Cid.of_block(block), LINKS * node.file_size, len(block) + LINKS * node.dag_size)
        blocks[node.cid] = block
    asked = []

    def fetch(names):
        for cid in names:
            asked.append(cid)
            yield blocks[cid]

    with pytest.raises(TooLargeError, match=str(node.cid)):
        list(read_file(node.cid, fetch, max_bytes=10**8, place="a dictionary"))
    assert asked == [node.cid]
    with pytest.raises(TooLargeError):  # whatever the caller's cap
        list(read_file(node.cid, fetch, max_bytes=10**18, place="a dictionary"))


def test_a_bomb_that_hides_its_size_is_refused_at_its_root():
    leaf = child_of(bytes(CHUNK))
    block = node_block([Child(leaf.cid, 0, leaf.dag_size)] * 5000)  # declares 0 bytes in all
    cid, blocks = named(block)
    with pytest.raises(MalformedBlockError, match="not the leaf of 0 bytes"):
        read(cid, blocks | {leaf.cid: leaf_block(bytes(CHUNK))})


def test_repeated_blocks_are_read_in_full_but_walked_once():
    data = bytes(200 * CHUNK)
    root, blocks = stored(data)
    assert len(blocks) == 4
    assert read(root, blocks, max_bytes=len(data)) == data
    links = list(file_links(root, lambda names: (blocks[c] for c in names), max_bytes=10**9, place="x"))
    assert {link.cid for link in links} == set(blocks)
    assert len(links) == 4
