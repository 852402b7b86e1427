"""A mine and campaigns whose rows are seen through a feature map, drawn from the campaign's id."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.home import Home
from openmined_syft.errors import OpenMinedError
from openmined_syft.models.family import LinearFamily
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.types import Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import Algorithm
from pysonar.protocol.schema import category_field, input_schema
from pysonar.scientist.result.estimator import Estimator
from tests.builders.feature_maps import EXAMPLES, algorithm_on
from tests.json_types import JsonObject
from tests.mine.campaigns.small_capsule import Records, SmallCapsule
from tests.roles import Tell, there

FOURIER = algorithm_on("fourier")


@pytest.fixture
def agent(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Agent:
    home.data().add("colours", colours, replace=False)
    connection = Connection.open(home)
    return Agent(connection, connection.outbox(miner), tell=tell)


def round_of(agent: Agent, home: Home) -> tuple[list[OpenMinedError], list[Submitted]]:
    """A round: its errors, and all that was submitted so far."""
    errors = list(agent.round())
    connection = Connection.open(home)
    while rpc.nonce(connection.web3, home.address) < rpc.nonce(connection.web3, home.address, "pending"):
        time.sleep(0.02)
    connection.read_events()
    history = [entry.event for entry in connection.follower.history(Submitted)]
    return errors, [event for event in history if isinstance(event, Submitted)]


def twin(
    capsule: SmallCapsule, algorithm: Algorithm, rows: Records, weights: np.ndarray, drawn_from: bytes
) -> np.ndarray:
    """The same training in plain numpy."""
    X = np.array([row[:3] for row in rows])
    y = np.array([capsule.CLASSES.index(row[3]) for row in rows])
    family = algorithm.build(capsule.spec().schema, drawn_from)
    assert isinstance(family, LinearFamily)
    return family.visit(X, y, there(algorithm.training_rule()))(weights)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_model_on_features_is_trained_and_predicts_with_its_own_campaign_only(
    name: str,
    agent: Agent,
    home: Home,
    small_capsule: SmallCapsule,
    rows: Records,
    tmp_path: Path,
    colours: Path,
) -> None:
    algorithm = algorithm_on(name)
    spec = small_capsule.spec(algorithm=algorithm)
    campaign = small_capsule.open(spec)
    expected = np.zeros(spec.weights_shape)
    for accuracy in (500_000, 600_000):
        errors, submitted = round_of(agent, home)
        assert errors == []
        small_capsule.report(campaign, home.address, submitted[-1].update, Verdict.IMPROVED, accuracy)
        expected = twin(small_capsule, algorithm, rows, expected, campaign)
        assert np.abs(small_capsule.weights[campaign] - expected).max() < 1e-5
        round_of(agent, home)  # it notices the verdict
    assert len(submitted) == 2

    documents = spec.input_schema, spec.output_schema
    weights = small_capsule.weights[campaign]
    Estimator(weights, algorithm, *documents, "accuracy", campaign).save(tmp_path / "model.safetensors")
    loaded = Estimator.load(tmp_path / "model.safetensors")
    assert loaded.score(colours) >= 0.9
    if EXAMPLES[name].drawn:
        other = twin(small_capsule, algorithm, rows, np.zeros(spec.weights_shape), bytes(32))
        assert np.abs(expected - other).max() > 0.01
        others = [Estimator(weights, algorithm, *documents, "accuracy", bytes([n]) * 32) for n in range(8)]
        assert np.mean([other.score(colours) for other in others]) <= 0.7  # guessing is 0.33


def test_a_small_model_of_very_many_columns_is_refused(
    agent: Agent, home: Home, small_capsule: SmallCapsule
) -> None:
    """16 features of 4,096 columns are a small model, which each row has to be multiplied out for."""
    many = input_schema({name: category_field(list(range(1024))) for name in ("a", "b", "c", "name")})
    small_capsule.open(small_capsule.spec(algorithm=FOURIER, input_schema=many))
    wider = input_schema({**many_fields(5), "a": category_field([0, 1])})
    small_capsule.open(small_capsule.spec(algorithm=FOURIER, input_schema=wider), salt=b"\x01" * 32)
    errors, submitted = round_of(agent, home)
    assert [type(error).__name__ for error in errors] == ["BadValueError", "ArtifactError"]
    assert "5122 inputs; at most 4096 inputs" in str(errors[1])
    assert submitted == []


def many_fields(count: int) -> JsonObject:
    return {f"field {place}": category_field(list(range(1024))) for place in range(count)}
