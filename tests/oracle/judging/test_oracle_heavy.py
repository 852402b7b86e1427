"""One heavy, legal campaign holds up no other."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from openmined_oracle.errors import InProgressError
from openmined_oracle.workshop import HEAVY_EFFORT, Workshop
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.oracle.capsule_world import World

ONE, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def workshop() -> Any:
    made = Workshop()
    yield made
    made.close()


def test_small_work_comes_back_at_once_and_is_done_once(workshop: Workshop) -> None:
    done: list[int] = []
    assert workshop.do(ONE, "a", lambda: done.append(1) or 7, effort=1.0) == 7  # type: ignore[func-returns-value]
    assert done == [1]


def test_long_work_is_fetched_later_and_done_once(workshop: Workshop) -> None:
    go, done = threading.Event(), []

    def work() -> int:
        go.wait(30)
        done.append(1)
        return 7

    with pytest.raises(InProgressError):
        workshop.do(ONE, "a", work, effort=1.0)
    go.set()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            assert workshop.do(ONE, "a", work, effort=1.0) == 7
            break
        except InProgressError:
            continue
    assert done == [1]


def test_light_work_never_waits_for_heavy_work(workshop: Workshop) -> None:
    go = threading.Event()
    for campaign in (ONE, OTHER):
        with pytest.raises(InProgressError):
            workshop.do(campaign, "heavy", lambda: go.wait(30), effort=HEAVY_EFFORT)
    for place in range(20):
        assert workshop.do(bytes([place + 5]) * 32, "light", lambda: 7, effort=1.0) == 7
    go.set()


def test_what_work_raises_is_raised_where_it_was_asked_for_and_forgotten(workshop: Workshop) -> None:
    def fails() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        workshop.do(ONE, "a", fails, effort=1.0)
    assert workshop.do(ONE, "a", lambda: 7, effort=1.0) == 7


def test_a_campaign_that_takes_long_to_encrypt_holds_up_no_other(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its encryption waits for a signal of this test: the other one is opened, judged and paid."""
    from openmined_oracle.campaigns import open_campaign

    go, prepare = threading.Event(), open_campaign._prepare
    heavy = world.create()

    def slow(keystore: Any, record: Any, *rest: Any) -> Any:
        if record.id == heavy:
            go.wait(120)
        return prepare(keystore, record, *rest)

    monkeypatch.setattr(open_campaign, "_prepare", slow)
    agent = world.agent()
    light = world.create()

    def rounds(done: Any) -> None:
        until = time.monotonic() + 60
        while not done() and time.monotonic() < until:
            agent.round()
            time.sleep(0.02)
        assert done()

    rounds(lambda: world.record(light).state is State.OPEN)
    world.submit(light, miner)
    rounds(lambda: world.verdicts(light) == [Verdict.IMPROVED])
    assert world.record(heavy).state is State.REQUESTED
    assert heavy not in agent.failures
    go.set()
    rounds(lambda: world.record(heavy).state is State.OPEN)
    agent.close()
