"""Families with parameters in a spec: ridge, feature maps drawn from the campaign's id, and networks."""

import dataclasses

import numpy as np
import pytest

from openmined_syft.models.ridge import Ridge
from pysonar.protocol.artifacts import Algorithm, ArtifactError, FromCampaign, SealedWeights, Spec
from pysonar.protocol.artifacts.spec.algorithm import FAMILIES
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import class_label, input_schema, number_field, number_label, output_schema

FOURIER = {"name": "fourier", "count": 16, "gamma": 0.1}
CLASSES = output_schema("kind", class_label(["a", "b", "c"]))
NINE = input_schema({f"x{number}": number_field((-4, 4)) for number in range(9)})
ONE_CAMPAIGN, ANOTHER = bytes(32), b"\x01" * 32


@pytest.fixture
def fourier(spec: Spec) -> Spec:
    algorithm = Algorithm("one_vs_rest", parameters={"features": FOURIER})
    return dataclasses.replace(spec, algorithm=algorithm)


@pytest.fixture
def network(spec: Spec) -> Spec:
    return dataclasses.replace(
        spec,
        algorithm=Algorithm("mlp", parameters={"hidden": 16}),
        input_schema=NINE,
        output_schema=CLASSES,
        key_bits=16384,
        scheme="",
    )


def test_what_is_left_out_is_completed_and_written_down(spec):
    assert Algorithm("linear").rule["name"] == "gradient_descent"
    assert Algorithm("linear", {"steps": 7}).rule["steps"] == 7
    assert Algorithm("ridge").parameters == {"alpha": 1e-3}
    assert Algorithm("mlp").as_mapping() == {
        "family": "mlp",
        "parameters": {"hidden": 32, "seed": 0, "bias": True},
        "rule": {"name": "one_gradient"},
    }
    drawn = Algorithm("linear", parameters={"features": {"name": "fourier", "count": 8}})
    assert drawn.parameters["features"] == {"name": "fourier", "count": 8, "gamma": 0.01}


def test_a_ridge_spec_keeps_its_penalty(spec):
    made = dataclasses.replace(
        spec,
        algorithm=Algorithm("ridge", parameters={"alpha": 0.5}),
        output_schema=output_schema("y", number_label((0, 1))),
        metric="r2",
    )
    family = Spec.parse(made.to_bytes()).family_for(ONE_CAMPAIGN)
    assert isinstance(family, Ridge)
    assert family.penalty == 0.5


def test_features_are_drawn_from_the_campaigns_id(fourier):
    parsed = Spec.parse(fourier.to_bytes())
    assert parsed.weights_shape == (17, 3)
    rows = np.ones((1, 3))
    one, same, other = (
        parsed.family_for(campaign).design(rows) for campaign in (ONE_CAMPAIGN, ONE_CAMPAIGN, ANOTHER)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("initial", [FromCampaign(bytes(32)), SealedWeights(Cid(bytes([9]) * 32), bytes(32))])
def test_weights_for_other_features_are_no_start(fourier, initial):
    with pytest.raises(ArtifactError, match="drawn anew for each campaign") as caught:
        dataclasses.replace(fourier, initial=initial)
    assert caught.value.field == "initial"


@pytest.mark.parametrize(
    "features",
    [{"name": "fourier", "count": 0}, {"name": "fourier", "gamma": -1}, {"name": "fourier", "width": 3}],
)
def test_features_out_of_range_are_refused(spec, features):
    algorithm = Algorithm("one_vs_rest", parameters={"features": features})
    with pytest.raises(ArtifactError) as caught:
        dataclasses.replace(spec, algorithm=algorithm)
    assert caught.value.field == "algorithm"


def test_a_network_is_encrypted_with_ckks(network):
    parsed = Spec.parse(network.to_bytes())
    assert parsed == network
    assert (parsed.scheme, parsed.key_bits, parsed.weights_shape) == ("ckks", 16384, (32, 16))
    assert parsed.family_for(ONE_CAMPAIGN).name == "mlp"


def test_a_network_starts_at_the_same_weights_in_every_campaign(network):
    one, other = (network.family_for(campaign).initial_weights() for campaign in (ONE_CAMPAIGN, ANOTHER))
    np.testing.assert_array_equal(one, other)
    changed = dataclasses.replace(network, algorithm=Algorithm("mlp", parameters={"hidden": 16, "seed": 1}))
    assert np.abs(changed.family_for(ONE_CAMPAIGN).initial_weights() - one).max() > 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scheme": "paillier"}, "scheme"),
        ({"key_bits": 3072}, "key_bits"),
        ({"algorithm": Algorithm("mlp", parameters={"hidden": 17})}, "algorithm"),
        ({"algorithm": Algorithm("mlp", parameters={"seed": -1})}, "algorithm"),
        ({"metric": "r2"}, "metric"),
        ({"input_schema": input_schema({"x": number_field((0, 1))})}, "algorithm"),
        ({"output_schema": output_schema("y", number_label((0, 1)))}, "output_schema"),
    ],
)
def test_a_network_that_cannot_be_is_refused(network, changes, field):
    with pytest.raises(ArtifactError) as caught:
        dataclasses.replace(network, **changes)
    assert caught.value.field == field


def test_every_family_says_what_it_is_encrypted_with():
    assert {family: Algorithm(family).scheme for family in FAMILIES} == {
        **dict.fromkeys(["linear", "ridge", "logistic", "one_vs_rest"], "paillier"),
        "mlp": "ckks",
    }
