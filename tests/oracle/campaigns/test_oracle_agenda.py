"""Which campaigns are looked at, and when: by a clock that nobody sets, and by what happens on chain."""

from __future__ import annotations

import time

import pytest

from openmined_oracle.agenda import SWEEP_SECONDS, Agenda, Outlook
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import CampaignRecord, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.pause import Pause
from pysonar.protocol.cid import Cid
from tests.oracle.capsule_world import World, rounds

ONE, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """`clock[0]` is what the clock that nobody sets says."""
    now = [1000.0]
    monkeypatch.setattr("openmined_oracle.agenda.time.monotonic", lambda: now[0])
    return now


def test_a_new_campaign_is_looked_at_and_then_swept_slowly(clock: list[float]) -> None:
    agenda = Agenda()
    assert agenda.due(ONE, 5)
    agenda.looked(ONE, Outlook(), 5)
    clock[0] += SWEEP_SECONDS - 0.1
    assert not agenda.due(ONE, 5)
    clock[0] += 0.1
    assert agenda.due(ONE, 5)


def test_an_event_or_a_deadline_brings_it_up_at_once(clock: list[float]) -> None:
    agenda = Agenda()
    for campaign in (ONE, OTHER):
        agenda.looked(campaign, Outlook(deadlines=(100, 200)), 150)
    assert not agenda.due(ONE, 199)
    assert agenda.due(ONE, 200)
    agenda.bring_up([OTHER])
    assert agenda.due(OTHER, 150)


def test_failures_are_tried_again_at_longer_and_longer_intervals(clock: list[float]) -> None:
    agenda = Agenda()
    assert [agenda.failed(ONE, Pause(1.0, 5.0)) for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    agenda.looked(ONE, Outlook(), 0)
    assert agenda.failed(ONE, Pause(1.0, 5.0)) == 1.0


def test_neither_an_event_nor_a_deadline_ends_a_pause(clock: list[float]) -> None:
    """Or a stranger could make Capsule try every round what fails every time."""
    agenda = Agenda()
    agenda.looked(ONE, Outlook(deadlines=(100,)), 50)
    agenda.failed(ONE, Pause(1.0, 60.0))
    agenda.bring_up([ONE])
    assert not agenda.due(ONE, 1000)
    clock[0] += 1.0
    assert agenda.due(ONE, 1000)


def test_a_clock_that_is_set_back_stops_no_campaign(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a day, right after a failure was noted."""
    campaign = world.create(Cid(b"\x09" * 32))
    agent = world.agent()
    with monkeypatch.context() as ahead:
        real = time.time
        ahead.setattr(time, "time", lambda: real() + 86_400)
        agent.round()
    assert "yet" in (world.problem(campaign) or "")
    honest = world.create()
    rounds(agent, lambda: world.record(honest).state.name == "OPEN")
    assert not agent.agenda.due(campaign, 0) or agent.failures[campaign]
    agent.close()


def test_idle_campaigns_cost_no_questions_to_the_node(
    world: World, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten open ones: a round asks as little as with none. A submission to one of them is judged without a
    question about the others: with 200 idle ones at 50 ms each its verdict took 19.8 s in place of 1.9.
    """
    campaigns = [world.opened() for _ in range(10)]
    agent = world.agent()
    agent.run_once()
    asked: list[bytes] = []
    campaign_of = type(world.sonar).campaign

    def counted(self: Sonar, campaign: bytes, *, block: rpc.Tag = "latest") -> CampaignRecord:
        asked.append(campaign)
        return campaign_of(self, campaign, block=block)

    monkeypatch.setattr(type(world.sonar), "campaign", counted)
    for _ in range(5):
        agent.round()
    assert asked == []
    world.submit(campaigns[7], miner)
    asked.clear()
    agent.run_once()
    agent.close()
    assert set(asked) == {campaigns[7]}
    assert world.verdicts(campaigns[7]) == [Verdict.IMPROVED]
