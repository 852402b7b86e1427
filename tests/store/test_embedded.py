"""The embedded store: what was put is there for every process, damage is found, pins hold."""

import errno
import io
import os
import random
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    MalformedBlockError,
    NotFoundError,
    OwnerNameError,
    StoreAccessError,
    StoreBusyError,
    StoreFullError,
    StoreSettingError,
    TooLargeError,
    WrongBytesError,
    cid_of,
    open_store,
)
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.unixfs.profile import CHUNK, LINKS

CAMPAIGN = "capsule/0x" + "ab" * 32
OTHER = "mine/0x" + "ab" * 32


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(size + seed).randbytes(size)


@pytest.fixture
def store(tmp_path):
    return EmbeddedStore(tmp_path / "store", grace_seconds=0)


def block_files(store: EmbeddedStore) -> list[Path]:
    return [store.blocks.path(cid) for cid, _, _ in store.blocks.listing()]


def temporaries(store: EmbeddedStore) -> list[Path]:
    return list((store.blocks.path(cid_of(b"")).parents[2] / "tmp").iterdir())


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, (LINKS + 1) * CHUNK + 1])
def test_put_then_get(store, size):
    data = content(size)
    cid = store.put(data)
    assert cid == cid_of(data)
    assert store.get(cid, max_bytes=size) == data
    assert store.put(data) == cid


def test_streams_go_in_and_out_with_progress(store):
    data = content(3 * CHUNK + 5)
    seen_in, seen_out = [], []
    cid = store.put_stream(io.BytesIO(data), progress=lambda done, total: seen_in.append((done, total)))
    pieces = list(
        store.get_stream(
            cid, max_bytes=len(data), progress=lambda done, total: seen_out.append((done, total))
        )
    )
    assert b"".join(pieces) == data
    assert [len(p) for p in pieces] == [CHUNK, CHUNK, CHUNK, 5]
    steps = [CHUNK, 2 * CHUNK, 3 * CHUNK, len(data)]
    assert seen_in == [(step, None) for step in steps]
    assert seen_out == [(step, len(data)) for step in steps]


