"""Everything that goes wrong between two daemons, on real daemons: nothing is lost and the error says what
to do."""

import contextlib
import io
import itertools
import os
import random
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    DaemonDownError,
    NotFoundError,
    StoreFullError,
    TooLargeError,
    WrongBytesError,
    cid_of,
    open_store,
)
from pysonar.store.cached import PublishingStore
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.kubo.daemon import KuboDaemon
from pysonar.store.kubo.store import KuboStore
from pysonar.store.retry import Retry
from pysonar.store.unixfs.builder import build_blocks
from pysonar.store.unixfs.profile import CHUNK, LINKS, Child, leaf_block, node_block
from tests.roles import as_a, there

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning"),
]

CAMPAIGN = "capsule/0x" + "ab" * 32
NUMBERS = itertools.count()
PATIENT = Retry(attempts=60, first_wait=0.25, factor=1.0)


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(size + seed).randbytes(size)


@pytest.fixture(scope="module")
def capsule_daemon(swarm):
    return swarm("capsule")


@pytest.fixture(scope="module")
def mine_daemon(swarm, capsule_daemon):
    return swarm("mine")


def kill(daemon: KuboDaemon) -> None:
    os.kill(there(daemon.pid), signal.SIGKILL)
    daemon.stop()


# The daemon is down


def test_a_daemon_down_at_the_start_is_named_by_every_call(swarm):
    daemon = swarm("never")
    address, cid = daemon.rpc, cid_of(b"anything")
    daemon.stop()
    store = KuboStore(address, retry=Retry(attempts=2, first_wait=0.05))
    for call in (
        lambda: store.put(b"anything"),
        lambda: store.put_pinned(b"anything", CAMPAIGN),
        lambda: store.get(cid, max_bytes=10),
        lambda: store.has(cid),
        lambda: store.pin(cid, CAMPAIGN),
        lambda: store.unpin(cid, CAMPAIGN),
        lambda: store.pins(CAMPAIGN),
        lambda: store.collect_garbage(),
    ):
        with pytest.raises(
            DaemonDownError, match=rf"cannot be reached; tried: IPFS daemon {address} \(2 times\)"
        ):
            call()


@pytest.fixture
def mortal(swarm):
    return swarm(f"mortal-{next(NUMBERS)}")


def test_a_daemon_killed_in_the_middle_of_a_get_is_a_clear_error_and_loses_nothing(mortal):
    data = content(30 * CHUNK)
    store = KuboStore(mortal.rpc, retry=Retry(attempts=1))
    cid = store.put_pinned(data, CAMPAIGN)
    pieces = store.get_stream(cid, max_bytes=len(data))
    assert next(pieces) == data[:CHUNK]
    kill(mortal)
    with pytest.raises(DaemonDownError, match=str(cid)):
        list(pieces)
    mortal.start()
    assert store.get(cid, max_bytes=len(data)) == data
    assert store.pins(CAMPAIGN) == [cid]


def test_a_daemon_that_comes_back_in_time_is_not_noticed_by_a_get(mortal):
    data = content(30 * CHUNK)
    store = KuboStore(mortal.rpc, retry=PATIENT)
    cid = store.put_pinned(data, CAMPAIGN)
    pieces = store.get_stream(cid, max_bytes=len(data))
    got = [next(pieces)]
    kill(mortal)
    back = threading.Timer(1.0, mortal.start)
    back.start()
    got.extend(pieces)
    back.join()
    assert b"".join(got) == data


def test_a_daemon_killed_in_the_middle_of_a_put_is_asked_again(mortal):
    data = content(100 * CHUNK)
    killed: list[object] = []

    def kill_once(done: int, total: int | None) -> None:
        if done > 20 * CHUNK and not killed:
            killed.append(done)
            kill(mortal)
            threading.Timer(0.5, mortal.start).start()

    store = KuboStore(mortal.rpc, retry=PATIENT)
    cid = store.put_stream(io.BytesIO(data), progress=kill_once)
    assert killed
    assert cid == cid_of(data)
    assert store.get(cid, max_bytes=len(data)) == data


def test_a_daemon_killed_in_the_middle_of_a_put_that_cannot_be_rewound_is_a_clear_error(mortal):
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.left = 200

        def read(self, size=-1):
            self.left -= 1
            if self.left == 150:
                kill(mortal)
            return bytes(min(size, CHUNK)) if self.left > 0 else b""

    with pytest.raises(DaemonDownError, match=mortal.rpc):
        KuboStore(mortal.rpc, retry=PATIENT).put_stream(Pipe())


