"""Artifacts on real IPFS: Kubo daemons in a private swarm, blocks travelling by Bitswap."""

import io
import json
import random
import subprocess
import sys
import urllib.request

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    MalformedBlockError,
    NotFoundError,
    OwnerNameError,
    StoreFullError,
    TooLargeError,
    cid_of,
    open_store,
)
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.kubo.store import KuboStore
from pysonar.store.unixfs.profile import CHUNK, LINKS
from tests.roles import there

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning"),
]

CAMPAIGN = "capsule/0x" + "ab" * 32
OTHER = "mine/0x" + "ab" * 32


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(size + seed).randbytes(size)


@pytest.fixture(scope="module")
def capsule_daemon(swarm):
    return swarm("capsule")


@pytest.fixture(scope="module")
def mine_daemon(swarm, capsule_daemon):
    return swarm("mine")


@pytest.fixture(scope="module")
def scientist_daemon(swarm, capsule_daemon, mine_daemon):
    return swarm("scientist")


@pytest.fixture
def capsule(capsule_daemon):
    return KuboStore(capsule_daemon.rpc, wait_seconds=20, grace_seconds=0)


@pytest.fixture
def mine(mine_daemon):
    return KuboStore(mine_daemon.rpc, wait_seconds=20, grace_seconds=0)


@pytest.mark.parametrize(
    "size",
    [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, LINKS * CHUNK, LINKS * CHUNK + 1, 175 * CHUNK, 175 * CHUNK + 1],
)
def test_the_same_bytes_have_the_same_cid_in_both_stores(capsule, tmp_path, size):
    data = content(size)
    cid = capsule.put(data)
    assert cid == EmbeddedStore(tmp_path / "store").put(data) == cid_of(data)
    assert capsule.get(cid, max_bytes=size) == data
    assert capsule.has(cid)


def test_the_daemons_own_import_defaults_do_not_matter(swarm):
    odd = swarm(
        "odd",
        **{"Import.CidVersion": 1, "Import.UnixFSChunker": "size-1048576", "Import.UnixFSRawLeaves": True},
    )
    data = content(3 * CHUNK)
    assert KuboStore(odd.rpc).put(data) == cid_of(data)


@pytest.mark.parametrize("size", [0, 1000, 10**6])
def test_a_mine_reads_through_its_own_daemon_what_the_capsule_put_on_another(capsule, mine, size):
    data = content(size, seed=1)
    cid = capsule.put_pinned(data, CAMPAIGN)
    assert not mine.has(cid) or size == 0
    assert mine.get(cid, max_bytes=size) == data
    assert mine.has(cid)


def test_100_mb_travel_by_bitswap_and_a_third_daemon_serves_when_the_first_is_gone(
    swarm, scientist_daemon, tmp_path
):
    source = swarm("source")
    data = content(10**8)
    cid = KuboStore(source.rpc).put_pinned(data, CAMPAIGN)
    assert cid == EmbeddedStore(tmp_path / "store").put(data)
    scientist = KuboStore(scientist_daemon.rpc)
    seen = []
    pieces = scientist.get_stream(
        cid, max_bytes=10**8, progress=lambda done, total: seen.append((done, total))
    )
    assert b"".join(pieces) == data
    assert seen[-1] == (10**8, 10**8)
    scientist.pin(cid, OTHER)
    source.stop()
    late = swarm("late")
    assert KuboStore(late.rpc).get(cid, max_bytes=10**8) == data


def test_streams_go_in_and_out_with_progress(capsule):
    data = content(3 * CHUNK + 5)
    seen_in, seen_out = [], []
    cid = capsule.put_stream(io.BytesIO(data), progress=lambda done, total: seen_in.append((done, total)))
    pieces = capsule.get_stream(
        cid, max_bytes=len(data), progress=lambda done, total: seen_out.append((done, total))
    )
    assert b"".join(pieces) == data
    steps = [CHUNK, 2 * CHUNK, 3 * CHUNK, len(data)]
    assert seen_in == [(step, None) for step in steps]
    assert seen_out == [(step, len(data)) for step in steps]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_progress_can_stop_a_transfer_and_its_error_comes_through(capsule, error):
    def stop(done, total):
        raise error("enough")

    with pytest.raises(error, match="enough"):
        capsule.put_stream(io.BytesIO(content(3 * CHUNK)), progress=stop)


