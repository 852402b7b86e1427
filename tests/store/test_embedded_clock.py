"""A garbage collection under a clock that was set: what was put a moment ago stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.protocol.cid import Cid
from pysonar.store.embedded.store import EmbeddedStore


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`set_clock(seconds)`: by which the clock is wrong from now on, for programs and for files."""
    right, touch = time.time, os.utime
    wrong = [0.0]
    monkeypatch.setattr(time, "time", lambda: right() + wrong[0])
    monkeypatch.setattr(
        os, "utime", lambda path, times=None: touch(path, times or (time.time(), time.time()))
    )

    def set_to(seconds: float) -> None:
        wrong[0] = seconds

    return set_to


def put_now(store: EmbeddedStore, data: bytes) -> Cid:
    """With the time of the clock that programs read, as the file system would by the same clock."""
    cid = store.put(data)
    os.utime(store.blocks.path(cid))
    return cid


@pytest.mark.parametrize("before", [0.0, -5 * 3600.0], ids=["right", "behind"])
def test_a_clock_that_is_set_ahead_makes_nothing_old(
    tmp_path: Path, set_clock: Callable[[float], None], before: float
) -> None:
    """By hours, between a put and its pin: be it the right clock, or one that was behind and is set right."""
    store = EmbeddedStore(tmp_path / "store", grace_seconds=60)
    old = put_now(store, b"put first, under the right clock")
    os.utime(store.blocks.path(old), (time.time() - 8 * 3600, time.time() - 8 * 3600))
    set_clock(before)
    young = put_now(store, b"put a moment ago")
    set_clock(before + 5 * 3600)
    assert EmbeddedStore(tmp_path / "store", grace_seconds=60).collect_garbage().blocks == 1
    assert (store.has(old), store.has(young)) == (False, True)


def test_a_note_of_the_clock_that_is_another_machine_s_or_damaged_stops_nobody(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store", grace_seconds=60)
    old = store.put(b"old")
    os.utime(store.blocks.path(old), (time.time() - 61, time.time() - 61))
    for note in (b"", b"\xff\xfe", b"another-start -1e9\n", b"a b c"):
        (tmp_path / "store" / "clock").chmod(0o600)
        (tmp_path / "store" / "clock").write_bytes(note)
        store.put(b"young")
    assert store.collect_garbage().blocks == 1
