"""Blocks asked for ahead come in order, few at a time, and a line that fails for many is used for one at a
time."""

import random
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.cid import Cid
from pysonar.store import DaemonDownError, NotFoundError, StoreFullError
from pysonar.store.ahead import fetch_ahead

NAMES = [Cid(bytes([n + 1]) * 32) for n in range(60)]


class Line:
    """Hands out each block's own digest; early calls for the names in `failing` do not succeed."""

    def __init__(self, failing=()) -> None:
        self.failing = set(failing)
        self.early_calls: list[str] = []
        self.alone_calls: list[str] = []
        self.now = self.most = 0
        self.lock = threading.Lock()

    def early(self, cid):
        with self.lock:
            self.early_calls.append(cid)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(random.random() / 1000)
        with self.lock:
            self.now -= 1
        if cid in self.failing:
            raise NotFoundError("not in time", cid=cid)
        return cid.digest

    def alone(self, cid):
        self.alone_calls.append(cid)
        return cid.digest


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 60])
def test_all_blocks_come_in_order(count):
    line = Line()
    assert list(fetch_ahead(NAMES[:count], line.early, line.alone)) == [c.digest for c in NAMES[:count]]
    assert line.most <= 8


@given(st.sets(st.integers(0, 59)), st.integers(1, 60))
def test_whatever_fails_early_the_blocks_come_in_order(failing, count):
    line = Line(NAMES[n] for n in failing)
    assert list(fetch_ahead(NAMES[:count], line.early, line.alone)) == [c.digest for c in NAMES[:count]]


def test_after_the_first_failure_nothing_more_is_asked_for_ahead():
    line = Line([NAMES[3]])
    list(fetch_ahead(NAMES, line.early, line.alone))
    assert line.alone_calls == NAMES[3:]
    assert len(line.early_calls) <= 3 + 8


def test_an_error_of_the_call_alone_counts():
    def alone(cid):
        raise DaemonDownError("down", cid=cid)

    with pytest.raises(DaemonDownError, match=str(NAMES[3])):
        list(fetch_ahead(NAMES, Line([NAMES[3]]).early, alone))


def test_another_error_of_an_early_call_is_not_hidden():
    def early(cid):
        raise StoreFullError("no room", cid=cid)

    with pytest.raises(StoreFullError):
        list(fetch_ahead(NAMES, early, Line().alone))


def test_who_stops_reading_stops_the_asking():
    line = Line()
    blocks = fetch_ahead(NAMES, line.early, line.alone)
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    time.sleep(0.05)
    assert len(line.early_calls) <= 9
