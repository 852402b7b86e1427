"""`store usage | check | repair | gc` and the setting of the store, by the command line of either mine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mine_agent.connection import Connection
from mine_agent.home import Home
from pysonar.chain.sending.deeds import mine_pins
from pysonar.protocol.cid import Cid
from pysonar.store import open_store
from pysonar.store.errors import NotFoundError
from pysonar.store.unixfs.profile import CHUNK
from tests.mine.mine_commands import MineCommand

CAMPAIGN = b"\x0c" * 32


@pytest.fixture
def store(mine_agent: MineCommand, home: Home) -> Callable[..., tuple[int, Any]]:
    """`store(command, *options) -> (exit code, JSON)`."""

    def run(*command: str) -> tuple[int, Any]:
        told = mine_agent("store", *command, "--home", home.path, "--format", "json")
        assert told.stdout, told.stderr
        return told.exit_code, json.loads(told.stdout)

    return run


def block_of(folder: Path, cid: Cid) -> Path:
    (path,) = (folder / "blocks").rglob(str(cid))
    return path


def an_hour_ago(folder: Path) -> None:
    """Whatever lies in the store was written before the time of grace."""
    for path in (folder / "blocks").rglob("Qm*"):
        os.utime(path, (time.time() - 3700, time.time() - 3700))


@pytest.fixture
def waiting(home: Home, store_folder: Path) -> Cid:
    """A sealed gradient without a verdict, in the home's journal and pinned in the store."""
    sealed = b"a sealed gradient" * 40_000
    cid = open_store(f"embedded:{store_folder}").put_pinned(sealed, mine_pins(home.address, CAMPAIGN))
    connection = Connection.open(home)
    connection.journal.add(
        CAMPAIGN, data="colours", data_digest=b"\x01" * 32, base_version=0, base_model=b"\x02" * 32,
        update=cid.digest, value=1, sealed=sealed, now=int(time.time()),
    )  # fmt: skip
    connection.database.close()
    return cid


@pytest.mark.parametrize("harm", ["gone", "damaged", "unpinned"])
def test_a_gradient_that_waits_is_put_back_from_the_homes_records(
    store: Callable[..., tuple[int, Any]], home: Home, store_folder: Path, waiting: Cid, harm: str
) -> None:
    assert store("check") == (0, [])
    path = block_of(store_folder, waiting)
    if harm == "gone":
        path.unlink()
    elif harm == "damaged":
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    else:
        open_store(f"embedded:{store_folder}").unpin(waiting, mine_pins(home.address, CAMPAIGN))
    code, broken = store("check")
    assert (code, [row["cid"] for row in broken]) == ((0, []) if harm == "unpinned" else (1, [str(waiting)]))
    put_back = [{"cid": str(waiting), "result": "put back from this home's records"}]
    assert store("repair") == (0, put_back)
    assert store("repair") == (0, [])
    assert store("check") == (0, [])
    assert open_store(f"embedded:{store_folder}").pins(mine_pins(home.address, CAMPAIGN)) == [waiting]


def test_what_nobody_here_has_any_more_stays_damaged_and_stops_the_collection(
    store: Callable[..., tuple[int, Any]], mine_agent: MineCommand, home: Home, store_folder: Path
) -> None:
    others = open_store(f"embedded:{store_folder}")
    lost = others.put_pinned(b"a model" * CHUNK, "capsule/0x00")
    garbage = others.put(b"what nobody pins")
    an_hour_ago(store_folder)
    block_of(store_folder, lost).unlink()
    assert store("check") == (0, [])  # not the mine's own
    assert store("check", "--all") == (
        1, [{"cid": str(lost), "owners": ["capsule/0x00"], "problem": "is not here"}],
    )  # fmt: skip
    assert store("repair") == (1, [{"cid": str(lost), "result": "still damaged: is not here"}])
    refused = mine_agent("store", "gc", "--home", home.path)
    assert refused.exit_code == 1
    assert f"{lost}: is pinned and damaged (is not here), so no garbage was collected" in refused.stderr
    assert others.get(garbage, max_bytes=100) == b"what nobody pins"


