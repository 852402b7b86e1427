"""A whole campaign, from request to claimed fees."""

from __future__ import annotations

from typing import Any

import numpy as np

from openmined_syft.applying import candidate
from pysonar.chain.types import State, Verdict
from pysonar.cid import Cid


def test_a_whole_campaign_to_the_target(world: Any, miner: Any, second_miner: Any) -> None:
    campaign = world.opened(target=900_000)
    assert world.sonar.certificate(world.capsule.address) is not None
    record = world.record(campaign)
    assert (record.state, record.start, record.version) == (State.OPEN, 333_333, 0)

    world.submit(
        campaign, miner, world.envelope(campaign, miner, world.gradient(campaign, world.visit(seed=3)))
    )
    world.run()
    first = world.record(campaign)
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    assert first.best > 333_333

    record = world.record(campaign)
    assert record.state is State.SETTLED
    assert record.best == record.terms.target
    assert record.delivered
    result = world.result(campaign)
    assert result.final_ppm == record.best
    assert world.sonar.claimable(campaign, world.capsule.address) == 0