def test_a_cid_nobody_has_is_named_with_what_was_tried(mine_daemon):
    store = KuboStore(mine_daemon.rpc, wait_seconds=0.5)
    cid = cid_of(b"never put anywhere")
    assert not store.has(cid)
    for ask in (lambda: store.get(cid, max_bytes=100), lambda: store.pin(cid, CAMPAIGN)):
        with pytest.raises(NotFoundError) as caught:
            ask()
        assert caught.value.cid == cid
        assert str(cid) in str(caught.value)
        assert mine_daemon.rpc in str(caught.value)
        assert "within 0.5 s" in str(caught.value)
    assert cid not in store.pins(CAMPAIGN)


def test_the_cap_of_the_reader_holds(capsule):
    cid = capsule.put(content(CHUNK + 1))
    assert len(capsule.get(cid, max_bytes=CHUNK + 1)) == CHUNK + 1
    with pytest.raises(TooLargeError, match=str(cid)):
        capsule.get(cid, max_bytes=CHUNK)


def added_by_hand(daemon, tmp_path, *options: str, data: bytes = b"x" * 3 * CHUNK) -> str:
    (tmp_path / "file").write_bytes(data)
    done = daemon._run("add", "-Q", *options, str(tmp_path / "file"))
    return done.stdout.decode().strip()


def test_the_command_line_with_the_profile_gives_our_cid(capsule, capsule_daemon, tmp_path):
    options = ("--cid-version=0", "--raw-leaves=false", "--chunker=size-262144", "--max-file-links=174")
    data = content(176 * CHUNK)
    assert added_by_hand(capsule_daemon, tmp_path, *options, data=data) == str(cid_of(data))


@pytest.mark.parametrize("options", [("--chunker=size-1000",), ("--trickle",), ("-w",), ("--raw-leaves",)])
def test_what_was_imported_otherwise_is_malformed(capsule, capsule_daemon, tmp_path, options):
    named = added_by_hand(capsule_daemon, tmp_path, "--cid-version=0", *options)
    if not named.startswith("Qm"):
        named = capsule_daemon._run("cid", "format", "-v", "0", named).stdout.decode().strip()
    with pytest.raises(MalformedBlockError, match=named):
        capsule.get(Cid.parse(named), max_bytes=10**7)
    with pytest.raises(MalformedBlockError):
        capsule.pin(Cid.parse(named), CAMPAIGN)


# Pins and garbage


def test_a_pin_survives_the_daemons_own_garbage_collection(capsule, capsule_daemon):
    kept = capsule.put(content(3 * CHUNK, seed=2))
    capsule.pin(kept, CAMPAIGN)
    gone = capsule.put(content(CHUNK, seed=3))
    capsule_daemon._run("repo", "gc")
    assert capsule.get(kept, max_bytes=10**7) == content(3 * CHUNK, seed=2)
    assert not capsule.has(gone)
    capsule.unpin(kept, CAMPAIGN)
    assert capsule.collect_garbage().blocks >= 4
    assert not capsule.has(kept)


def test_unpinning_counts_per_owner(capsule):
    cid = capsule.put_pinned(b"a model that two need", CAMPAIGN)
    capsule.pin(cid, CAMPAIGN)  # a handler that ran twice
    capsule.pin(cid, OTHER)
    assert {CAMPAIGN, OTHER} <= set(capsule.owners())
    capsule.unpin(cid, CAMPAIGN)
    capsule.unpin(cid, CAMPAIGN)
    assert cid not in capsule.pins(CAMPAIGN)
    assert cid in capsule.pins(OTHER)
    capsule.collect_garbage()
    assert capsule.has(cid)
    capsule.unpin(cid, OTHER)
    capsule.collect_garbage()
    assert not capsule.has(cid)


def test_a_users_own_pin_is_left_alone(capsule, capsule_daemon):
    cid = capsule.put_pinned(b"the operator wants this too", CAMPAIGN)
    capsule_daemon._run("pin", "add", str(cid))
    capsule.unpin(cid, CAMPAIGN)
    capsule.collect_garbage()
    assert capsule.has(cid)


def test_what_was_just_put_survives_until_its_pin_comes(capsule_daemon):
    patient = KuboStore(capsule_daemon.rpc, grace_seconds=60)
    cid = patient.put(b"just put")
    patient.collect_garbage()
    assert patient.has(cid)
    KuboStore(capsule_daemon.rpc, grace_seconds=0).collect_garbage()
    assert not patient.has(cid)


