"""Campaigns whose rows are seen through a public feature map, drawn from the campaign's id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openmined_oracle.errors import Decline
from openmined_syft.affine import AffineMap
from openmined_syft.models.family import LinearFamily
from pysonar.chain.contract.types import State, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import Algorithm, ArtifactError, FromCampaign, Spec
from pysonar.protocol.schema import category_field, input_schema
from pysonar.scientist.result.estimator import Estimator
from tests.builders.feature_maps import EXAMPLES, algorithm_on
from tests.oracle.conftest import WideWorld
from tests.roles import there

FOURIER = algorithm_on("fourier")


def visit_of(wide: WideWorld, campaign: bytes, algorithm: Algorithm) -> AffineMap:
    """A mine's training, on features that are drawn from that id."""
    spec = wide.spec(algorithm=algorithm)
    family = spec.family_for(campaign)
    assert isinstance(family, LinearFamily)
    return family.visit(*wide.encoded(), there(spec.algorithm.training_rule()))


def estimator_of(wide: WideWorld, algorithm: Algorithm, campaign: bytes, drawn_from: bytes) -> Estimator:
    spec = wide.spec()
    weights = wide.result(campaign).weights
    return Estimator(weights, algorithm, spec.input_schema, spec.output_schema, "accuracy", drawn_from)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_model_on_features_is_trained_delivered_and_predicts_with_its_own_campaign_only(
    name: str, wide: WideWorld, miner: KeyfileSigner, tmp_path: Path
) -> None:
    algorithm = algorithm_on(name)
    campaign = wide.opened(wide.spec(algorithm=algorithm))
    assert wide.model(campaign)[0].shape == wide.spec(algorithm=algorithm).weights_shape
    gradient = wide.gradient(campaign, visit_of(wide, campaign, algorithm))
    wide.submit(campaign, miner, wide.envelope(campaign, miner, gradient))
    wide.run()
    wide.node.advance(86_400)
    wide.run()

    result = wide.result(campaign)
    assert wide.verdicts(campaign) == [Verdict.IMPROVED]
    assert result.final_ppm >= EXAMPLES[name].learns_ppm
    assert wide.record(campaign).state is State.SETTLED

    records = wide.validation_table
    own = estimator_of(wide, algorithm, campaign, campaign)
    own.save(tmp_path / "model.safetensors")
    loaded = Estimator.load(tmp_path / "model.safetensors")
    assert own.score(records) == loaded.score(records) == result.final_ppm / 1e6
    np.testing.assert_array_equal(loaded.predict(records), own.predict(records))
    seeds = [bytes([number]) * 32 for number in range(8)]
    others = [estimator_of(wide, algorithm, campaign, seed).score(records) for seed in seeds]
    if EXAMPLES[name].drawn:
        assert np.mean(others) <= loaded.score(records) - 0.04
    else:
        assert others == [loaded.score(records)] * 8


def test_a_linear_model_learns_nothing_from_the_same_rows(wide: WideWorld, miner: KeyfileSigner) -> None:
    """So it was the features that the other one learned from."""
    campaign = wide.opened()
    visit = visit_of(wide, campaign, wide.spec().algorithm)
    wide.submit(campaign, miner, wide.envelope(campaign, miner, wide.gradient(campaign, visit)))
    wide.run()
    assert wide.record(campaign).best <= 450_000


def test_weights_on_features_fit_no_other_campaign(wide: WideWorld) -> None:
    assert wide.spec(algorithm=FOURIER)
    with pytest.raises(ArtifactError, match="zeros"):
        wide.spec(algorithm=FOURIER, initial=FromCampaign(bytes(32)))


def narrow_model_of_many_columns(wide: WideWorld, rows: int) -> Spec:
    """16 features of 4,096 encoded columns: the model is small, what it is computed from is not."""
    many = input_schema({f"field {place}": category_field(list(range(1024))) for place in range(4)})
    validation = replace(wide.spec().validation, rows=rows, sealed=wide.store.put(b"never looked at"))
    return wide.spec(algorithm=FOURIER, input_schema=many, validation=validation)


def test_a_small_model_of_very_many_columns_is_declined_before_the_set_is_opened(wide: WideWorld) -> None:
    """200,000 records of 4 numbers from 0 to 1023 would become 6 GB before the map makes them few."""
    campaign = wide.create(narrow_model_of_many_columns(wide, 200_000))
    assert wide.run().failures == {}
    assert wide.declined_for(campaign).startswith(Decline.VALIDATION_TOO_LARGE.value)


def test_a_feature_map_that_would_fill_the_memory_is_declined(wide: WideWorld) -> None:
    """One record only, and 4,096 x 17 drawn numbers."""
    wide.home.capsule = replace(wide.home.capsule, max_cells=4_096 * 17 - 1)
    campaign = wide.create(narrow_model_of_many_columns(wide, 1))
    wide.run()
    assert wide.declined_for(campaign).startswith(Decline.TOO_LARGE.value)
    wide.home.capsule = replace(wide.home.capsule, max_cells=4_096 * 17)
    campaign = wide.create(narrow_model_of_many_columns(wide, 1))
    wide.run()
    assert not wide.declined_for(campaign).startswith(Decline.TOO_LARGE.value)
