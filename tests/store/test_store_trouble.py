"""A store whose directory is swapped, or holds what is not a file; and putting back what was lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store import (
    NotFoundError,
    StoreAccessError,
    StoreReplacedError,
    UnprovenStoreError,
    WrongBytesError,
)
from pysonar.store.check import Kept, check, put_back
from pysonar.store.embedded.store import EmbeddedStore
from pysonar.store.probe import prove

DATA = bytes(range(256)) * 2000
OWNER = "mine/0x01/0x02"


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Whoever waits for a pipe here is woken up after a minute, and has failed."""

    def waited(*_: object) -> None:
        raise AssertionError("a reader was held up")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path / "store", grace_seconds=0)


def swap(store_path: Path) -> None:
    """The disk is gone, an empty directory is where it was mounted."""
    store_path.rename(store_path.with_name("unmounted"))
    store_path.mkdir(mode=0o700)


def block_file(store: EmbeddedStore, cid: Cid) -> Path:
    return store.blocks.path(cid)


# --- another directory -------------------------------------------------------------------------------------


def test_what_is_missing_in_another_directory_is_not_said_to_be_missing(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    cid = store.put_pinned(DATA, OWNER)
    swap(tmp_path / "store")
    for ask in (
        lambda: store.get(cid, max_bytes=len(DATA)),
        lambda: store.has(cid),
        lambda: store.pin(cid, OWNER),
        store.require_connected,
    ):
        with pytest.raises(StoreReplacedError, match="unmounted, or replaced"):
            ask()
    with pytest.raises(NotFoundError):
        EmbeddedStore(tmp_path / "unmounted").get(Cid(b"\x09" * 32), max_bytes=1)


def test_nothing_is_written_into_another_directory(store: EmbeddedStore, tmp_path: Path) -> None:
    swap(tmp_path / "store")
    with pytest.raises(StoreAccessError):
        store.put_pinned(DATA, OWNER)
    assert not list((tmp_path / "store").rglob("Qm*"))
    (tmp_path / "store" / "lock").unlink(missing_ok=True)
    (tmp_path / "store").rmdir()
    (tmp_path / "unmounted").rename(tmp_path / "store")
    assert store.get(store.put_pinned(DATA, OWNER), max_bytes=len(DATA)) == DATA


def test_a_store_keeps_its_identity_over_restarts_and_processes(store: EmbeddedStore, tmp_path: Path) -> None:
    before = (tmp_path / "store" / "identity").read_bytes()
    script = (
        f"from pysonar.store import open_store; open_store('embedded:{tmp_path}/store').require_connected()"
    )
    many = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(60) for process in many] == [0, 0, 0]
    assert (tmp_path / "store" / "identity").read_bytes() == before
    store.require_connected()


# --- what is not a file -------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.mkdir()


def socket_file(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may be 108 characters long
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("make", [fifo, link, directory, socket_file])
def test_what_is_no_ordinary_file_never_holds_a_reader_up(
    store: EmbeddedStore, make: Callable[[Path], None]
) -> None:
    cid = store.put_pinned(b"small", OWNER)
    path = block_file(store, cid)
    path.unlink()
    make(path)
    with pytest.raises(WrongBytesError, match="not an ordinary file"):
        store.get(cid, max_bytes=100)
    assert not store.has(cid)
    if make is directory:
        with pytest.raises(StoreAccessError):
            store.put(b"small")
    else:
        assert store.put(b"small") == cid
        assert store.get(cid, max_bytes=100) == b"small"


@pytest.mark.parametrize("name", ["lock", "identity"])
def test_a_pipe_in_place_of_the_stores_own_files_is_refused_or_replaced(tmp_path: Path, name: str) -> None:
    EmbeddedStore(tmp_path / "store")
    (tmp_path / "store" / name).unlink()
    os.mkfifo(tmp_path / "store" / name)
    if name == "lock":
        with pytest.raises(StoreAccessError, match="lock is not an ordinary file"):
            EmbeddedStore(tmp_path / "store").put(b"x")
    else:
        EmbeddedStore(tmp_path / "store").put(b"x")


# --- proving, checking, putting back -----------------------------------------------------------------------


def test_a_store_that_works_proves_it(store: EmbeddedStore) -> None:
    prove(store, store.put_pinned(DATA, OWNER), max_bytes=len(DATA))


def test_a_store_that_takes_and_does_not_keep_is_found_out(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = store.put_pinned(DATA, OWNER)
    monkeypatch.setattr(store, "put", lambda data: Cid(b"\x01" * 32))
    with pytest.raises(UnprovenStoreError, match="a moment ago"):
        prove(store, known, max_bytes=len(DATA))


def test_a_store_that_has_lost_what_was_pinned_is_found_out(store: EmbeddedStore) -> None:
    known = store.put_pinned(DATA, OWNER)
    block_file(store, known).unlink()
    with pytest.raises(UnprovenStoreError, match="has lost what is pinned"):
        prove(store, known, max_bytes=len(DATA))


def test_a_check_names_what_is_missing_or_damaged_and_by_whom_it_is_pinned(store: EmbeddedStore) -> None:
    whole = store.put_pinned(b"whole", OWNER)
    gone = store.put_pinned(b"gone", OWNER)
    store.pin(gone, "capsule/0x02")
    damaged = store.put_pinned(DATA, OWNER)
    block_file(store, gone).unlink()
    leaf = next(c for c, size, _ in store.blocks.listing() if size > 200_000)
    block_file(store, leaf).chmod(0o600)
    block_file(store, leaf).write_bytes(b"damage")

    seen: list[tuple[int, int]] = []
    found = {pinned.cid: pinned for pinned in check(store, looked=lambda *so_far: seen.append(so_far))}
    assert found[whole].problem is None
    assert found[gone].problem == "is not here"
    assert found[gone].owners == ("capsule/0x02", OWNER)
    assert str(leaf) in (found[damaged].problem or "")
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_what_is_still_known_is_put_back_and_nothing_else_is_written(store: EmbeddedStore) -> None:
    kept = [Kept(DATA, OWNER), Kept(b"other", OWNER)]
    assert put_back(store, kept) == [artifact.cid for artifact in kept]
    assert put_back(store, kept) == []
    block_file(store, kept[1].cid).unlink()
    assert put_back(store, kept) == [kept[1].cid]
    store.unpin(kept[1].cid, OWNER)
    assert put_back(store, kept) == [kept[1].cid]
