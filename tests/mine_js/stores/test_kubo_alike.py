"""Mine.js on real Kubo daemons beside the Python store: the same names, pins and refusals."""

from __future__ import annotations

import io
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import NotFoundError, cid_of
from pysonar.store.kubo.daemon import KuboDaemon
from pysonar.store.kubo.store import KuboStore
from pysonar.store.unixfs.builder import build_blocks
from pysonar.store.unixfs.profile import CHUNK, LINKS
from tests.mine_js.alike.asking import Ask

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning"),
]

OWNER, OTHER = "mine/0x" + "ab" * 32, "Große Mine/.."
NOW = {"graceSeconds": 0, "waitSeconds": 20}


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(size + seed).randbytes(size)


@pytest.fixture(scope="module")
def one(swarm: Callable[..., KuboDaemon]) -> KuboDaemon:
    return swarm("one")


@pytest.fixture(scope="module")
def other(swarm: Callable[..., KuboDaemon], one: KuboDaemon) -> KuboDaemon:
    return swarm("other")


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, LINKS * CHUNK + 1])
def test_what_either_puts_the_other_reads_through_another_daemon(
    ask: Ask, one: KuboDaemon, other: KuboDaemon, size: int
) -> None:
    ours, theirs = content(size), content(size, seed=1)
    put = ask({"store": f"kubo:{one.rpc}", "do": "put", "data": ours.hex()})
    assert put == {"is": str(cid_of(ours))}
    assert KuboStore(other.rpc).get(cid_of(ours), max_bytes=size) == ours
    cid = KuboStore(other.rpc).put(theirs)
    got = ask({"store": f"kubo:{one.rpc}", "do": "get", "cid": str(cid), "most": size})
    assert got == {"is": theirs.hex()}
    assert ask({"store": f"kubo:{one.rpc}", "do": "has", "cid": str(cid)}) == {"is": True}
    assert ask({"store": f"kubo:{one.rpc}", "do": "get", "cid": str(cid), "most": max(0, size - 1)}) == (
        {"is": ""} if size == 0 else {
            "error": "TooLargeError",
            "says": f"{cid}: says it has {size} bytes, and at most {size - 1} are wanted;"
            f" tried: IPFS daemon {one.rpc}",
        }
    )  # fmt: skip


def test_the_daemons_own_import_defaults_do_not_matter(
    ask: Ask, swarm: Callable[..., KuboDaemon], one: KuboDaemon
) -> None:
    odd = swarm(
        "odd",
        **{"Import.CidVersion": 1, "Import.UnixFSChunker": "size-1048576", "Import.UnixFSRawLeaves": True},
    )
    data = content(3 * CHUNK)
    assert ask({"store": f"kubo:{odd.rpc}", "do": "put", "data": data.hex()}) == {"is": str(cid_of(data))}


def test_pins_are_one_list_for_both_and_hold_off_every_collection(ask: Ask, one: KuboDaemon) -> None:
    python, setting = KuboStore(one.rpc, grace_seconds=0), f"kubo:{one.rpc}"
    data = content(2 * CHUNK, seed=3)
    for owner in (OWNER, OTHER):
        put = ask({"store": setting, "do": "putPinned", "data": data.hex(), "owner": owner})
        assert put == {"is": str(cid_of(data))}
        assert python.pins(owner) == [cid_of(data)]
    python.pin(cid_of(data), "sonar/x")
    assert ask({"store": setting, "do": "owners"}) == {"is": sorted([OWNER, OTHER, "sonar/x"])}
    garbage = ask({"store": setting, "options": NOW, "do": "put", "data": content(CHUNK, 4).hex()})["is"]
    one._run("repo", "gc")
    assert python.has(cid_of(data))
    for owner in (OWNER, OTHER, "sonar/x"):
        assert ask({"store": setting, "do": "unpin", "cid": str(cid_of(data)), "owner": owner})["is"] is None
        assert ask({"store": setting, "do": "pins", "owner": owner}) == {"is": []}
    young = ask({"store": setting, "do": "put", "data": b"young".hex()})["is"]
    ask({"store": setting, "do": "collectGarbage"})
    assert python.has(Cid.parse(young))
    taken = ask({"store": setting, "options": NOW, "do": "collectGarbage"})["is"]
    assert taken["blocks"] >= 3
    for cid in (str(cid_of(data)), garbage, young):
        assert ask({"store": setting, "do": "has", "cid": cid}) == {"is": False}


