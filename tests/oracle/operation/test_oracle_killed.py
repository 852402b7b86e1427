"""SIGKILL of a real `capsule run` at named points, then a restart: everything is said, and said once."""

from __future__ import annotations

import pytest
from _pytest.mark.structures import ParameterSet

from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from tests.oracle.capsule_world import World


def points(*names: str, slow: tuple[str, ...]) -> list[str | ParameterSet]:
    """The points to die at; the slow ones only in `make test-slow`."""
    return [*names, *(pytest.param(name, marks=pytest.mark.slow) for name in slow)]


OPENING = points("key stored", "open sent", slow=("artifact put", "opening decided", "open stored"))
REVIEWING = points("verdict decided", "report sent", slow=("artifact put", "report stored"))
ENDING = points(
    "deliver sent", slow=("result decided", "deliver stored", "settle stored", "settle sent", "claim sent")
)


def restart(world: World, point: str) -> None:
    """Start again; after "sent" while the transaction still waits for its block."""
    if point.endswith(" sent") and not world.node.rpc("anvil_getAutomine"):
        agent = world.agent()
        for _ in range(3):
            agent.round()
        agent.close()
        world.node.set_automine(True)
        world.node.mine()
    world.run()


def assert_said_once(world: World, campaign: bytes) -> None:
    """One event of each kind, and no transaction besides: no duplicate, nothing that reverted."""
    kinds = ("CampaignOpened", "Verdicts", "Improved", "Delivered", "Settled", "Claimed")
    assert {kind: world.count(kind, campaign) for kind in kinds} == dict.fromkeys(kinds, 1)
    register = 1
    sent = register + len(kinds) - 1  # Improved and Verdicts are one transaction
    assert rpc.nonce(world.node.web3, world.capsule.address) == sent


@pytest.mark.parametrize("point", OPENING)
def test_killed_while_opening(installed: World, miner: KeyfileSigner, point: str) -> None:
    world = installed
    campaign = world.create(target=900_000)
    world.node.set_automine(point != "open sent")
    world.run_killed(point)
    keys = {path.name: path.read_bytes() for path in world.home.keys.glob("*.pgp")}

    restart(world, point)
    assert world.record(campaign).state is State.OPEN
    assert {path.name: path.read_bytes() for path in world.home.keys.glob("*.pgp")} == keys  # still the first
    world.submit(campaign, miner)
    world.run()
    assert_said_once(world, campaign)


@pytest.mark.parametrize("point", REVIEWING)
def test_killed_while_reviewing(installed: World, miner: KeyfileSigner, point: str) -> None:
    world = installed
    campaign = world.opened(target=900_000)
    world.submit(campaign, miner)
    world.node.set_automine(point != "report sent")
    world.run_killed(point)
    before = world.agent()
    decided = before.context.journal.verdicts(campaign)
    before.close()

    restart(world, point)
    assert_said_once(world, campaign)
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    after = world.agent()
    assert (
        after.context.journal.verdicts(campaign)[: len(decided)] == decided
    )  # the very same model and score
    after.close()
    assert world.result(campaign).version == 1


@pytest.mark.parametrize("point", ENDING)
def test_killed_while_ending(installed: World, miner: KeyfileSigner, point: str) -> None:
    world = installed
    campaign = world.opened(target=900_000)
    world.submit(campaign, miner)
    world.run_killed(point)
    world.run()
    assert_said_once(world, campaign)
    assert world.result(campaign).final_ppm == 900_000