def test_gc_takes_what_nobody_pins_and_nobody_wrote_lately(
    store: Callable[..., tuple[int, Any]], mine_agent: MineCommand, home: Home, store_folder: Path
) -> None:
    ours = open_store(f"embedded:{store_folder}")
    kept = ours.put_pinned(b"k" * (CHUNK + 1), "mine/0x00")
    garbage = ours.put(b"g" * (2 * CHUNK))
    an_hour_ago(store_folder)
    young = ours.put(b"just put")
    before = store("usage")[1]
    code, taken = store("gc")
    assert (code, taken["blocks"]) == (0, 2)  # both leaves are one block
    after = store("usage")[1]
    assert before["used_bytes"] - after["used_bytes"] == taken["bytes"] > CHUNK
    assert (after["owners"], after["pins"], after["quota_bytes"]) == (1, 1, None)
    assert ours.get(kept, max_bytes=2 * CHUNK) == b"k" * (CHUNK + 1)
    assert ours.get(young, max_bytes=100) == b"just put"
    with pytest.raises(NotFoundError):
        ours.get(garbage, max_bytes=10**6)
    assert mine_agent("store", "gc", "--home", home.path).stdout.split() == [
        "Blocks", "removed", "0", "Bytes", "freed", "0", "bytes",
    ]  # fmt: skip


def test_a_clock_that_is_set_ahead_takes_nothing_for_old(
    store: Callable[..., tuple[int, Any]], store_folder: Path
) -> None:
    """The note of a smaller difference stands for what the clock was ahead since."""
    ours = open_store(f"embedded:{store_folder}")
    ours.put(b"written under the clock as it was")
    note = store_folder / "clock"
    start, seconds = note.read_text().split()
    an_hour_ago(store_folder)
    note.chmod(0o600)
    note.write_text(f"{start} {float(seconds) - 7200:.3f}\n")
    assert store("gc") == (0, {"blocks": 0, "bytes": 0})
    note.write_text(f"{start} {seconds}\n")
    assert store("gc")[1]["blocks"] == 1


def test_the_quota_is_shown_and_kept(
    store: Callable[..., tuple[int, Any]], mine_agent: MineCommand, home: Home, store_folder: Path
) -> None:
    settings = home.path / "settings.toml"
    written = settings.read_text()
    settings.write_text(
        written.replace(f'"embedded:{store_folder}"', f'"embedded:{store_folder}?quota=20GB"')
    )
    assert store("usage")[1]["quota_bytes"] == 20 * 10**9
    assert "20.0 GB" in mine_agent("store", "usage", "--home", home.path).stdout
    settings.write_text(written.replace(f'"embedded:{store_folder}"', f'"embedded:{store_folder}?quota=10"'))
    told = mine_agent("doctor", "--home", home.path, "--format", "json")
    (found,) = [one["found"] for one in json.loads(told.stdout) if one["check"] == "store"]
    assert "more bytes do not fit: 10 of the quota of 10 bytes are left; collect garbage" in found


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("embedded:{folder}?quota=much", "'much' is not a quota; expected one like '500MB' or '20GB'"),
        ("embedded:{folder}?wait=3", "embedded has no option 'wait'; it has quota"),
        (
            "kubo:/ip4/127.0.0.1/tcp/5001/http?wait=0",
            "'0' is not a time to wait; expected seconds, 3600 at most",
        ),
        ("kubo:/ip4/127.0.0.1/tcp/5001/http?x=1&a=2", "kubo has no option 'a'; it has quota and wait"),
        ("kubo:/ip4/300.1.1.1/tcp/5001", "expected one like '/ip4/127.0.0.1/tcp/5001/http'"),
        ("kubo:/ip4/127.0.0.1/udp/5001", "is not the address of a daemon's RPC"),
        ("embedded:relative", "the path is not absolute"),
        ("embedded:{folder},gateway:https://gateway.example", "can only be read; to put and pin, it must be"),
    ],
)
def test_a_setting_that_names_no_store_says_what_would(
    mine_agent: MineCommand, home: Home, store_folder: Path, setting: str, says: str
) -> None:
    settings = home.path / "settings.toml"
    asked = setting.format(folder=store_folder)
    settings.write_text(settings.read_text().replace(f'"embedded:{store_folder}"', json.dumps(asked)))
    told = mine_agent("store", "usage", "--home", home.path)
    assert told.exit_code == 1
    assert says in told.stderr


def test_a_daemon_that_is_not_there_ends_with_3(
    mine_agent: MineCommand, home: Home, store_folder: Path, dead_url: str
) -> None:
    settings = home.path / "settings.toml"
    daemon = f"kubo:/ip4/127.0.0.1/tcp/{dead_url.rpartition(':')[2]}/http"
    settings.write_text(settings.read_text().replace(f"embedded:{store_folder}", daemon))
    told = mine_agent("store", "check", "--home", home.path)
    assert told.exit_code == 3
    assert f"the daemon cannot be reached; tried: IPFS daemon {daemon[5:]} (5 times)" in told.stderr


def test_only_the_four_are_there(mine_agent: MineCommand, home: Home) -> None:
    assert mine_agent("store", "empty", "--home", home.path).exit_code == 2
