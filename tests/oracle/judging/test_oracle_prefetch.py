"""Submissions are fetched ahead of their turn, each once, whoever copied it."""

import threading
from collections.abc import Iterator

import pytest

from openmined_oracle.judging.prefetch import Prefetcher, Wanted
from pysonar.protocol.cid import Cid

ONE, CAMPAIGN = Wanted(Cid(b"\x01" * 32), 100), b"\x07" * 32


class SlowStore:
    """Gives nothing before it may, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked, self.may = 0, threading.Event()

    def get(self, cid: Cid, max_bytes: int) -> bytes:
        self.asked += 1
        self.may.wait(60)
        return bytes(cid.digest)[:max_bytes]


@pytest.fixture
def store() -> SlowStore:
    return SlowStore()


@pytest.fixture
def prefetcher(store: SlowStore) -> Iterator[Prefetcher]:
    ready = Prefetcher(store, 4, retry_seconds=60)  # type: ignore[arg-type]  # what it asks of a store, and no more
    yield ready
    store.may.set()
    ready.close()


def test_a_copied_submission_is_fetched_once_and_waits_for_itself(
    prefetcher: Prefetcher, store: SlowStore
) -> None:
    """Two places of the queue name the same artifact; wanted anew each round, it must not begin anew."""
    for _ in range(3):
        prefetcher.want(CAMPAIGN, [ONE, ONE])
        assert prefetcher.result(CAMPAIGN, ONE) is None
    store.may.set()
    assert prefetcher.fetch(CAMPAIGN, ONE, patience=10) == ONE.cid.digest
    prefetcher.want(CAMPAIGN, [ONE, ONE])
    assert prefetcher.result(CAMPAIGN, ONE) == ONE.cid.digest
    assert store.asked == 1
