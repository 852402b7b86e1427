"""One bounded pool of memory for all campaigns, and the lines that longer work tells."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mine_agent.campaigns.fetches import Fetches
from mine_agent.errors import MemoryLimitError, StillFetchingError
from mine_agent.happenings import Progress
from mine_agent.memory import Pool, size_of
from mine_agent.work.compiled_data import Compiled
from mine_agent.work.progress import reading, training
from openmined_syft.rules import Rule
from pysonar.party.happenings import Happening
from pysonar.protocol.cid import Cid
from pysonar.store import cid_of
from tests.roles import as_a, there

MB = 1 << 20


@dataclass
class Kept:
    """Something with an array in it."""

    numbers: NDArray[np.float64]


def some(megabytes: int) -> Kept:
    return Kept(np.zeros(megabytes * MB // 8))


def test_what_was_used_longest_ago_goes_first() -> None:
    pool = Pool(10 * MB)
    first = pool.get("a", "a", lambda: some(4))
    pool.get("b", "b", lambda: some(4))
    assert pool.get("a", "a", lambda: pytest.fail("made twice")) is first
    pool.get("c", "c", lambda: some(4))
    assert (pool.holds("a"), pool.holds("b"), pool.holds("c")) == (True, False, True)


def test_what_does_not_fit_even_alone_is_refused_and_moves_nothing_out() -> None:
    pool = Pool(10 * MB)
    pool.get("a", "a", lambda: some(4))
    with pytest.raises(
        MemoryLimitError, match=r"the key takes 1[12] MB; memory_mb in policy\.toml gives 10 MB"
    ):
        pool.get("b", "the key", lambda: some(11))
    assert pool.holds("a")
    pool.require(10 * MB, "x")
    with pytest.raises(MemoryLimitError):
        pool.require(10 * MB + 1, "x")


def test_a_smaller_limit_holds_at_once() -> None:
    pool = Pool(10 * MB)
    for name in "abc":
        pool.get(name, name, lambda: some(3))
    pool.resize(4 * MB)
    assert pool.used <= 4 * MB
    assert pool.holds("c")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # by the machine's other work
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), max_size=12))
def test_the_pool_never_takes_more_than_its_limit(asked: list[tuple[int, int]]) -> None:
    pool = Pool(6 * 1024)
    for name, kilobytes in asked:
        try:
            pool.get(name, "it", partial(np.zeros, kilobytes * 128))
        except MemoryLimitError:
            pytest.fail("each fits alone")
        assert pool.used <= pool.limit


def test_sizes_are_those_of_the_arrays_and_bytes_inside() -> None:
    assert size_of(np.zeros(1000)) == 8000
    assert 8000 <= size_of(Kept(np.zeros(1000))) < 9000
    assert 10_000 <= size_of({"a": [b"x" * 10_000]}) < 11_000


class Held:
    """A store that gives nothing until `let_go`; `begun` are the artifacts that it was asked for."""

    def __init__(self) -> None:
        self.let_go, self.begun = threading.Event(), list[Cid]()

    def get(self, cid: Cid, _: int) -> bytes:
        self.begun.append(cid)
        assert self.let_go.wait(60)
        return str(cid).encode()


def in_the_end(fetches: Fetches, cid: Cid, most: int) -> bytes:
    """What is fetched, whenever it comes."""
    until = time.monotonic() + 60
    while True:
        try:
            return fetches.get(cid, most)
        except StillFetchingError:
            assert time.monotonic() < until


def test_artifacts_on_their_way_together_stay_within_the_limit() -> None:
    store = Held()
    fetches = Fetches(store.get, patience=0.05, limit=lambda: 10 * MB)
    big, other = cid_of(b"big"), cid_of(b"other")
    with pytest.raises(StillFetchingError):
        fetches.get(big, 8 * MB)  # alone it may start
    with pytest.raises(StillFetchingError):
        fetches.get(other, 8 * MB)
    assert store.begun == [big]
    store.let_go.set()
    assert in_the_end(fetches, big, 8 * MB) == str(big).encode()
    assert in_the_end(fetches, other, 8 * MB) == str(other).encode()  # now there is room
    assert store.begun == [big, other]


def test_what_nobody_came_back_for_makes_room() -> None:
    store = Held()
    fetches = Fetches(store.get, patience=0.01, limit=lambda: 10 * MB)
    given_up, wanted = cid_of(b"given up"), cid_of(b"wanted")
    with pytest.raises(StillFetchingError):
        fetches.get(given_up, 10 * MB)
    with pytest.raises(StillFetchingError):
        fetches.get(wanted, 10 * MB)
    store.let_go.set()
    assert in_the_end(fetches, wanted, 10 * MB) == str(wanted).encode()
    assert store.begun == [given_up, wanted]


def test_reading_tells_the_share_and_the_time_left_every_few_seconds() -> None:
    told: list[Happening] = []
    now = [0.0]
    at = reading(told.append, b"\x01" * 32, "d", 1000, clock=lambda: now[0])
    for second in range(1, 11):
        now[0] = float(second)
        at(second * 100)
    half, whole = (as_a(Progress, one) for one in told)
    assert [(one.share, one.seconds_left) for one in (half, whole)] == [(0.5, 5.0), (1.0, 0.0)]
    assert "50%, about 5 s left" in half.sentence()


def test_training_tells_what_is_left_by_what_it_took_before() -> None:
    told: list[Happening] = []
    said = threading.Event()

    def tell(happening: Happening) -> None:
        told.append(happening)
        said.set()

    with training(tell, b"\x01" * 32, "d", 1000.0, every=0.05):
        assert said.wait(60)
    assert 900 < there(as_a(Progress, told[0]).seconds_left) < 1000
    count = len(told)
    time.sleep(0.15)
    assert len(told) == count  # it ends with the work
    said.clear()
    with training(tell, b"\x01" * 32, "d", None, every=0.05):
        assert said.wait(60)
    assert as_a(Progress, told[-1]).seconds_left is None
    assert "still at it" in told[-1].sentence()


def test_records_that_are_needed_all_at_once_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    from mine_agent.campaigns.artifacts import CampaignSpec
    from mine_agent.data.datasets import DataShelf
    from mine_agent.privacy.protection import WithoutNoise
    from mine_agent.rules.policy import Limits
    from mine_agent.work.compiled_data import CompiledData
    from openmined_syft.models import OneVsRest
    from openmined_syft.rules import GradientDescent, MiniBatch
    from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema

    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "".join(f"{n % 7},{'ab'[n % 2]}\n" for n in range(200_000)))
    data = DataShelf(tmp_path / "shelf").add("rows", path, replace=False)
    schema = Schema(input_schema({"x": number_field((0, 9))}), output_schema("y", class_label(["a", "b"])))

    class Small(CampaignSpec):
        """As much of a campaign's spec as is asked of it here."""

        def __init__(self, rule: Rule) -> None:
            object.__setattr__(self, "campaign", hashlib.sha256(repr(rule).encode()).digest())
            object.__setattr__(self, "_rule", rule)

        family = property(lambda _: OneVsRest(1, 2))
        schema = property(lambda _: schema)
        rule = property(lambda self: self._rule)
        spec = property(lambda _: type("Spec", (), {"scheme": "paillier"}))

    pool = Pool(2 * MB)
    compiled = CompiledData(pool)

    def visit(rule: Rule) -> Compiled:
        return compiled.visit(Small(rule), data, 0, Limits(), None, WithoutNoise())

    assert visit(GradientDescent(steps=3)).visit is not None  # sums need no more than a batch
    with pytest.raises(MemoryLimitError, match=r"records of 'rows', which this model needs all at once"):
        visit(MiniBatch(batch=50_000, epochs=1))
    pool.resize(64 * MB)
    assert visit(MiniBatch(batch=50_000, epochs=1)).visit is not None
