"""Campaigns whose artifacts nobody serves: they hold up neither the others nor the end of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from mine_agent.campaigns.fetches import MOST_AT_ONCE, Fetches
from mine_agent.errors import StillFetchingError
from pysonar.protocol.cid import Cid
from pysonar.store import cid_of
from pysonar.store.errors import NotFoundError
from tests.mine.test_mine_memory import in_the_end

HERE, GONE = cid_of(b"here"), [cid_of(f"gone {number}".encode()) for number in range(40)]


class SlowStore:
    """Looks long for what is not there."""

    def __init__(self) -> None:
        self.released, self.asked = threading.Event(), 0

    def get(self, cid: Cid, most: int) -> bytes:
        self.asked += 1
        if cid == HERE:
            return b"here"
        self.released.wait(30)
        raise NotFoundError(f"nobody has {cid}")


def test_forty_dead_campaigns_cost_a_moment_each_and_a_living_one_is_served() -> None:
    store = SlowStore()
    fetching = Fetches(store.get, patience=0.05)
    began = time.monotonic()
    for cid in GONE:
        with pytest.raises(StillFetchingError):
            fetching.get(cid, 100)
    assert time.monotonic() - began < 30  # a single one is looked for for as long as this
    assert store.asked == MOST_AT_ONCE
    store.released.set()
    with pytest.raises(NotFoundError):
        Fetches(store.get, patience=60).get(GONE[0], 100)
    assert Fetches(store.get, patience=60).get(HERE, 100) == b"here"


def test_what_was_on_its_way_is_there_when_it_is_asked_for_again_and_fetched_once() -> None:
    store = SlowStore()
    slow = threading.Event()

    def get(cid: Cid, most: int) -> bytes:
        slow.wait(30)
        return store.get(cid, most)

    fetching = Fetches(get, patience=0.05)
    with pytest.raises(StillFetchingError):
        fetching.get(HERE, 100)
    with pytest.raises(StillFetchingError):
        fetching.get(HERE, 100)
    slow.set()
    assert Fetches(get, patience=60).get(HERE, 100) == b"here"
    assert in_the_end(fetching, HERE, 100) == b"here"
    assert store.asked == 2


def test_a_failure_is_told_once_and_then_tried_anew() -> None:
    store = SlowStore()
    store.released.set()
    fetching = Fetches(store.get, patience=60)
    for tries in (1, 2):
        with pytest.raises(NotFoundError):
            fetching.get(GONE[0], 100)
        assert store.asked == tries


BUSY = {
    "in the middle of its work": "while True: sum(range(10**6))",
    "computing in threads when its own work has ended": """
pool = ThreadPoolExecutor(1)
pool.submit(lambda: [time.sleep(0.1) for _ in range(600)])
goodbye.stop.wait()
pool.shutdown(wait=False, cancel_futures=True)
goodbye.say()
""",
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", BUSY)
def test_an_agent_ends_in_time_and_says_so_once(number: signal.Signals, busy: str) -> None:
    """`mine-agent run` and `capsule run` end by it."""
    program = f"""
import time
from concurrent.futures import ThreadPoolExecutor
from pysonar.party.signals import Goodbye, stop_on_signals
goodbye = Goodbye(lambda: print("stopped", flush=True), seconds=0.5)
with stop_on_signals(goodbye.ask):
    print("works", flush=True)
{textwrap.indent(BUSY[busy], "    ")}
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "works\n"
    process.send_signal(number)
    # Half a second and whatever a busy machine adds; without the end it would work for a minute, or for ever.
    assert process.wait(timeout=40) == 0
    assert process.stdout.read() == "stopped\n"


def test_words_that_nobody_takes_hold_up_no_end() -> None:
    """Into a full pipe or a stopped terminal the last words wait for ever; the process does not."""
    program = """
import time
from pysonar.party.signals import end_after
end_after(0.1, lambda: time.sleep(60))
time.sleep(60)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=40).returncode == 0