def test_pinning_fetches_the_whole_artifact(capsule, mine, mine_daemon):
    data = content(5 * CHUNK, seed=4)
    cid = capsule.put_pinned(data, CAMPAIGN)
    mine.pin(cid, OTHER)
    mine_daemon._run("repo", "gc")
    assert mine.has(cid)
    mine.unpin(cid, OTHER)


def test_nothing_is_collected_while_a_pinned_artifact_has_a_gap(capsule, capsule_daemon):
    data = content(3 * CHUNK, seed=5)
    cid, garbage = capsule.put_pinned(data, CAMPAIGN), capsule.put(b"garbage of the gap")
    leaf = capsule_daemon._run("ls", str(cid)).stdout.decode().split()[0]
    capsule_daemon._run("block", "rm", "--force", leaf)
    assert not capsule.has(cid)
    with pytest.raises(NotFoundError, match=str(cid)):
        capsule.collect_garbage()
    assert capsule.has(garbage)
    capsule.put(data)
    capsule.collect_garbage()
    assert capsule.has(cid)
    capsule.unpin(cid, CAMPAIGN)


def test_owner_names_are_the_same_as_in_the_embedded_store(capsule):
    for owner in ("..", "x/../../y", "Große Mine"):
        cid = capsule.put_pinned(b"a model", owner)
        assert capsule.pins(owner) == [cid]
        assert owner in capsule.owners()
        capsule.unpin(cid, owner)
    with pytest.raises(OwnerNameError, match="240"):
        capsule.put_pinned(b"a model", "x" * 241)


def test_quota_is_refused_before_the_upload(capsule_daemon):
    used = KuboStore(capsule_daemon.rpc)._rpc.used_bytes()
    tight = KuboStore(capsule_daemon.rpc, quota_bytes=used + 1000)
    data = content(CHUNK, seed=6)
    with pytest.raises(StoreFullError, match=r"of the quota of \d+ bytes"):
        tight.put(data)
    assert not tight.has(cid_of(data))
    KuboStore(capsule_daemon.rpc, quota_bytes=10**12).put(data)


# The daemon's place


def test_the_setting_opens_it(capsule_daemon):
    store = open_store(f"kubo:{capsule_daemon.rpc}")
    assert store.get(store.put(b"x"), max_bytes=1) == b"x"


def test_the_swarm_is_closed_and_on_the_loopback_interface(capsule_daemon, mine_daemon):
    config = json.loads(capsule_daemon._run("config", "show").stdout)
    assert config["Bootstrap"] == []
    assert config["Discovery"]["MDNS"]["Enabled"] is False
    own = json.loads(capsule_daemon._run("id", "--enc=json").stdout)
    assert all(a.startswith("/ip4/127.0.0.1/") for a in own["Addresses"])
    assert (capsule_daemon.home / "swarm.key").stat().st_mode & 0o077 == 0
    peers = capsule_daemon._run("swarm", "peers").stdout.decode()
    assert mine_daemon.peer.rsplit("/", 1)[1] in peers


def test_another_swarms_key_keeps_strangers_out(capsule_daemon, ipfs_binary, tmp_path):
    from pysonar.store.kubo.daemon import KuboDaemon, write_swarm_key

    write_swarm_key(tmp_path / "other.key")
    with KuboDaemon(tmp_path / "stranger", tmp_path / "other.key", ipfs_binary) as stranger:
        assert stranger._run("swarm", "connect", capsule_daemon.peer).returncode != 0


def test_a_party_can_have_its_daemon_from_the_command_line(ipfs_binary, capsule_daemon, tmp_path):
    key = capsule_daemon.home / "swarm.key"
    command = [
        sys.executable,
        "-m",
        "pysonar.store.kubo.daemon",
        str(tmp_path / "party"),
        "--swarm-key",
        str(key),
    ]
    command += ["--peer", capsule_daemon.peer, "--ipfs", str(ipfs_binary)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        said = json.loads(there(process.stdout).readline())
        cid = KuboStore(capsule_daemon.rpc).put(b"for the party")
        assert KuboStore(said["rpc"]).get(cid, max_bytes=100) == b"for the party"
        assert urllib.request.urlopen(f"{said['gateway']}/ipfs/{cid}").read() == b"for the party"  # noqa: S310
    finally:
        process.terminate()
        assert process.wait(30) == 0
