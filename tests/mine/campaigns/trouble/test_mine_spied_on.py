"""Strangers who want to know what a mine has, or keep it from its work, without ever being allowed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mine_agent.agent import Agent
from mine_agent.connection import Connection
from mine_agent.home import Home
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import ArtifactError
from pysonar.protocol.cid import Cid
from tests.builders.answers import EVERYTHING
from tests.builders.changes import with_fields
from tests.builders.opaque import as_model
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell


def agent_of(home: Home, miner: KeyfileSigner, tell: Tell, colours: Path) -> Agent:
    home.data().add("colours", colours, replace=False)
    connection = Connection.open(home)
    return Agent(connection, connection.outbox(miner), tell=tell)


def digests(small_capsule: SmallCapsule, campaign: bytes) -> tuple[Cid, Cid, Cid]:
    record = small_capsule.sonar.campaign(campaign)
    spec, key, model = (Cid.from_bytes32(d) for d in (record.terms.spec, record.public_key, record.model))
    return spec, key, model


@pytest.mark.parametrize("rule", ["scientists", "capsules"])
def test_nothing_of_a_campaign_by_somebody_not_allowed_is_fetched(
    rule: str,
    make_home: Callable[..., Home],
    miner: KeyfileSigner,
    tell: Tell,
    colours: Path,
    small_capsule: SmallCapsule,
    asked: list[Cid],
) -> None:
    """Specs that nobody has, a thousand of them, would keep a mine looking for them all day."""
    small_capsule.open()
    home = make_home(answers=with_fields(EVERYTHING, {rule: ()}))
    assert agent_of(home, miner, tell, colours).round() == []
    assert asked == []


def test_key_and_model_are_not_asked_for_by_a_mine_without_the_data(
    home: Home, miner: KeyfileSigner, tell: Tell, colours: Path, small_capsule: SmallCapsule, asked: list[Cid]
) -> None:
    """Who fetches a model has the data for it; who has not fetches what everybody fetches, the spec."""
    from pysonar.protocol.schema import input_schema, number_field

    other = small_capsule.open(
        small_capsule.spec(input_schema=input_schema({"elsewhere": number_field((0.0, 1.0))}))
    )
    agent = agent_of(home, miner, tell, colours)
    assert agent.round() == []
    spec, _, _ = digests(small_capsule, other)
    assert asked == [spec]


def test_a_packing_of_capsules_own_choice_is_refused(
    home: Home, miner: KeyfileSigner, tell: Tell, colours: Path, small_capsule: SmallCapsule
) -> None:
    """One row in each ciphertext, and numbers far beyond the bound in the model, which only the key's owner
    sees: with that, one gradient tells the whole matrix of the mine's training, as is shown first.
    """
    import numpy as np

    from openmined_syft.affine import AffineMap
    from openmined_syft.paillier.cipher_array import decrypt_integers, encrypt_integers
    from openmined_syft.paillier.encrypted import EncryptedModel
    from openmined_syft.paillier.layout import Layout
    from openmined_syft.paillier.training import train
    from pysonar.protocol.artifacts import ModelArtifact

    key, width = small_capsule.key, 120
    chosen = Layout((4, 3), 2048, 60, 1, 3)
    honest = EncryptedModel.encrypt(np.zeros((4, 3)), key, version=0, weight_bound=8.0, layout=chosen)
    spying = replace(honest, array=encrypt_integers([1 << (width * row) for row in range(4)], key))
    secret = np.arange(16.0).reshape(4, 4) / 16 + np.eye(4)
    gradient = train(spying, key.public, AffineMap(secret, np.zeros((4, 3))))
    mask, numbers = (1 << width) - 1, [int(m) for m in decrypt_integers(gradient.array, key)]
    told = np.array([[m >> (width * j) & mask for j in range(4)] for m in numbers], dtype=np.float64)
    np.testing.assert_allclose(np.ldexp(told, -chosen.map_bits), secret - np.eye(4), atol=1e-6)

    campaign = small_capsule.opened_with(model=ModelArtifact(as_model(spying)).to_bytes())
    (error,) = agent_of(home, miner, tell, colours).round()
    assert isinstance(error, ArtifactError)
    assert error.field == "layout"
    assert small_capsule.sonar.campaign(campaign).submitted == 0
