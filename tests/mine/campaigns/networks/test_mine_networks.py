"""A mine and campaigns of networks: other rows for each version, one bundle, and owners who want none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from mine_agent.campaigns.artifacts import CampaignArtifacts, CampaignSpec
from mine_agent.campaigns.earnings import earnings
from mine_agent.campaigns.overview import open_campaigns
from mine_agent.home import Home
from mine_agent.privacy.protection import WithoutNoise
from mine_agent.rules.policy import Limits
from mine_agent.work.compiled_data import CompiledData
from openmined_syft.ckks.encrypted import EncryptedNetworkGradient
from openmined_syft.errors import KernelError
from openmined_syft.models.network import SquareNetwork
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.networks.conftest import NetworkCapsule, WideRows
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.mine_commands import MineCommand
from tests.roles import Tell, as_a

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all

pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")


def twin(
    capsule: NetworkCapsule, campaign: bytes, rows: WideRows, data: Path, version: int, weights: np.ndarray
) -> np.ndarray:
    """The slope of that version's mini-batch in plain numpy."""
    network = as_a(SquareNetwork, capsule.spec().family_for(campaign))
    salt = campaign + hashlib.sha256(data.read_bytes()).digest()
    return network.batch_visit(*rows, version=version, salt=salt).gradient(weights)


