"""Asking again: how often, how long between, and for what."""

import time

import pytest

from pysonar.store import DaemonDownError, NotFoundError
from pysonar.store.retry import Retry

ONCE = Retry(attempts=1)
QUICK = Retry(attempts=3, first_wait=0.01, factor=2.0)


class Daemon:
    """Down for the first calls, then up."""

    def __init__(self, down_for: int) -> None:
        self.down_for, self.calls = down_for, 0

    def ask(self) -> str:
        self.calls += 1
        if self.calls <= self.down_for:
            raise DaemonDownError("the daemon cannot be reached", tried=["IPFS daemon x"])
        return "answer"


@pytest.mark.parametrize("down_for", [0, 1, 2])
def test_a_daemon_that_comes_back_in_time_is_not_noticed(down_for):
    daemon = Daemon(down_for)
    assert QUICK.call(daemon.ask) == "answer"
    assert daemon.calls == down_for + 1


def test_a_daemon_that_stays_down_is_reported_with_the_number_of_attempts():
    daemon = Daemon(99)
    with pytest.raises(DaemonDownError, match=r"cannot be reached; tried: IPFS daemon x \(3 times\)"):
        QUICK.call(daemon.ask)
    assert daemon.calls == 3


def test_once_is_once():
    daemon = Daemon(1)
    with pytest.raises(DaemonDownError, match=r"tried: IPFS daemon x$"):
        ONCE.call(daemon.ask)
    assert daemon.calls == 1


def test_waits_grow_up_to_the_longest():
    assert Retry(attempts=5, first_wait=0.2, factor=3.0, longest_wait=4.0).waits() == pytest.approx(
        [0.2, 0.6, 1.8, 4.0]
    )
    assert ONCE.waits() == []


def test_it_really_waits():
    start = time.monotonic()
    Retry(attempts=3, first_wait=0.1, factor=1.0).call(Daemon(2).ask)
    assert time.monotonic() - start >= 0.15  # each of both pauses is shortened by a quarter at most


def test_an_answer_that_says_no_is_not_asked_again():
    calls = []

    def absent():
        calls.append(1)
        raise NotFoundError("is not here")

    with pytest.raises(NotFoundError):
        QUICK.call(absent)
    assert len(calls) == 1
