"""However many campaigns there are: those that a mine does not work for cost it no request of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.home import Home
from mine_agent.rules.policy_file import FirstAnswers
from openmined_syft.paillier.certificate import is_certified
from pysonar.chain import event_records
from pysonar.chain.contract.events import SonarEvent, Submitted, from_json
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil
from tests.faulty_node import FaultyNode
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell, Transact


def cost_of_a_round(mine: Mine, faulty: FaultyNode) -> int:
    """Requests of an idle round. The least of some: now and then one reads the newest blocks again."""
    costs = []
    for _ in range(5):
        before = faulty.exchanges
        assert mine.agent.round() == []
        costs.append(faulty.exchanges - before)
    return min(costs)


@pytest.mark.parametrize("unwanted", ["refused", "closed"])
def test_a_round_costs_as_much_with_five_campaigns_as_with_one(
    node: Anvil,
    make_home: Callable[..., Home],
    faulty: FaultyNode,
    miner: KeyfileSigner,
    tell: Tell,
    small_capsule: SmallCapsule,
    colours: Path,
    unwanted: str,
) -> None:
    answers = FirstAnswers(
        scientists=("any",), capsules=("any",), fields=("any",),
        minimum_reward="1000000 ether" if unwanted == "refused" else "0 ether",
    )  # fmt: skip
    home = make_home(answers=answers, rpc=faulty.url)
    home.data().add("colours", colours, replace=False)

    small_capsule.open(salt=bytes(32))
    mine = Mine(home, miner, tell)
    if unwanted == "closed":
        node.advance(10**7)
    mine.agent.round()
    with_one = cost_of_a_round(mine, faulty)
    for number in range(1, 5):
        small_capsule.open(salt=bytes([number]) * 32)
    if unwanted == "closed":
        node.advance(10**7)
    mine.agent.round()
    assert cost_of_a_round(mine, faulty) == with_one
    assert mine.submitted() == []


@pytest.mark.parametrize("state", ["waiting", "settled"])
def test_a_round_costs_as_much_with_five_campaigns_of_one_s_own_as_with_one(
    node: Anvil, make_home: Callable[..., Home], faulty: FaultyNode, miner: KeyfileSigner, tell: Tell,
    small_capsule: SmallCapsule, colours: Path, state: str,
) -> None:  # fmt: skip
    """Gradients that wait for their verdicts, and payouts that the owner has not claimed yet."""
    answers = FirstAnswers(scientists=("any",), capsules=("any",), fields=("any",), auto_claim=False)
    home = make_home(answers=answers, rpc=faulty.url)
    home.data().add("colours", colours, replace=False)
    mine = Mine(home, miner, tell)
    costs = []
    for numbers in (range(1), range(1, 5)):
        for number in numbers:
            campaign = small_capsule.open(salt=bytes([number]) * 32)
            mine.round()
            if state == "settled":
                update = mine.submitted(campaign)[0].update
                small_capsule.report(campaign, miner.address, update, Verdict.IMPROVED, 900_000)
                small_capsule.settle(campaign)
        for _ in range(3):
            mine.round()
        costs.append(cost_of_a_round(mine, faulty))
    assert len(mine.submitted()) == 5
    assert costs[0] == costs[1] <= 20


def test_what_others_submit_makes_no_round_longer(
    home: Home,
    miner: KeyfileSigner,
    stranger: KeyfileSigner,
    tell: Tell,
    small_capsule: SmallCapsule,
    colours: Path,
    node: Anvil,
    transact: Transact,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is read once. A spammer, whom gas alone stops, would slow every mine down for ever otherwise."""
    home.data().add("colours", colours, replace=False)
    mine = Mine(home, miner, tell)
    joined, other = small_capsule.open(), small_capsule.open(salt=b"\x01" * 32, target=900_000)
    mine.round()
    decoded: list[str] = []

    def counted(name: str, text: str) -> SonarEvent:
        decoded.append(name)
        return from_json(name, text)

    monkeypatch.setattr(event_records, "from_json", counted)

    def decoded_in_a_round() -> int:
        mine.round()
        decoded.clear()
        mine.round()
        return len(decoded)

    alone = decoded_in_a_round()
    sonar = mine.connection.sonar
    for campaign in (joined, other):
        terms = sonar.campaign(campaign).terms
        for number in range(6):
            update = bytes([number + 1]) * 32
            call = sonar.calls.submit(campaign, update, stranger.address, terms.stake + terms.fee)
            transact(node, stranger, call)
    assert decoded_in_a_round() == alone
    assert len(mine.connection.follower.history(Submitted)) == 12 + len(mine.connection.own_updates())
    assert set(mine.connection.own_campaign_ids()) == {joined, other}


def test_a_key_s_certificate_is_verified_once_however_many_versions_are_trained(
    home: Home,
    miner: KeyfileSigner,
    tell: Tell,
    small_capsule: SmallCapsule,
    colours: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Eleven exponentiations of the key's size: 35 ms at 2048 bits, and three times as much at 3072."""
    verified: list[int] = []

    def counted(n: int, certificate: bytes) -> bool:
        verified.append(n)
        return is_certified(n, certificate)

    monkeypatch.setattr("openmined_syft.schemes.paillier.is_certified", counted)
    home.data().add("colours", colours, replace=False)
    mine, campaign = Mine(home, miner, tell), small_capsule.open()
    for accuracy in (500_000, 600_000):
        mine.round()
        update = mine.submitted(campaign)[-1].update
        small_capsule.report(campaign, miner.address, update, Verdict.IMPROVED, accuracy)
    mine.round()
    assert len(mine.submitted(campaign)) == 3
    assert verified == [small_capsule.key.public.n]