def assert_same_slope(found: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(found - expected).max() <= 5e-4 * np.abs(expected).max()


def test_a_network_is_trained_version_after_version_and_paid_for(
    mine: Mine,
    network_capsule: NetworkCapsule,
    wide_rows: WideRows,
    wide_colours: Path,
    node: Anvil,
    happenings: list[JsonObject],
    asked: list[Cid],
) -> None:
    """Each version on rows of its own; the bundle is fetched for the first one only."""
    before = node.balance(mine.address)
    capsule = network_capsule
    campaign = capsule.open()
    assert mine.errors() == []
    (event,) = mine.submitted(campaign)
    envelope = capsule.envelope(campaign, mine.address, event.update)
    assert (envelope.base_version, envelope.scheme, envelope.privacy) == (0, "ckks", None)
    first = twin(capsule, campaign, wide_rows, wide_colours, 0, capsule.start)
    assert_same_slope(capsule.slope(campaign, mine.address, event.update), first)

    capsule.improve(campaign, mine.address, event.update, 500_000)
    assert mine.errors() == []
    assert mine.errors() == []
    _, event = mine.submitted(campaign)
    assert capsule.envelope(campaign, mine.address, event.update).base_version == 1
    weights = capsule.weights[campaign]
    found = capsule.slope(campaign, mine.address, event.update)
    assert_same_slope(found, twin(capsule, campaign, wide_rows, wide_colours, 1, weights))
    other = twin(capsule, campaign, wide_rows, wide_colours, 0, weights)
    assert np.abs(found - other).max() > 0.01 * np.abs(other).max()
    assert asked.count(capsule.bundle(campaign)) == 1

    capsule.report(campaign, mine.address, event.update, Verdict.NO_GAIN)
    capsule.settle(campaign)
    for _ in range(3):
        assert mine.errors() == []
    books = earnings(mine.connection, campaign)
    assert (books.promised, books.pending) == (10 * 10**18 * 500_000 // 950_000, 0)
    assert node.balance(mine.address) - before == books.net
    told = [happening["event"] for happening in happenings]
    assert told == ["training", "submitted", "verdict", "training", "submitted", "verdict", "claiming"]


def test_after_a_crash_the_same_rows_are_trained_on(
    mine: Mine,
    network_home: Home,
    network_capsule: NetworkCapsule,
    miner: KeyfileSigner,
    tell: Tell,
    wide_rows: WideRows,
    wide_colours: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each restart would give Capsule another look at other rows of the same version."""
    campaign = network_capsule.open()
    made: list[EncryptedNetworkGradient] = []

    def down(gradient: EncryptedNetworkGradient, *_: object, **__: object) -> bytes:
        made.append(gradient)
        raise OSError("the machine goes down")

    with monkeypatch.context() as patch:
        patch.setattr("mine_agent.work.new_submissions.seal_update", down)
        (error,) = mine.errors()
    assert type(error).__name__ == "UnexpectedError"
    assert mine.submitted(campaign) == []

    again = Mine(network_home, miner, tell)
    again.time += 1000
    assert again.errors() == []
    (event,) = again.submitted(campaign)
    second = network_capsule.slope(campaign, mine.address, event.update)
    expected = twin(network_capsule, campaign, wide_rows, wide_colours, 0, network_capsule.weights[campaign])
    assert_same_slope(second, expected)
    assert_same_slope(made[0].decrypt(network_capsule.ckks[0]), expected)
    envelope = network_capsule.envelope(campaign, mine.address, event.update)
    sent = as_a(EncryptedNetworkGradient, envelope.gradient)
    assert sent.ciphertext != made[0].ciphertext  # the same numbers, under fresh noise


def test_two_campaigns_shuffle_the_same_rows_differently(
    mine: Mine, network_home: Home, network_capsule: NetworkCapsule
) -> None:
    """Whoever runs two of them does not get the same batch twice."""
    artifacts, visits = CampaignArtifacts(mine.connection), CompiledData()
    data = network_home.data().get("colours")
    batches = []
    for number in (1, 2):
        campaign = network_capsule.create(network_capsule.spec(), salt=bytes([number]) * 32)
        plan = artifacts.spec_of(network_capsule.sonar.campaign(campaign))

        def batch(visits: CompiledData, version: int, plan: CampaignSpec = plan) -> np.ndarray:
            return visits.visit(plan, data, version, Limits(), None, WithoutNoise()).visit.X  # type: ignore[attr-defined]

        batches.append(batch(visits, 0))
        np.testing.assert_array_equal(batch(CompiledData(), 0), batches[-1])
        assert not np.array_equal(batch(visits, 1), batches[-1])
    first, second = batches
    assert not np.array_equal(first, second)


def test_a_network_and_a_linear_campaign_side_by_side(
    mine: Mine,
    network_capsule: NetworkCapsule,
    small_capsule: SmallCapsule,
    network_home: Home,
    colours: Path,
) -> None:
    network_home.data().add("more", colours, replace=False)
    campaigns = [small_capsule.open(salt=b"\x01" * 32), network_capsule.open(salt=b"\x02" * 32)]
    assert mine.errors() == []
    assert {event.id for event in mine.submitted()} == set(campaigns)


def test_a_mine_that_was_not_told_to_joins_no_network_and_fetches_no_bundle(
    home: Home,
    miner: KeyfileSigner,
    tell: Tell,
    network_capsule: NetworkCapsule,
    wide_colours: Path,
    asked: list[Cid],
) -> None:
    home.data().add("colours", wide_colours, replace=False)
    silent = Mine(home, miner, tell)
    campaign = network_capsule.open()
    assert silent.errors() == []
    assert silent.submitted() == []
    assert network_capsule.bundle(campaign) not in asked
    (listing,) = open_campaigns(silent.connection, home.data().all(), home.policy())
    assert [entry.rule for entry in listing.refusals] == ["networks"]


def test_a_mine_without_tenseal_says_what_to_install_and_pays_nothing(
    mine: Mine,
    network_capsule: NetworkCapsule,
    node: Anvil,
    happenings: list[JsonObject],
    asked: list[Cid],
    without_tenseal: Callable[[], AbstractContextManager[None]],
) -> None:
    campaign = network_capsule.open()
    before = node.balance(mine.address)
    with without_tenseal():
        (error,) = mine.errors()
    assert isinstance(error, KernelError)
    (told,) = happenings
    assert told["event"] == "problem"
    assert "install the extra 'nn'" in told["reason"]
    assert mine.submitted() == mine.connection.journal.submissions() == []
    assert node.balance(mine.address) == before
    assert network_capsule.bundle(campaign) not in asked


def test_the_doctor_tells_whether_networks_can_be_trained_and_lacks_nothing_without(
    network_home: Home,
    mine_agent: MineCommand,
    node: Anvil,
    without_tenseal: Callable[[], AbstractContextManager[None]],
) -> None:
    node.mine()

    def finding() -> JsonObject:
        done = mine_agent("doctor", "--home", network_home.path, "--format", "json")
        assert done.exit_code == 0, done.output
        (found,) = [entry for entry in json.loads(done.stdout) if entry["check"] == "networks"]
        return dict(found)

    assert finding()["found"].startswith("TenSEAL ")
    with without_tenseal():
        assert (finding()["ok"], "install the extra 'nn'" in finding()["found"]) == (True, True)
