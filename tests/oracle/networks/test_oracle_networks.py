"""Campaigns of networks that go well: opened, judged, delivered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openmined_oracle.errors import Decline
from openmined_syft.applying import candidate
from openmined_syft.ckks.encrypted import LARGEST_SLOPE
from openmined_syft.ckks.keys import CkksPrivateKey
from openmined_syft.models.curvature import curved_steps
from pysonar.chain.contract.events import Claimed
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import ArtifactError, FromCampaign
from tests.oracle.networks.network_world import MadeUpNetworkWorld, NetworkWorld
from tests.roles import there

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all

DAY = 86_400
STAKE, FEE, BOUNTY = 10**15, 10**14, 10**18


def test_a_network_is_opened_trained_and_delivered(
    trainable_networks: NetworkWorld, miner: KeyfileSigner, second_miner: KeyfileSigner, ckks: CkksPrivateKey
) -> None:
    """The whole way with a gradient that was really computed under encryption."""
    networks = trainable_networks
    campaign = networks.opened(target=800_000)
    opened = networks.record(campaign)
    model, public = networks.model(campaign)
    assert (opened.state, opened.start, opened.version) == (State.OPEN, 333_333, 0)
    assert model.key_fingerprint == public.fingerprint == ckks.fingerprint

    visit = networks.visit()
    networks.submit_digest(campaign, second_miner, b"\x07" * 32)  # nobody has it: the stake is burned
    networks.submit(campaign, miner, networks.envelope(campaign, miner, networks.gradient(campaign, visit)))
    networks.node.advance(901)
    networks.run()

    record, result = networks.record(campaign), networks.result(campaign)
    assert networks.verdicts(campaign) == [Verdict.UNAVAILABLE, Verdict.IMPROVED]
    assert (record.state, record.best, record.delivered) == (State.SETTLED, 800_000, True)
    _, entry = result.record
    assert (entry.miner, entry.base_version) == (miner.address, 0)
    assert (entry.score_ppm or 0) >= 800_000

    # The plaintext twin, with the step and the damping of the record.
    X = networks.schema.encode(networks.validation_table)
    exact = visit.gradient(networks.start)
    assert entry.damping is not None
    way = curved_steps(networks.family, networks.start, exact, X)[entry.damping]
    twin = candidate(networks.start, way, there(entry.step))
    assert np.abs(result.weights - twin).max() <= 1e-3 * np.abs(twin).max()
    np.testing.assert_array_equal(
        networks.family.predict(result.weights, X), networks.family.predict(twin, X)
    )

    # Every wei.
    claimed = {one.account: one.amount for one in networks.sonar_events(Claimed, campaign)}
    assert claimed[networks.capsule.address] == 2 * FEE
    for signer in (miner, networks.scientist):
        networks.transact(networks.node, signer, networks.sonar.calls.claim(campaign, signer.address))
    assert record.paid == BOUNTY * (800_000 - 333_333) // 800_000
    assert networks.node.balance(networks.sonar.address) == 0


def test_no_slope_at_all_is_no_gain_and_keeps_its_stake(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner
) -> None:
    campaign = networks.opened()
    tiny = np.zeros((32, 16))
    tiny[0, 0] = 1e-6
    networks.submit(campaign, miner, networks.envelope(campaign, miner, networks.made_up(campaign, tiny)))
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.NO_GAIN]
    assert networks.sonar.claimable(campaign, miner.address) == STAKE


def test_a_network_does_not_go_on_from_a_linear_model(networks: MadeUpNetworkWorld) -> None:
    earlier = networks.opened(networks.linear_spec())
    networks.node.advance(DAY)
    networks.run()
    assert networks.record(earlier).delivered
    campaign = networks.create(networks.spec(initial=FromCampaign(earlier)))
    networks.run()
    assert networks.declined_for(campaign) == Decline.SOURCE_UNUSABLE.value


def test_sealed_initial_weights_are_where_a_network_starts(networks: MadeUpNetworkWorld) -> None:
    weights = networks.family.drawn_weights()
    initial = networks.sealed_weights(weights)
    campaign = networks.opened(networks.spec(initial=initial, start_tolerance_ppm=1_000_000))
    networks.node.advance(DAY)
    networks.run()
    np.testing.assert_allclose(networks.result(campaign).weights, weights, atol=1e-6)


def test_initial_weights_that_no_mine_could_train_from_are_declined(networks: MadeUpNetworkWorld) -> None:
    """Honest slopes from there are too large for a ciphertext, which a mine cannot see. Both edges."""
    table = networks.validation_table
    X, y = networks.schema.encode(table), networks.schema.encode_labels(table)
    drawn = networks.family.drawn_weights()
    low, high = 1.0, 8.0
    for _ in range(20):
        middle = (low + high) / 2
        fits = networks.family.largest_slope(drawn * middle, X, y) <= LARGEST_SLOPE / 4
        low, high = (middle, high) if fits else (low, middle)
    spec = networks.spec(start_tolerance_ppm=1_000_000)
    large = networks.create(replace(spec, initial=networks.sealed_weights(drawn * high)))
    assert networks.run().failures == {}
    assert networks.declined_for(large) == Decline.UNTRAINABLE.value
    fitting = replace(spec, initial=networks.sealed_weights(drawn * low))
    assert networks.record(networks.opened(fitting)).state is State.OPEN


@pytest.mark.parametrize(("bound", "opens"), [(0.92, False), (0.94, True)])
def test_initial_weights_of_a_network_are_inside_the_declared_bound(
    networks: MadeUpNetworkWorld, bound: float, opens: bool
) -> None:
    """They are drawn and no zeros, the largest being 0.927: declined, not tried again for ever."""
    campaign = networks.create(networks.spec(weight_bound=bound))
    assert networks.run().failures == {}
    if opens:
        assert networks.record(campaign).state is State.OPEN
    else:
        assert networks.declined_for(campaign) == Decline.WEIGHTS_UNFIT.value


def test_a_bound_that_the_scheme_has_no_room_for_is_no_spec(networks: MadeUpNetworkWorld) -> None:
    assert networks.spec(weight_bound=64.0).weight_bound == 64.0
    with pytest.raises(ArtifactError, match="weight_bound"):
        networks.spec(weight_bound=64.1)
    with pytest.raises(ArtifactError, match="key_bits"):
        networks.spec(key_bits=2048)
    with pytest.raises(ArtifactError, match="scheme"):
        networks.spec(scheme="paillier")