def test_with_a_cache_in_front_what_is_here_needs_no_daemon(mortal, tmp_path):
    store = as_a(PublishingStore, open_store(f"embedded:{tmp_path}/here,kubo:{mortal.rpc}"))
    behind = as_a(KuboStore, store.behind)
    data = content(3 * CHUNK)
    cid = store.put_pinned(data, CAMPAIGN)
    kill(mortal)
    assert store.get(cid, max_bytes=len(data)) == data
    behind._retry = Retry(attempts=1)
    with pytest.raises(DaemonDownError):
        store.put_pinned(b"while it is down", CAMPAIGN)
    mortal.start()
    again = store.put_pinned(b"while it is down", CAMPAIGN)
    assert sorted([cid, again]) == store.pins(CAMPAIGN) == behind.pins(CAMPAIGN)


# A slow peer


class SlowLine:
    """A TCP line to a port that carries only so many bytes a second."""

    def __init__(self, port: int, bytes_per_second: int) -> None:
        self._target, self._rate = port, bytes_per_second
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._sockets = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [near, far]
            threading.Thread(target=self._carry, args=(near, far, 1 << 20), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, self._rate), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket, rate: int) -> None:
        try:
            while piece := source.recv(max(1, rate // 20)):
                sink.sendall(piece)
                time.sleep(len(piece) / rate)
        except OSError:
            pass

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@pytest.fixture
def far_pair(swarm, ipfs_binary, tmp_path, capsule_daemon):
    """A Capsule and a mine whose only connection is a line of 300 kB/s."""
    key = capsule_daemon.home / "swarm.key"
    with (
        KuboDaemon(tmp_path / "far-capsule", key, ipfs_binary) as capsule,
        KuboDaemon(tmp_path / "far-mine", key, ipfs_binary) as mine,
    ):
        _, _, host, _, port, _, name = capsule.peer.split("/")
        line = SlowLine(int(port), 300_000)
        mine.connect(f"/ip4/{host}/tcp/{line.port}/p2p/{name}")
        yield capsule, mine
        line.close()


def test_a_slow_peer_is_waited_for_as_long_as_blocks_arrive(far_pair):
    capsule, mine = far_pair
    data = content(12 * CHUNK)
    cid = KuboStore(capsule.rpc).put(data)
    seen = []
    start = time.monotonic()
    store = KuboStore(mine.rpc, wait_seconds=60)
    pieces = store.get_stream(cid, max_bytes=len(data), progress=lambda done, total: seen.append(done))
    assert b"".join(pieces) == data
    assert time.monotonic() - start > 5
    assert len(seen) == 12


def test_a_peer_slower_than_the_time_allowed_is_a_clear_error_and_later_a_success(far_pair):
    capsule, mine = far_pair
    data = content(4 * CHUNK)
    cid = KuboStore(capsule.rpc).put(data)
    with pytest.raises(NotFoundError, match=rf"{cid}: .*within 0\.3 s"):
        KuboStore(mine.rpc, wait_seconds=0.3).get(cid, max_bytes=len(data))
    assert KuboStore(mine.rpc, wait_seconds=60).get(cid, max_bytes=len(data)) == data


# Wrong bytes


def damage(daemon: KuboDaemon, cid: Cid) -> None:
    """Flip a bit of the block in the daemon's own datastore, which does not hash what it reads."""
    block = daemon._run("block", "get", str(cid)).stdout
    (path,) = [
        p
        for p in (daemon.home / "blocks").rglob("*.data")
        if p.stat().st_size == len(block) and p.read_bytes() == block
    ]
    path.chmod(0o600)
    path.write_bytes(block[:-1] + bytes([block[-1] ^ 1]))


def test_the_own_daemon_serving_wrong_bytes_is_found_out_and_the_block_named(capsule_daemon):
    data = content(3 * CHUNK, seed=1)
    leaf = next(build_blocks(io.BytesIO(data)))[0].cid
    store = KuboStore(capsule_daemon.rpc)
    cid = store.put(data)
    damage(capsule_daemon, leaf)
    with pytest.raises(WrongBytesError) as caught:
        store.get(cid, max_bytes=len(data))
    assert (caught.value.cid, caught.value.block) == (cid, leaf)


def test_a_peer_serving_wrong_bytes_is_refused_by_the_receiving_daemon(capsule_daemon, mine_daemon):
    data = content(3 * CHUNK, seed=2)
    leaf = next(build_blocks(io.BytesIO(data)))[0].cid
    cid = KuboStore(capsule_daemon.rpc).put(data)
    damage(capsule_daemon, leaf)
    with pytest.raises(NotFoundError) as caught:
        KuboStore(mine_daemon.rpc, wait_seconds=1).get(cid, max_bytes=len(data))
    assert (caught.value.cid, caught.value.block) == (cid, leaf)


def test_an_honest_peer_makes_up_for_one_that_serves_wrong_bytes(swarm, capsule_daemon, mine_daemon):
    # Which of the two Bitswap asks is chance, so several artifacts, and asking again as an agent does.
    honest, mine = KuboStore(swarm("honest").rpc), KuboStore(mine_daemon.rpc, wait_seconds=4)
    for seed in range(10, 14):
        data = content(3 * CHUNK, seed=seed)
        leaf = next(build_blocks(io.BytesIO(data)))[0].cid
        cid = KuboStore(capsule_daemon.rpc).put(data)
        assert honest.put(data) == cid
        damage(capsule_daemon, leaf)
        got = b""
        for _ in range(6):
            with contextlib.suppress(NotFoundError):
                got = mine.get(cid, max_bytes=len(data))
                break
        assert got == data, "six times in a row nobody but the liar was asked"


# A DAG bomb


def test_a_bomb_from_a_peer_costs_one_block(capsule_daemon, mine_daemon, tmp_path):
    node = Child(Cid.of_block(leaf_block(bytes(CHUNK))), CHUNK, len(leaf_block(bytes(CHUNK))))
    blocks = [leaf_block(bytes(CHUNK))]
    for _ in range(3):  # 174 ** 3 = 5.3 million links to one leaf
        block = node_block([node] * LINKS)
        node = Child(Cid.of_block(block), LINKS * node.file_size, len(block) + LINKS * node.dag_size)
        blocks.append(block)
    for block in blocks:
        (tmp_path / "block").write_bytes(block)
        named = (
            capsule_daemon._run("block", "put", "--format=v0", str(tmp_path / "block"))
            .stdout.decode()
            .strip()
        )
        assert named == str(Cid.of_block(block))
    mine = KuboStore(mine_daemon.rpc)
    start = time.monotonic()
    with pytest.raises(TooLargeError, match=str(node.cid)):
        mine.get(node.cid, max_bytes=10**8)
    with pytest.raises(TooLargeError, match=str(node.cid)):
        mine.pin(node.cid, CAMPAIGN)
    assert time.monotonic() - start < 10
    assert not mine._rpc.list_folder("/openmined/pins/" + CAMPAIGN.replace("/", "%2F"))
    with pytest.raises(NotFoundError):
        mine._rpc.local_block(Cid.of_block(blocks[2]))  # the level below the root was not even asked for


# A full disk

ON_A_SMALL_DISK = """#!/bin/sh
# Kubo with its blocks on a file system of 8 MB of its own.
if [ "$1" != daemon ]; then exec {ipfs} "$@"; fi
exec unshare --user --map-root-user --mount sh -c '
    mkdir "$IPFS_PATH/was" && cp -a "$IPFS_PATH/blocks/." "$IPFS_PATH/was" &&
    mount -t tmpfs -o size=8m none "$IPFS_PATH/blocks" && cp -a "$IPFS_PATH/was/." "$IPFS_PATH/blocks" &&
    exec {ipfs} "$@"' sh "$@"
"""


def test_a_full_disk_of_the_daemon_is_a_clear_error_and_what_was_there_stays(
    swarm, ipfs_binary, capsule_daemon, tmp_path
):
    probe = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    try:
        possible = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("full disk: this machine lets no test mount a small file system of its own (unshare)")
    wrapper = tmp_path / "ipfs"
    wrapper.write_text(ON_A_SMALL_DISK.format(ipfs=ipfs_binary))
    wrapper.chmod(stat.S_IRWXU)
    with KuboDaemon(tmp_path / "small", capsule_daemon.home / "swarm.key", wrapper) as daemon:
        store = KuboStore(daemon.rpc, retry=Retry(attempts=1))
        kept = store.put_pinned(content(CHUNK), CAMPAIGN)
        with pytest.raises(StoreFullError, match="no room left on the daemon's disk"):
            store.put(content(12 * 10**6))
        assert store.get(kept, max_bytes=CHUNK) == content(CHUNK)
        assert store.pins(CAMPAIGN) == [kept]


# The same artifact, whatever the way


def test_embedded_kubo_and_bitswap_agree_after_all_of_this(capsule_daemon, mine_daemon, tmp_path: Path):
    data = content(7 * CHUNK + 3, seed=4)
    cid = KuboStore(capsule_daemon.rpc).put(data)
    assert KuboStore(mine_daemon.rpc).get(cid, max_bytes=len(data)) == data
    assert EmbeddedStore(tmp_path / "store").put(data) == cid
