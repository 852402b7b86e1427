"""A mine's whole work for a campaign behind a node with each bad habit: late at worst, never twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.home import Home
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.patience import WAITED_FOR
from tests.conftest import Anvil
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.node_characters import HABITS
from tests.roles import Tell

SECONDS = 120


def work_until(mine: Mine, done: Callable[[], bool]) -> None:
    """Rounds until it is done; what a running mine waits for is waited for."""
    until = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < until
        mine.time += 60  # pauses after failures are not what is tried here
        try:
            mine.agent.round()
        except WAITED_FOR:
            time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("node_url", sorted(HABITS), indirect=True)
def test_one_gradient_is_submitted_and_paid_once(
    home: Home,
    miner: KeyfileSigner,
    tell: Tell,
    small_capsule: SmallCapsule,
    colours: Path,
    sonar: Sonar,
    node: Anvil,
) -> None:
    home.data().add("colours", colours, replace=False)
    campaign = small_capsule.open()
    mine = Mine(home, miner, tell)
    work_until(mine, lambda: sonar.campaign(campaign).submitted == 1)
    work_until(mine, lambda: len(mine.submitted(campaign)) == 1)
    (submitted,) = mine.submitted(campaign)
    target = sonar.campaign(campaign).terms.target
    small_capsule.report(campaign, miner.address, submitted.update, Verdict.IMPROVED, target)
    small_capsule.settle(campaign)
    work_until(mine, lambda: sonar.owed(campaign, miner.address) == 0)
    assert sonar.campaign(campaign).submitted == 1
