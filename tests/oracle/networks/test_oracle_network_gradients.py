"""Hostile gradients of networks: what is malformed burns its stake. What an honest mine could make without
knowing, because it cannot see the weights, does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.ckks.encrypted import EncryptedNetworkGradient
from openmined_syft.ckks.keys import CkksPrivateKey, encrypt_for_owner
from openmined_syft.ckks.seal import from_bytes
from openmined_syft.ckks.slots import gradient_vector
from openmined_syft.errors import KernelError
from openmined_syft.models.curvature import curved_steps
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import PrivateKey
from openmined_syft.paillier.training import train
from openmined_syft.schemes.ckks import CkksScheme
from openmined_syft.seal_bindings import to_bytes
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.builders.opaque import SomeGradient
from tests.oracle.capsule_world import World
from tests.oracle.networks.network_world import MadeUpNetworkWorld, NetworkWorld

pytestmark = pytest.mark.slow  # networks under encryption: minutes in all

LEVEL = 7  # what is left of the modulus when a gradient is done


def assert_malformed_and_the_queue_goes_on(
    world: World, campaign: bytes, miner: KeyfileSigner, why: str
) -> None:
    """The stake is burned, nothing of the model has changed, and what is behind it in the queue counts."""
    world.submit(campaign, miner)
    assert world.run().failures == {}
    record = world.record(campaign)
    assert world.verdicts(campaign) == [Verdict.MALFORMED, Verdict.IMPROVED]
    assert (record.version, record.forfeited) == (1, 1)
    assert why in world.reason(campaign, 0)


def of_paillier(world: World, campaign: bytes, paillier: PrivateKey) -> EncryptedGradient:
    model = EncryptedModel.encrypt(np.zeros((32, 16)), paillier, version=0, weight_bound=8.0)
    return train(model, paillier.public, AffineMap(np.eye(32) / 2, np.zeros((32, 16))))


def of_another_size(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    good = world.gradient(campaign)
    return replace(good, network=replace(good.network, n_features=10))


def under_another_key(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    other = CkksPrivateKey.generate()
    good = world.made_up(campaign, world.slope(), key=other)
    return replace(good, key_fingerprint=other.fingerprint)


def under_another_key_that_says_it_is_ours(
    world: NetworkWorld, campaign: bytes, _: object
) -> EncryptedNetworkGradient:
    return world.made_up(campaign, world.slope(), key=CkksPrivateKey.generate())


def of_random_bytes(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    return replace(world.gradient(campaign), ciphertext=os.urandom(131_000))


def with_random_bytes_after_the_header(
    world: NetworkWorld, campaign: bytes, _: object
) -> EncryptedNetworkGradient:
    good = world.gradient(campaign)
    return replace(good, ciphertext=good.ciphertext[:64] + os.urandom(len(good.ciphertext) - 64))


def cut_off(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    good = world.gradient(campaign)
    return replace(good, ciphertext=good.ciphertext[:-1000])


def at_another_level(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    good = world.gradient(campaign)
    (early,) = encrypt_for_owner([(np.zeros(8192), LEVEL - 1)], world.ckks)
    return replace(good, ciphertext=early)


def at_a_scale_that_is_no_number(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    """Every slot would decrypt to NaN."""
    good = world.gradient(campaign)
    ciphertext = from_bytes("Ciphertext", good.ciphertext)
    ciphertext.scale = float("nan")
    return replace(good, ciphertext=to_bytes(ciphertext))


def with_a_huge_slope(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    return world.made_up(campaign, np.full((32, 16), 20_000.0) * world.family.used)


def with_something_outside_its_slots(
    world: NetworkWorld, campaign: bytes, _: object
) -> EncryptedNetworkGradient:
    vector = gradient_vector(world.family, world.slope())
    empty = np.flatnonzero(gradient_vector(world.family, world.family.used) == 0)
    vector[empty[len(empty) // 3]] = 0.01
    return world.made_up_vector(campaign, vector)


def with_something_imaginary(world: NetworkWorld, campaign: bytes, _: object) -> EncryptedNetworkGradient:
    vector = gradient_vector(world.family, world.slope())
    vector[0] += 0.01j
    return world.made_up_vector(campaign, vector)


FORGERIES: dict[Callable[..., object], str] = {
    of_paillier: "scheme",
    of_another_size: "the model is",
    under_another_key: "is for key",
    of_random_bytes: "not a Ciphertext",
    with_random_bytes_after_the_header: "not a Ciphertext",
    cut_off: "not a Ciphertext",
    at_another_level: "level",
    at_a_scale_that_is_no_number: "",
}

# From large weights, an honest gradient is too large for its slots and spills over: it looks the same.
USELESS: dict[Callable[..., object], str] = {
    under_another_key_that_says_it_is_ours: "slot",
    with_a_huge_slope: "16384",
    with_something_outside_its_slots: "slot",
    with_something_imaginary: "slot",
}


@pytest.mark.parametrize("forged", FORGERIES, ids=lambda forged: forged.__name__)
def test_a_gradient_that_is_unusable_is_malformed(
    forged: Callable[..., SomeGradient],
    networks: MadeUpNetworkWorld,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
    paillier: PrivateKey,
) -> None:
    campaign = networks.opened()
    gradient = forged(networks, campaign, paillier)
    scheme = "paillier" if forged is of_paillier else "ckks"
    envelope = networks.envelope(campaign, miner, gradient, scheme=scheme)
    networks.submit(campaign, miner, envelope)
    assert_malformed_and_the_queue_goes_on(networks, campaign, second_miner, FORGERIES[forged])
    assert networks.sonar.claimable(campaign, miner.address) == 0


@pytest.mark.parametrize("forged", USELESS, ids=lambda forged: forged.__name__)
def test_a_gradient_with_numbers_of_no_use_is_no_gain_and_burns_no_stake(
    forged: Callable[..., SomeGradient],
    networks: MadeUpNetworkWorld,
    miner: KeyfileSigner,
    second_miner: KeyfileSigner,
) -> None:
    campaign = networks.opened()
    networks.submit(campaign, miner, networks.envelope(campaign, miner, forged(networks, campaign, None)))
    networks.submit(campaign, second_miner)
    assert networks.run().failures == {}
    assert networks.verdicts(campaign) == [Verdict.NO_GAIN, Verdict.IMPROVED]
    assert networks.record(campaign).forfeited == 0
    assert USELESS[forged] in networks.reason(campaign, 0)


def test_a_machine_that_decrypts_nothing_right_blames_no_gradient(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with NO_GAIN: a fee and a gain would be lost by what is this machine's own trouble."""

    def unsound(_self: object, _key: object) -> None:
        raise KernelError("this machine decrypts nothing right")

    campaign = networks.opened()
    huge = with_a_huge_slope(networks, campaign, None)
    networks.submit(campaign, miner, networks.envelope(campaign, miner, huge))
    with monkeypatch.context() as patch:
        patch.setattr(CkksScheme, "require_sound", unsound)
        assert isinstance(networks.run().failures[campaign], KernelError)
    assert networks.verdicts(campaign) == []
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.NO_GAIN]