def test_another_process_reads_what_was_put(store, tmp_path):
    cid = store.put(content(2 * CHUNK))
    code = f"""
import sys
from pysonar.protocol.cid import Cid
from pysonar.store import open_store
store = open_store("embedded:{tmp_path}/store")
sys.stdout.buffer.write(store.get(Cid.parse("{cid}"), max_bytes=10**6))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert out == content(2 * CHUNK)


def test_what_nobody_put_is_not_found_and_named(store):
    cid = cid_of(b"never put")
    assert not store.has(cid)
    with pytest.raises(NotFoundError, match=rf"{cid}: .*tried: embedded store .*store"):
        store.get(cid, max_bytes=10)
    with pytest.raises(NotFoundError, match=str(cid)):
        store.pin(cid, CAMPAIGN)
    assert store.pins(CAMPAIGN) == []


def test_the_cap_of_the_reader_holds(store):
    cid = store.put(content(CHUNK + 1))
    assert len(store.get(cid, max_bytes=CHUNK + 1)) == CHUNK + 1
    with pytest.raises(TooLargeError, match=str(cid)):
        store.get(cid, max_bytes=CHUNK)


def test_a_block_that_is_no_file_is_malformed(store):
    directory = bytes.fromhex("0a020801")
    cid = Cid.of_block(directory)
    store.keep(cid, directory)
    with pytest.raises(MalformedBlockError, match="directory"):
        store.get(cid, max_bytes=100)
    with pytest.raises(MalformedBlockError, match="directory"):
        store.pin(cid, CAMPAIGN)


# Damage


@pytest.mark.parametrize("damage", ["flip", "cut", "grow", "empty"])
def test_a_corrupt_block_is_named_never_returned_and_repaired_by_putting_again(store, damage):
    data = content(3 * CHUNK)
    cid = store.put(data)
    victim = max(block_files(store), key=lambda path: path.stat().st_size)
    victim.chmod(0o600)
    whole = victim.read_bytes()
    victim.write_bytes(
        {"flip": whole[:-9] + b"?" + whole[-8:], "cut": whole[:-1], "grow": whole + b"!", "empty": b""}[
            damage
        ]
    )

    with pytest.raises(WrongBytesError, match=victim.name) as caught:
        store.get(cid, max_bytes=len(data))
    assert caught.value.cid == cid
    assert str(caught.value.block) == victim.name
    assert store.put(data) == cid
    assert store.get(cid, max_bytes=len(data)) == data


def test_a_part_that_is_gone_is_not_had_and_cannot_be_pinned(store):
    data = content(3 * CHUNK)
    cid = store.put(data)
    assert store.has(cid)
    victim = max(block_files(store), key=lambda path: path.stat().st_size)
    victim.unlink()
    assert not store.has(cid)
    with pytest.raises(NotFoundError, match=victim.name):
        store.pin(cid, CAMPAIGN)
    with pytest.raises(NotFoundError, match=victim.name):
        store.get(cid, max_bytes=len(data))


# Pins and garbage


def test_a_pin_survives_collection_and_a_thing_unpinned_by_all_does_not(store):
    kept, gone = store.put(content(2 * CHUNK)), store.put(content(CHUNK, seed=1))
    store.pin(kept, CAMPAIGN)
    collected = store.collect_garbage()
    assert (collected.blocks, store.has(kept), store.has(gone)) == (1, True, False)
    store.unpin(kept, CAMPAIGN)
    assert store.collect_garbage().blocks == 3
    assert not store.has(kept)
    assert block_files(store) == []


def test_unpinning_counts_per_owner(store):
    cid = store.put(b"a model")
    store.pin(cid, CAMPAIGN)
    store.pin(cid, CAMPAIGN)  # a handler that ran twice
    store.pin(cid, OTHER)
    assert store.owners() == sorted([CAMPAIGN, OTHER])
    store.unpin(cid, CAMPAIGN)
    store.unpin(cid, CAMPAIGN)
    assert (store.pins(CAMPAIGN), store.pins(OTHER), store.owners()) == ([], [cid], [OTHER])
    assert store.collect_garbage().blocks == 0
    store.unpin(cid, OTHER)
    assert store.collect_garbage().blocks == 1


def test_a_block_shared_by_two_artifacts_stays_while_one_is_pinned(store):
    shared = content(CHUNK)
    first, second = store.put(shared + b"first"), store.put(shared + b"second")
    store.pin(first, CAMPAIGN)
    store.collect_garbage()
    assert store.get(first, max_bytes=10**6) == shared + b"first"
    assert not store.has(second)


def test_what_was_just_put_survives_until_its_pin_comes(tmp_path):
    store = EmbeddedStore(tmp_path / "store", grace_seconds=60)
    old, young = store.put(b"old"), store.put(b"young")
    os.utime(store.blocks.path(old), (time.time() - 61, time.time() - 61))
    assert store.collect_garbage().blocks == 1
    assert (store.has(old), store.has(young)) == (False, True)


def test_putting_again_makes_young_again(tmp_path):
    store = EmbeddedStore(tmp_path / "store", grace_seconds=60)
    cid = store.put(b"old")
    os.utime(store.blocks.path(cid), (1, 1))
    store.put(b"old")
    assert store.collect_garbage().blocks == 0


def test_put_pinned_needs_no_grace(store):
    cid = store.put_pinned(content(2 * CHUNK), CAMPAIGN)
    assert store.pins(CAMPAIGN) == [cid]
    assert store.collect_garbage().blocks == 0


def test_nothing_is_collected_while_a_pinned_artifact_is_damaged(store):
    data = content(2 * CHUNK)
    cid, garbage = store.put_pinned(data, CAMPAIGN), store.put(b"garbage")
    store.blocks.path(cid).unlink()
    with pytest.raises(NotFoundError, match="pinned and damaged"):
        store.collect_garbage()
    assert store.has(garbage)
    store.put(data)
    assert store.collect_garbage().blocks == 1
    assert store.get(cid, max_bytes=len(data)) == data


def test_collection_removes_what_a_dead_writer_left(store, tmp_path):
    left = tmp_path / "store" / "tmp" / "1-dead"
    left.write_bytes(b"half a block")
    os.utime(left, (1, 1))
    store.collect_garbage()
    assert temporaries(store) == []


def test_collection_waits_for_a_writer_and_says_so(store):
    held = pytest.raises(StoreBusyError, match=r"held by another process for 0\.1 s")
    with store._directory.writing(), held, store._directory.collecting(timeout=0.1):
        pass
    with store._directory.collecting():
        pass


@pytest.mark.parametrize("owner", ["a", "..", "x/../../y", "Große Mine", "capsule:1", "x" * 240])
def test_any_owner_name_stays_inside_the_store(store, owner, tmp_path):
    cid = store.put_pinned(b"a model", owner)
    assert store.pins(owner) == [cid]
    assert store.owners() == [owner]
    assert {p.name for p in (tmp_path / "store").iterdir()} == {
        "blocks", "clock", "identity", "pins", "tmp", "lock"
    }  # fmt: skip
    assert len(list((tmp_path / "store" / "pins").iterdir())) == 1


@pytest.mark.parametrize("owner", ["", "x" * 241, "/" * 81])
def test_an_impossible_owner_name_is_refused_before_anything_is_written(store, owner):
    with pytest.raises(OwnerNameError, match="240"):
        store.put_pinned(b"a model", owner)
    assert block_files(store) == []
    cid = store.put(b"a model")
    for call in (store.pin, store.unpin):
        with pytest.raises(OwnerNameError):
            call(cid, owner)


# Room on the disk


def test_quota_is_on_the_byte(tmp_path):
    needed = EmbeddedStore(tmp_path / "a")
    needed.put(content(2 * CHUNK))
    size = needed.used_bytes()
    exact = EmbeddedStore(tmp_path / "b", quota_bytes=size)
    exact.put(content(2 * CHUNK))
    assert exact.used_bytes() == size
    tight = EmbeddedStore(tmp_path / "c", quota_bytes=size - 1)
    with pytest.raises(StoreFullError, match=f"quota of {size - 1} bytes"):
        tight.put(content(2 * CHUNK))
    assert block_files(tight) == []
    with pytest.raises(StoreFullError):
        tight.put_stream(io.BytesIO(content(2 * CHUNK)))


def test_collecting_garbage_makes_room_in_the_quota(tmp_path):
    store = EmbeddedStore(tmp_path / "store", quota_bytes=3000, grace_seconds=0)
    store.put(content(2000))
    with pytest.raises(StoreFullError, match="collect garbage"):
        store.put(content(2001))
    store.collect_garbage()
    assert store.has(store.put(content(2001)))


FULL_DISK = textwrap.dedent("""
    import sys
    from pysonar.store import StoreFullError, cid_of
    from pysonar.store.embedded.store import EmbeddedStore
    store = EmbeddedStore(sys.argv[1] + "/store")
    small = store.put_pinned(b"small", "me")
    big = bytes(range(256)) * 4096 * 4  # 4 MiB of it: one repeated leaf would fit, so make the leaves differ
    big = b"".join(i.to_bytes(4, "big") + big[: 262140] for i in range(16))
    try:
        store.put(big)
    except StoreFullError as error:
        print("full:", error)
    assert not list(store.blocks.path(small).parents[2].joinpath("tmp").iterdir())
    assert store.get(small, max_bytes=5) == b"small" and not store.has(cid_of(big))
    assert store.put(b"small") == small