def test_nothing_is_collected_while_a_pinned_artifact_has_a_gap(ask: Ask, one: KuboDaemon) -> None:
    setting, data = f"kubo:{one.rpc}", content(3 * CHUNK, seed=5)
    cid = ask({"store": setting, "do": "putPinned", "data": data.hex(), "owner": OWNER})["is"]
    garbage = ask({"store": setting, "options": NOW, "do": "put", "data": b"garbage".hex()})["is"]
    leaf = one._run("ls", cid).stdout.decode().split()[0]
    one._run("block", "rm", "--force", leaf)
    refused = ask({"store": setting, "options": NOW, "do": "collectGarbage"})
    assert refused["error"] == "NotFoundError"
    assert f"{cid}: is pinned by {OWNER} and not here in full, so no garbage was collected" in refused["says"]
    assert KuboStore(one.rpc).has(Cid.parse(garbage))
    ask({"store": setting, "do": "put", "data": data.hex()})
    assert ask({"store": setting, "options": NOW, "do": "collectGarbage"})["is"]["blocks"] >= 1
    ask({"store": setting, "do": "unpin", "cid": cid, "owner": OWNER})


def test_what_nobody_has_is_refused_in_the_same_words(ask: Ask, one: KuboDaemon) -> None:
    cid = cid_of(b"never put anywhere")
    python = KuboStore(one.rpc, wait_seconds=0.5)
    for do, refused in (
        ("get", lambda: python.get(cid, max_bytes=100)),
        ("pin", lambda: python.pin(cid, OWNER)),
    ):
        with pytest.raises(NotFoundError) as caught:
            refused()
        told = ask(
            {"store": f"kubo:{one.rpc}", "options": {"waitSeconds": 0.5}, "do": do, "cid": str(cid)}
            | ({"most": 100} if do == "get" else {"owner": OWNER})
        )
        assert told == {"error": "NotFoundError", "says": str(caught.value)}
    assert KuboStore(one.rpc).pins(OWNER) == []


def test_wrong_bytes_of_a_daemon_are_thrown_away_and_their_block_is_named(ask: Ask, one: KuboDaemon) -> None:
    data = content(3 * CHUNK, seed=6)
    leaf = next(build_blocks(io.BytesIO(data)))[0].cid
    cid = KuboStore(one.rpc).put(data)
    block = one._run("block", "get", str(leaf)).stdout
    (path,) = [
        path
        for path in (one.home / "blocks").rglob("*.data")
        if path.stat().st_size == len(block) and path.read_bytes() == block
    ]
    path.chmod(0o600)
    path.write_bytes(block[:-1] + bytes([block[-1] ^ 1]))
    told = ask({"store": f"kubo:{one.rpc}", "do": "get", "cid": str(cid), "most": len(data)})
    assert told["error"] == "WrongBytesError"
    assert f"{cid}: the bytes that came back hash to " in told["says"]
    assert f"(block {leaf})" in told["says"]


@pytest.mark.parametrize("options", [("--chunker=size-1000",), ("--trickle",), ("-w",)])
def test_what_was_imported_otherwise_is_malformed(
    ask: Ask, one: KuboDaemon, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3 * CHUNK)
    named = one._run("add", "-Q", "--cid-version=0", *options, str(tmp_path / "file")).stdout.decode().strip()
    told = ask({"store": f"kubo:{one.rpc}", "do": "pin", "cid": named, "owner": OWNER})
    assert (told["error"], told["says"].startswith(named)) == ("MalformedBlockError", True)


def test_a_quota_is_refused_before_the_upload(ask: Ask, one: KuboDaemon) -> None:
    used = KuboStore(one.rpc)._rpc.used_bytes()
    data = content(CHUNK, seed=7)
    setting = f"kubo:{one.rpc}?quota={used + 1000}"
    told = ask({"store": setting, "do": "put", "data": data.hex()})
    assert told["error"] == "StoreFullError"
    assert f"of the quota of {used + 1000} bytes; collect garbage" in told["says"]
    assert not KuboStore(one.rpc).has(cid_of(data))


def test_with_the_disk_in_front_what_is_here_needs_no_daemon(
    ask: Ask, swarm: Callable[..., KuboDaemon], other: KuboDaemon, tmp_path: Path
) -> None:
    mortal = swarm("mortal")
    setting = f"embedded:{tmp_path}/here,kubo:{mortal.rpc}"
    data, theirs = content(3 * CHUNK, seed=8), content(2 * CHUNK, seed=9)
    cid = ask({"store": setting, "do": "putPinned", "data": data.hex(), "owner": OWNER})["is"]
    there = KuboStore(other.rpc).put(theirs)
    assert ask({"store": setting, "do": "get", "cid": str(there), "most": len(theirs)})["is"] == theirs.hex()
    assert KuboStore(mortal.rpc).pins(OWNER) == [Cid.parse(cid)]
    os.kill(mortal.pid or 0, signal.SIGKILL)
    mortal.stop()
    for name, whole in ((cid, data), (str(there), theirs)):
        assert ask({"store": setting, "do": "get", "cid": name, "most": len(whole)})["is"] == whole.hex()
    told = ask({"store": setting, "do": "putPinned", "data": b"meanwhile".hex(), "owner": OWNER})
    assert told["error"] == "DaemonDownError"
    mortal.start()
    again = ask({"store": setting, "do": "putPinned", "data": b"meanwhile".hex(), "owner": OWNER})["is"]
    assert KuboStore(mortal.rpc).pins(OWNER) == sorted([Cid.parse(cid), Cid.parse(again)])
