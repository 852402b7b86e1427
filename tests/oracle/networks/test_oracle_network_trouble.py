"""Trouble with networks that is nobody's fault: TenSEAL, memory, a killed process, lost records."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest

from openmined_oracle.errors import Decline
from openmined_oracle.keys.keystore import KeyStore
from openmined_syft.ckks.keys import CkksPrivateKey
from openmined_syft.errors import CiphertextError, KernelError
from pysonar.chain.contract.events import CampaignOpened
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.deeds import capsule_pins
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid
from tests.oracle.capsule_world import World
from tests.oracle.networks.network_world import MadeUpNetworkWorld
from tests.roles import as_a

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all

DAY = 86_400


# --- a machine that lacks something -----------------------------------------------------------------------


def test_a_capsule_without_tenseal_declines_networks_and_nothing_else(
    networks: MadeUpNetworkWorld, without_tenseal: Callable[[], AbstractContextManager[None]]
) -> None:
    with without_tenseal():
        network = networks.create()
        assert networks.run().failures == {}
        assert networks.declined_for(network) == Decline.FAMILY_UNSUPPORTED.value
        assert not list(networks.home.keys.glob("*.pgp"))
        linear = networks.opened(networks.linear_spec())
    assert networks.record(linear).state is State.OPEN


def test_a_capsule_that_loses_tenseal_says_what_to_install_and_burns_no_stake(
    networks: MadeUpNetworkWorld,
    miner: KeyfileSigner,
    without_tenseal: Callable[[], AbstractContextManager[None]],
) -> None:
    campaign = networks.opened()
    networks.submit(campaign, miner)
    with without_tenseal():
        agent = networks.run()
    assert isinstance(agent.failures[campaign], KernelError)
    assert "extra 'nn'" in (networks.problem(campaign) or "")
    assert "damaged" not in (networks.problem(campaign) or "")
    assert networks.verdicts(campaign) == []

    networks.run()
    assert networks.verdicts(campaign) == [Verdict.IMPROVED]


@pytest.mark.parametrize("works", ["never", "once"])
def test_a_machine_that_can_load_no_ciphertext_burns_no_stake(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch, works: str
) -> None:
    """SEAL tells "out of memory" and "out of files" as it tells a damaged ciphertext."""
    from openmined_syft.ckks import seal as module

    campaign = networks.opened()
    networks.submit(campaign, miner)
    agent = networks.agent()
    real, left = module.from_bytes, [1 if works == "once" else 0]

    def failing(kind: str, data: bytes) -> object:
        if kind == "Ciphertext" and len(data) < 400_000:  # a gradient; the model's are larger
            if not left[0]:
                raise CiphertextError("no memory")
            left[0] -= 1
        return real(kind, data)

    with monkeypatch.context() as patch:
        patch.setattr(module, "from_bytes", failing)
        agent.run_once()
    assert isinstance(agent.failures[campaign], KernelError)
    assert networks.verdicts(campaign) == []
    agent.close()
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.IMPROVED]


def test_memory_that_runs_out_burns_no_stake(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = networks.opened()
    networks.submit(campaign, miner)

    def exhausted(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("openmined_syft.schemes.ckks.curved_steps", exhausted)
        assert campaign in networks.run().failures
    assert networks.verdicts(campaign) == []
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.IMPROVED]


# --- killed, and lost records -----------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["key stored", pytest.param("artifact put", marks=pytest.mark.slow)])
def test_killed_before_the_opening_is_journaled_it_opens_with_the_same_key_and_a_new_bundle(
    installed: World, networks: MadeUpNetworkWorld, ckks: CkksPrivateKey, point: str
) -> None:
    """The bundle is drawn anew, under the key that is on disk; at the end none of them is kept."""
    networks.home = installed.home
    campaign = networks.create()
    networks.run_killed(point)
    (file,) = networks.home.keys.glob("*.pgp")
    before = file.read_bytes()
    key = KeyStore(networks.home.keys, networks.own).stored_key(campaign)
    assert key.fingerprint != ckks.fingerprint
    orphans = set(networks.store.pins(capsule_pins(campaign)))

    networks.run()
    record = networks.record(campaign)
    assert record.state is State.OPEN
    assert file.read_bytes() == before
    assert networks.count("CampaignOpened", campaign) == 1
    model, public = networks.published(campaign)
    assert model.key_fingerprint == key.fingerprint
    assert key.fingerprint in public
    np.testing.assert_array_equal(model.decrypt(as_a(CkksPrivateKey, key)), networks.start)
    bundle = Cid.from_bytes32(record.public_key)
    assert bundle not in orphans
    pinned = set(networks.store.pins(capsule_pins(campaign)))
    assert {bundle, Cid.from_bytes32(record.model)} <= pinned
    assert orphans <= pinned

    networks.node.advance(DAY)
    networks.run()
    record = networks.record(campaign)
    kept = {Cid.from_bytes32(record.model), Cid.from_bytes32(record.result)}
    assert set(networks.store.pins(capsule_pins(campaign))) == kept


def test_a_lost_database_is_made_up_for_from_chain_and_store(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = networks.opened()
    networks.submit(campaign, miner)
    networks.run()
    assert networks.record(campaign).version == 1
    for path in networks.home.path.glob("capsule.sqlite*"):
        path.unlink()

    later = networks.made_up(campaign, networks.visit(seed=9).gradient(networks.start))
    base = Cid.from_bytes32(networks.sonar_events(CampaignOpened, campaign)[0].model)
    networks.submit(campaign, second_miner, networks.envelope(campaign, second_miner, later, base=base))
    networks.run()
    assert networks.verdicts(campaign)[1] in (Verdict.IMPROVED, Verdict.NO_GAIN)
    networks.node.advance(DAY)
    networks.run()
    result = networks.result(campaign)
    first, second = result.record
    assert (first.miner, second.miner) == (miner.address, second_miner.address)
    assert (first.step, first.damping, first.verdict) == (None, None, "IMPROVED")
    assert second.damping in (0.01, 0.1, 1.0)
    assert result.version == networks.record(campaign).version
