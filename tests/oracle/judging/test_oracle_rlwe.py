"""Gradients under ring-LWE that are not what they should be: form burns a stake, noise does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, cast

import numpy as np
import pytest

from openmined_syft.affine import AffineMap
from openmined_syft.rlwe.gradient import RlweGradient
from openmined_syft.rlwe.keys import RlwePrivateKey, RlwePublicKey
from openmined_syft.rlwe.model import RlweModel
from openmined_syft.rlwe.training import train
from openmined_syft.rlwe.wire import pack_wide, unpack_wide
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts.spec.algorithm import Algorithm
from pysonar.protocol.artifacts.spec.spec import Spec
from tests.oracle.capsule_world import World

STAKE = 10**15


class RlweWorld(World):
    """The same campaign, its model under ring-LWE."""

    scheme: ClassVar[str] = "rlwe"

    def spec(self, **changes: object) -> Spec:
        named = Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 20}, scheme="rlwe")
        return super().spec(**({"algorithm": named, "key_bits": 8192} | changes))  # type: ignore[arg-type]

    def trained(self, campaign: bytes, visit: AffineMap | None = None) -> RlweGradient:
        """What an honest mine makes of the newest version."""
        model, public = cast("tuple[RlweModel, RlwePublicKey]", self.model(campaign))
        return train(model, public, visit or self.visit())


@pytest.fixture
def rlwe(world: World) -> RlweWorld:
    made: RlweWorld = RlweWorld(**vars(world))
    made.generate = lambda *_: RlwePrivateKey.generate()
    return made


def noisier(gradient: RlweGradient, by: int) -> RlweGradient:
    """One coefficient off by so many units of 2^-12 of an integer."""
    bits = gradient.layout.answer_bits
    low, high = unpack_wide(gradient.c0, len(gradient.c0) * 8 // bits, bits, "c0")
    moved = low.copy()
    moved[3] = (moved[3] + np.uint64(by)) & np.uint64((1 << min(64, bits)) - 1)
    return replace(gradient, c0=pack_wide(moved, high, bits))


def judged(rlwe: RlweWorld, miner: KeyfileSigner, forge: Callable[[RlweGradient], RlweGradient]) -> bytes:
    """A campaign after one submission that was forged."""
    campaign = rlwe.opened()
    gradient = forge(rlwe.trained(campaign))
    rlwe.submit(campaign, miner, rlwe.envelope(campaign, miner, gradient))
    assert rlwe.run().failures == {}
    assert rlwe.record(campaign).version == 0
    return campaign


def test_an_honest_gradient_is_paid(rlwe: RlweWorld, miner: KeyfileSigner) -> None:
    campaign = rlwe.opened()
    rlwe.submit(campaign, miner, rlwe.envelope(campaign, miner, rlwe.trained(campaign)))
    rlwe.run()
    assert rlwe.verdicts(campaign) == [Verdict.IMPROVED]


@pytest.mark.parametrize("by", [1100, 2047])
def test_noise_above_its_bound_is_no_gain_and_burns_no_stake(
    rlwe: RlweWorld, miner: KeyfileSigner, by: int
) -> None:
    campaign = judged(rlwe, miner, lambda gradient: noisier(gradient, by))
    assert rlwe.verdicts(campaign) == [Verdict.NO_GAIN]
    assert rlwe.record(campaign).forfeited == 0
    assert rlwe.sonar.claimable(campaign, miner.address) == STAKE
    assert "noise" in rlwe.reason(campaign)


def more_answers(gradient: RlweGradient) -> RlweGradient:
    """An answer for each row: it could be decrypted, and is five times as long."""
    layout = replace(gradient.layout, rows=1)
    return replace(gradient, layout=layout, c1=gradient.c1 * (layout.answers // gradient.layout.answers))


def smaller_blocks(gradient: RlweGradient) -> RlweGradient:
    """As long as the chosen one, and said to be of a model that is cut up otherwise."""
    return replace(gradient, layout=replace(gradient.layout, block=gradient.layout.block - 1))


@pytest.mark.parametrize(("forge", "why"), [(more_answers, "larger than"), (smaller_blocks, "packing is")])
def test_another_layout_than_the_chosen_one_is_malformed(
    rlwe: RlweWorld, miner: KeyfileSigner, forge: Callable[[RlweGradient], RlweGradient], why: str
) -> None:
    campaign = judged(rlwe, miner, forge)
    assert rlwe.verdicts(campaign) == [Verdict.MALFORMED]
    assert rlwe.record(campaign).forfeited == 1
    assert why in rlwe.reason(campaign)