""")


def test_a_full_disk_is_a_clear_error_and_leaves_nothing_half_written(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    inside = f"mount -t tmpfs -o size=1m none {disk} && exec {sys.executable} -c '{FULL_DISK}' {disk}"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside]
    try:
        possible = subprocess.run([*command[:4], "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("full disk: this machine lets no test mount a small file system of its own (unshare)")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "full: " in done.stdout
    assert "no room left on the disk" in done.stdout


# Sharing


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(p.stat().st_mode) for p in [root, *root.rglob("*")] if p.name != "lock"}


def test_a_store_made_by_us_is_private_and_its_files_are_read_only(store, tmp_path):
    store.put_pinned(content(2 * CHUNK), CAMPAIGN)
    assert modes(tmp_path / "store") == {0o700, 0o400}


def test_a_store_made_by_the_operator_is_shared_as_its_directory_is(tmp_path):
    root = tmp_path / "store"
    root.mkdir()
    root.chmod(0o2770)
    EmbeddedStore(root).put_pinned(content(2 * CHUNK), CAMPAIGN)
    assert modes(root) == {0o2770, 0o440}


def test_a_world_writable_store_is_refused(tmp_path):
    root = tmp_path / "store"
    root.mkdir()
    root.chmod(0o777)
    with pytest.raises(StoreSettingError, match="chmod o-w"):
        EmbeddedStore(root)
    root.chmod(0o775)
    EmbeddedStore(root)


def test_a_file_in_the_way_is_a_typed_error(tmp_path):
    (tmp_path / "store").write_text("not a directory")
    with pytest.raises(StoreAccessError, match=os.strerror(errno.EEXIST)):
        EmbeddedStore(tmp_path / "store")


# The setting


def test_the_setting_opens_it(tmp_path):
    store = open_store(f"embedded:{tmp_path}/store")
    assert store.get(store.put(b"x"), max_bytes=1) == b"x"


@pytest.mark.parametrize(
    "setting", ["", "embedded", "embedded:", "embedded:relative/path", "ftp:/somewhere", "/just/a/path"]
)
def test_a_setting_that_names_no_store_says_what_would(setting):
    with pytest.raises(StoreSettingError, match="embedded:/absolute/path"):
        open_store(setting)
