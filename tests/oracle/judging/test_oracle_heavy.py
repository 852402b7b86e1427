"""One heavy, legal campaign holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from openmined_oracle.campaigns import assignment, deliver, open_campaign
from openmined_oracle.campaigns.context import Context
from openmined_oracle.campaigns.workbench import Workbench
from openmined_oracle.errors import InProgressError
from openmined_oracle.journal import VerdictRow
from openmined_oracle.workshop import HEAVY_EFFORT, Workshop
from pysonar.chain.contract.types import CampaignRecord, State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.oracle.capsule_world import DAY, World, rounds

ONE, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def workshop() -> Iterator[Workshop]:
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


@pytest.mark.parametrize("step", ["reading the validation set", "encrypting"])
def test_a_campaign_that_takes_long_to_open_holds_up_no_other(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """That step waits for a signal of this test: the other one is opened, judged and paid."""
    module, name = (assignment, "_validation") if step.startswith("reading") else (open_campaign, "_prepare")
    go, prepare = threading.Event(), getattr(module, name)
    heavy = world.create()

    begun = []

    def slow(first: object, record: CampaignRecord, *rest: object) -> object:
        if record.id == heavy:
            begun.append(record.id)
            go.wait(120)
        return prepare(first, record, *rest)

    monkeypatch.setattr(module, name, slow)
    agent = world.agent()
    light = world.create()

    rounds(agent, lambda: world.record(light).state is State.OPEN)
    world.submit(light, miner)
    rounds(agent, lambda: world.verdicts(light) == [Verdict.IMPROVED])
    assert world.record(heavy).state is State.REQUESTED
    assert heavy not in agent.failures
    assert begun == [heavy]  # once, however many rounds came by
    go.set()
    rounds(agent, lambda: world.record(heavy).state is State.OPEN)
    agent.close()


def test_a_campaign_that_takes_long_to_deliver_delays_no_other_s_deadline(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both end at the same time; the record of the first is being sealed for ever."""
    heavy, light = world.opened(), world.opened()
    world.submit(light, miner)
    go, sealed = threading.Event(), deliver._sealed

    def slow(
        context: Context, bench: Workbench, record: CampaignRecord, rows: list[VerdictRow]
    ) -> tuple[bytes, bytes | None]:
        if record.id == heavy:
            go.wait(120)
        return sealed(context, bench, record, rows)

    monkeypatch.setattr(deliver, "_sealed", slow)
    world.node.advance(DAY)
    agent = world.agent()
    rounds(agent, lambda: world.record(light).state is State.SETTLED)
    assert world.verdicts(light) == [Verdict.IMPROVED]
    assert world.record(light).delivered
    assert not world.record(heavy).delivered
    go.set()
    rounds(agent, lambda: world.record(heavy).delivered)
    agent.close()
