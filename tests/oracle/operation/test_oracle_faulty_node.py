"""Capsule's whole work for a campaign behind a node with each bad habit: late at worst, never wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from openmined_oracle.agent import Agent
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.patience import WAITED_FOR
from tests.node_characters import HABITS
from tests.oracle.capsule_world import World

SECONDS = 120


def work_until(agent: Agent, done: Callable[[], bool]) -> None:
    """Rounds until it is done; what a running agent waits for is waited for."""
    until = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < until, agent.failures
        try:
            agent.round()
        except WAITED_FOR:
            time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("node_url", sorted(HABITS), indirect=True)
def test_a_campaign_is_opened_judged_delivered_and_settled_all_the_same(
    world: World, miner: KeyfileSigner
) -> None:
    campaign = world.create()
    agent = world.agent()
    work_until(agent, lambda: world.record(campaign).state is State.OPEN)
    world.submit(campaign, miner)
    work_until(agent, lambda: world.record(campaign).evaluated == 1)
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    world.node.advance_to(world.record(campaign).terms.submit_until)
    work_until(agent, lambda: world.record(campaign).state is State.SETTLED)
    work_until(agent, lambda: world.sonar.owed(campaign, world.capsule.address) == 0)
    agent.close()
    assert world.result(campaign).record[0].verdict == "IMPROVED"
    sent = [sent.call.label for sent in agent.context.outbox.history()]
    assert sorted(sent) == sorted(set(sent))  # nothing twice
    assert not any("fault in the program" in str(told) for told in world.told)
