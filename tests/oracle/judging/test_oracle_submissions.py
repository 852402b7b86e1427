"""What becomes of each kind of submission: good, worthless, hostile, missing; and what nobody sees."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import gmpy2
import numpy as np
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.paillier.cipher_array import CipherArray
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import PrivateKey, PublicKey, generate_keypair
from openmined_syft.paillier.training import train
from pysonar.chain.contract.events import Improved
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts.gradient import PrivacyStatement
from pysonar.protocol.artifacts.spec.spec import PrivacyFloor
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey, seal
from tests.json_types import JsonObject
from tests.oracle.capsule_world import World

STAKE, FEE = 10**15, 10**14


@pytest.fixture(scope="session")
def other_paillier() -> PrivateKey:
    return generate_keypair(2048)


def assert_malformed(world: World, campaign: bytes, why: str) -> None:
    before = world.record(campaign)
    agent = world.run()
    after = world.record(campaign)
    assert agent.failures == {}
    assert world.verdicts(campaign)[-1] is Verdict.MALFORMED
    assert (after.best, after.version) == (before.best, before.version)
    assert after.forfeited == before.forfeited + 1
    assert why in world.reason(campaign)


def assert_useless(world: World, campaign: bytes, why: str) -> None:
    """No gain, no stake burned, nothing said: what was decrypted is for nobody to ask about."""
    before = world.record(campaign)
    agent = world.run()
    after = world.record(campaign)
    assert agent.failures == {}
    assert world.verdicts(campaign)[-1] is Verdict.NO_GAIN
    assert (after.best, after.version, after.forfeited) == (before.best, before.version, before.forfeited)
    assert why in world.reason(campaign)


def with_ciphertexts(gradient: EncryptedGradient, ciphertexts: list[int]) -> EncryptedGradient:
    array = CipherArray(gradient.key_fingerprint, gradient.array.key_bits, tuple(ciphertexts))
    return replace(gradient, array=array)


def zero_visit() -> AffineMap:
    """A mine that learns nothing: W -> W."""
    return AffineMap(np.eye(5), np.zeros((5, 3)))


# --- sound ones ------------------------------------------------------------------------------------------


def test_a_gradient_that_changes_nothing_is_no_gain_and_keeps_its_stake(
    world: World, miner: KeyfileSigner
) -> None:
    campaign = world.opened()
    world.submit(campaign, miner, world.envelope(campaign, miner, world.gradient(campaign, zero_visit())))
    world.run()
    assert world.verdicts(campaign) == [Verdict.NO_GAIN]
    assert world.record(campaign).version == 0
    assert world.sonar.claimable(campaign, miner.address) == STAKE


def test_the_same_gradient_again_may_only_gain_by_measure(world: World, miner: KeyfileSigner) -> None:
    """A miner may repeat their own submission; it is measured like any other, on the model it improved."""
    campaign = world.opened()
    cid = world.submit(campaign, miner)
    world.submit_digest(campaign, miner, cid.digest)
    world.run()
    first, second = world.verdicts(campaign)
    assert first is Verdict.IMPROVED
    assert second in (Verdict.IMPROVED, Verdict.NO_GAIN)


def test_a_step_that_leaves_the_bound_is_no_gain(world: World, miner: KeyfileSigner) -> None:
    """Every step leaves the bound of 8: such a model could not be encrypted, but nothing is malformed."""
    campaign = world.opened(world.spec(steps=(1.0, 2.0)))
    far = AffineMap(np.eye(5), np.full((5, 3), 9.0))
    world.submit(campaign, miner, world.envelope(campaign, miner, world.gradient(campaign, far)))
    world.run()
    assert world.verdicts(campaign) == [Verdict.NO_GAIN]


# --- unusable ones ---------------------------------------------------------------------------------------


def test_bytes_that_are_no_message(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit_bytes(campaign, miner, b"no OpenPGP message")
    assert_malformed(world, campaign, "")


def test_a_gradient_sealed_to_somebody_else(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    other = SecretKey.generate("other")
    world.submit_bytes(campaign, miner, world.envelope(campaign, miner).seal(other.certificate))
    assert_malformed(world, campaign, "not to a key of")


def test_a_sealed_message_that_is_no_gradient(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit_bytes(campaign, miner, seal(b"\xa0", [world.own.certificate]))
    assert_malformed(world, campaign, "gradient")


def test_a_message_that_was_cut_off(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit_bytes(campaign, miner, world.envelope(campaign, miner).seal(world.own.certificate)[:-40])
    assert_malformed(world, campaign, "")


def test_an_artifact_larger_than_a_gradient_can_be(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    world.submit_bytes(campaign, miner, b"\0" * 200_000)
    assert_malformed(world, campaign, "larger than a gradient")


def test_a_copied_submission_is_worthless(
    any_world: World, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    """The copy attack: the very bytes of another miner, first in the queue."""
    world = any_world
    campaign = world.opened()
    sealed = world.envelope(campaign, miner).seal(world.own.certificate)
    world.submit_bytes(campaign, second_miner, sealed)
    world.submit_bytes(campaign, miner, sealed)
    world.run()
    assert world.verdicts(campaign) == [Verdict.MALFORMED, Verdict.IMPROVED]
    assert "miner" in world.reason(campaign, 0)
    assert world.sonar.claimable(campaign, second_miner.address) == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"chain_id": 1}, "chain_id"),
        ({"contract": "0x" + "77" * 20}, "contract"),
        ({"campaign": b"\x07" * 32}, "campaign"),
        ({"miner": "0x" + "77" * 20}, "miner"),
        ({"base": Cid(b"\x07" * 32)}, "no such version"),
    ],
    ids=["chain", "contract", "campaign", "miner", "base"],
)
def test_a_gradient_made_for_another_place(
    world: World, miner: KeyfileSigner, changes: JsonObject, why: str
) -> None:
    campaign = world.opened()
    world.submit(campaign, miner, replace(world.envelope(campaign, miner), **changes))
    assert_malformed(world, campaign, why)


def test_a_base_version_that_does_not_exist(world: World, miner: KeyfileSigner) -> None:
    campaign = world.opened()
    gradient = replace(world.gradient(campaign), base_version=1)
    world.submit(campaign, miner, world.envelope(campaign, miner, gradient))
    assert_malformed(world, campaign, "no such version")


def test_a_gradient_under_another_key(world: World, miner: KeyfileSigner, other_paillier: PrivateKey) -> None:
    campaign = world.opened()
    model, _ = world.model(campaign)
    other = EncryptedModel.encrypt(
        np.zeros((5, 3)), other_paillier, version=0, weight_bound=8.0, layout=model.layout
    )
    gradient = train(other, other_paillier.public, world.visit())
    world.submit(campaign, miner, world.envelope(campaign, miner, gradient))
    assert_malformed(world, campaign, "key")


def test_a_gradient_under_another_key_that_says_it_is_ours(
    world: World, miner: KeyfileSigner, paillier: PrivateKey, other_paillier: PrivateKey
) -> None:
    """Ciphertexts of another key decrypt to noise; that shows after decryption only, so no stake burns."""
    campaign = world.opened()
    good = world.gradient(campaign)
    foreign = other_paillier.public
    noise = int(gmpy2.powmod(3, foreign.n, foreign.n_squared)) % int(paillier.public.n_squared)
    forged = [noise] * len(good.ciphertexts)
    world.submit(campaign, miner, world.envelope(campaign, miner, with_ciphertexts(good, forged)))
    assert_useless(world, campaign, "slot")


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda key: 0, "outside 1 <= c < n^2"),
        (lambda key: int(key.n_squared), "outside 1 <= c < n^2"),
        (lambda key: int(key.n), "shares a factor"),
    ],
    ids=["zero", "n squared", "n"],
)
def test_a_ciphertext_out_of_range(
    world: World, miner: KeyfileSigner, forge: Callable[[PublicKey], int], why: str
) -> None:
    campaign = world.opened()
    good, public = world.gradient(campaign), world.model(campaign)[1]
    forged = [*good.ciphertexts[:-1], forge(public)]
    world.submit(campaign, miner, world.envelope(campaign, miner, with_ciphertexts(good, forged)))
    assert_malformed(world, campaign, why)


def test_a_slot_above_the_declared_bound(world: World, miner: KeyfileSigner) -> None:
    """Whether it is above depends on the weights: a burned stake would be an answer."""
    campaign = world.opened()
    gradient = replace(world.gradient(campaign), bound_bits=3)
    world.submit(campaign, miner, world.envelope(campaign, miner, gradient))
    assert_useless(world, campaign, "declared")


@pytest.mark.parametrize(("norm", "applied"), [(9.99, 9.99), (10.01, 10.0), (1000.0, 10.0)])
def test_a_gradient_longer_than_the_spec_s_norm_is_scaled_down_and_nobody_blamed(
    world: World, miner: KeyfileSigner, paillier: PrivateKey, norm: float, applied: float
) -> None:
    """Else a scientist who asks for a tiny norm has the stakes of honest miners burned."""
    campaign = world.opened(world.spec(difference_norm=10.0, weight_bound=1024.0, steps=(1.0,)))
    offset = np.zeros((5, 3))
    offset[0, 0], offset[1, 0] = 0.6 * norm, -0.8 * norm
    gradient = world.gradient(campaign, AffineMap(np.eye(5), offset))
    world.submit(campaign, miner, world.envelope(campaign, miner, gradient))
    world.run()
    assert world.verdicts(campaign) == [Verdict.IMPROVED]
    model, _ = world.model(campaign)
    assert np.linalg.norm(model.decrypt(paillier)) == pytest.approx(applied, abs=1e-5)


def test_another_packing_than_the_model_s(world: World, miner: KeyfileSigner, paillier: PrivateKey) -> None:
    campaign = world.opened()
    other = EncryptedModel.encrypt(np.zeros((5, 3)), paillier, version=0, weight_bound=64.0)
    assert other.layout != world.model(campaign)[0].layout
    gradient = train(other, paillier.public, world.visit())
    world.submit(campaign, miner, world.envelope(campaign, miner, gradient))
    assert_malformed(world, campaign, "packing")


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        (None, Verdict.MALFORMED),
        (PrivacyStatement(1.01, 1e-6), Verdict.MALFORMED),
        (PrivacyStatement(1.0, 2e-6), Verdict.MALFORMED),
        (PrivacyStatement(1.0, 1e-6), Verdict.IMPROVED),
    ],
)
def test_the_privacy_floor_of_the_spec(
    world: World, miner: KeyfileSigner, stated: PrivacyStatement | None, verdict: Verdict
) -> None:
    campaign = world.opened(world.spec(privacy_floor=PrivacyFloor(1.0, 1e-6)))
    world.submit(campaign, miner, world.envelope(campaign, miner, privacy=stated))
    world.run()
    assert world.verdicts(campaign) == [verdict]


# --- what is said ----------------------------------------------------------------------------------------


def test_nothing_is_said_of_a_submission_that_was_not_paid(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in what the agent tells nor in any log: no score, no step, no norm, no reason."""
    caplog.set_level(logging.DEBUG)
    campaign = world.opened()
    world.told.clear()
    world.submit(campaign, miner, world.envelope(campaign, miner, world.gradient(campaign, zero_visit())))
    world.submit(campaign, second_miner, world.envelope(campaign, second_miner, chain_id=5))
    world.run()

    said = [details for event, _, details in world.told if event == "verdict"]
    assert said == [
        {"index": 0, "miner": miner.address, "verdict": "NO_GAIN"},
        {"index": 1, "miner": second_miner.address, "verdict": "MALFORMED"},
    ]
    everything = caplog.text + repr(world.told)
    assert "333333" not in everything
    assert "chain_id" not in everything.replace("eth_chainId", "")


def test_the_scientist_learns_everything_and_the_chain_does_not(
    world: World, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    campaign = world.opened()
    world.submit(campaign, miner, world.envelope(campaign, miner, world.gradient(campaign, zero_visit())))
    world.submit(campaign, second_miner)
    world.run()
    world.node.advance(86_400)
    world.run()

    no_gain, improved = world.result(campaign).record
    assert (no_gain.verdict, no_gain.score_ppm, no_gain.step) == ("NO_GAIN", 333_333, 2.0)
    assert improved.score_ppm == world.record(campaign).best
    (event,) = world.sonar_events(Improved, campaign)
    assert event.accuracy == improved.score_ppm


def test_an_accuracy_above_the_target_is_reported_as_the_target(world: World, miner: KeyfileSigner) -> None:
    """What lies above the target is not paid, so it is not said either."""
    campaign = world.opened(target=700_000)
    world.submit(campaign, miner)
    agent = world.run()
    assert agent.context.journal.verdicts(campaign)[0].accuracy == 700_000  # what is in the call data
    assert world.sonar_events(Improved, campaign)[0].accuracy == 700_000
    assert (world.result(campaign).record[0].score_ppm or 0) > 700_000