def towards(world: NetworkWorld, goal: np.ndarray) -> np.ndarray:
    """The made-up slope that Capsule, with damping 1 and step 1/8, follows from the start to the goal.

    A rival does not know Capsule's rows, but has similar ones.
    """
    network, start = world.family, world.start
    first, second = network.split(start)
    rows = network.design(world.encoded(rows=2000, seed=5)[0])
    hidden = rows @ first
    step = 8 * (goal - start)
    one, two = step[: network.inputs_padded], step[network.inputs_padded :].T
    scores = 2 * hidden * (rows @ one) @ second + hidden**2 @ two
    bent = np.vstack([rows.T @ (2 * hidden * (scores @ second.T)), scores.T @ hidden**2]) / len(rows)
    return -(bent + step) * network.used


def good_weights(world: NetworkWorld) -> np.ndarray:
    """After one honest visit."""
    X, _ = world.encoded(rows=512, seed=5)
    slope = world.family.visit(*world.encoded(rows=512, seed=5)).gradient(world.start)
    return world.start + curved_steps(world.family, world.start, slope, X)[0.01]


def test_nobody_can_take_a_network_where_no_other_mine_can_train_it(
    trainable_networks: NetworkWorld, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    """With eight times the weights of the first layer the classes stay the same. But honest slopes from there
    are too large for a ciphertext: whoever got there would have all that is left to earn for themselves.
    """
    networks = trainable_networks
    inputs = networks.family.inputs_padded
    good = good_weights(networks)
    huge = np.vstack([good[:inputs] * 8, good[inputs:]])
    assert networks.family.largest_slope(huge, *networks.encoded()) > 16_384
    campaign = networks.opened(networks.spec(difference_norm=1000.0))
    made_up = networks.made_up(campaign, towards(networks, huge))
    networks.submit(campaign, miner, networks.envelope(campaign, miner, made_up))
    networks.submit(campaign, second_miner)
    networks.run()
    assert networks.verdicts(campaign) == [Verdict.NO_GAIN, Verdict.IMPROVED]
    assert "none could train from there" in networks.reason(campaign, 0)
    assert networks.record(campaign).forfeited == 0


def test_a_network_s_gradient_is_worthless_in_a_linear_campaign(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner
) -> None:
    linear = networks.opened(networks.linear_spec())
    wrong = networks.made_up(linear, networks.slope())
    small = wrong.ciphertext[:3000]  # what fits into a linear gradient's place
    networks.submit(linear, miner, networks.envelope(linear, miner, replace(wrong, ciphertext=small)))
    assert networks.run().failures == {}
    assert networks.verdicts(linear) == [Verdict.MALFORMED]
    assert "scheme" in networks.reason(linear)


@pytest.mark.parametrize("norm", [99.5, 100.5, 1000.0])
def test_a_slope_longer_than_the_norm_of_the_spec_is_no_reason_to_burn_a_stake(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, norm: float
) -> None:
    campaign = networks.opened()
    large = networks.slope()
    gradient = networks.made_up(campaign, large * (norm / np.linalg.norm(large)))
    networks.submit(campaign, miner, networks.envelope(campaign, miner, gradient))
    networks.run()
    assert networks.verdicts(campaign)[0] in (Verdict.IMPROVED, Verdict.NO_GAIN)
    assert networks.record(campaign).forfeited == 0


def test_more_bytes_than_a_gradient_can_have_are_not_fetched(
    networks: MadeUpNetworkWorld, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = networks.opened()
    networks.submit_bytes(campaign, miner, bytes(400_000))
    assert_malformed_and_the_queue_goes_on(networks, campaign, second_miner, "larger than a gradient")
