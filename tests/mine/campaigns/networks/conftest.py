"""Campaigns of networks by the small Capsule, and a mine whose owner lets them learn there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
import pytest

from mine_agent.home import Home
from openmined_syft.ckks.encrypted import EncryptedNetwork
from openmined_syft.ckks.keys import CkksPrivateKey, CkksPublicKey
from openmined_syft.models.network import SquareNetwork
from openmined_syft.schemes.interface import PrivateHalf, PublicHalf
from pysonar.chain.contract.types import Report, Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import Algorithm, ModelArtifact, PublicKeyArtifact, Spec
from pysonar.protocol.cid import Cid
from pysonar.protocol.schema import input_schema, number_field
from tests.builders.answers import EVERYTHING
from tests.builders.opaque import as_model
from tests.builders.specs import SpecChanges
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.roles import Tell, as_a

WideRows = tuple[np.ndarray, np.ndarray]
"""Records of nine numbers, (n, 9), and which colour each has."""


class NetworkCapsule(SmallCapsule):
    """The same for a network of nine numbers, 64 hidden units and three colours: 128 rows in a batch."""

    SCHEME = "ckks"
    FIELDS = "abcdefghi"

    def spec(self, **changes: Unpack[SpecChanges]) -> Spec:
        network = SpecChanges(
            input_schema=input_schema({name: number_field((-4.0, 4.0)) for name in self.FIELDS}),
            algorithm=Algorithm("mlp", parameters={"hidden": 64, "bias": False}),
            key_bits=16384,
        )
        return super().spec(**(network | changes))

    ckks: tuple[CkksPrivateKey, CkksPublicKey]
    """Secret and public half."""

    def bundle(self, campaign: bytes) -> Cid:
        """Where the campaign's public half is stored."""
        return Cid.from_bytes32(self.sonar.campaign(campaign).public_key)

    def public_key(self, public: PublicHalf | None = None) -> bytes:
        return PublicKeyArtifact(public or self.ckks[1], "ckks").to_bytes()

    def model(
        self,
        weights: np.ndarray | None = None,
        *,
        version: int = 0,
        key: PrivateHalf | None = None,
        bound: float = 8.0,
        network: SquareNetwork | None = None,
    ) -> bytes:
        weights = self.start if weights is None else weights
        network = network or as_a(SquareNetwork, self.spec().family_for(b""))
        encrypted = EncryptedNetwork.encrypt(
            weights,
            as_a(CkksPrivateKey, key or self.ckks[0]),
            network=network,
            version=version,
            weight_bound=bound,
        )
        return ModelArtifact(as_model(encrypted), "ckks").to_bytes()

    def slope(self, campaign: bytes, miner: str, update: bytes) -> np.ndarray:
        """What a submission holds."""
        return self.envelope(campaign, miner, update).gradient.decrypt(self.ckks[0])

    def improve(self, campaign: bytes, miner: str, update: bytes, accuracy: int) -> None:
        """Go some way down the slope and report that it helped."""
        self.weights[campaign] = self.weights[campaign] - 0.1 * self.slope(campaign, miner, update)
        version = self.sonar.campaign(campaign).version + 1
        data = self.model(self.weights[campaign], version=version)
        one = Report(miner, update, Verdict.IMPROVED, accuracy, self.store.put_pinned(data, "capsule").digest)
        self.transact(self.node, self.signers["capsule"], self.sonar.calls.report(campaign, [one]))


@pytest.fixture(scope="session")
def ckks() -> tuple[CkksPrivateKey, CkksPublicKey]:
    """One CKKS key for all campaigns of the tests, and its public half: 100 MB and seconds to make."""
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    key = CkksPrivateKey.generate()
    return key, key.public_bundle(SquareNetwork(9, 3, 64))


@pytest.fixture
def network_capsule(
    small_capsule: SmallCapsule, ckks: tuple[CkksPrivateKey, CkksPublicKey]
) -> NetworkCapsule:
    """The registered Capsule, for campaigns of networks."""
    made: NetworkCapsule = object.__new__(NetworkCapsule)
    made.__dict__.update(small_capsule.__dict__)
    made.ckks = ckks
    return made


@pytest.fixture(scope="session")
def wide_rows() -> WideRows:
    """300 records: nine numbers, (300, 9), and which colour."""
    random = np.random.default_rng(11)
    colour = np.arange(300) % 3
    centers = np.sign(np.sin(np.outer(np.arange(1, 4), np.arange(1, 10)) * 2.1))
    return np.round(centers[colour] + random.normal(0, 0.6, (300, 9)), 7).clip(-4, 4), colour


@pytest.fixture
def wide_colours(wide_rows: WideRows, tmp_path: Path) -> Path:
    """The records as a miner's CSV file."""
    path = tmp_path / "wide.csv"
    X, colour = wide_rows
    lines = [
        ",".join([*map(str, row.tolist()), SmallCapsule.CLASSES[label]])
        for row, label in zip(X, colour, strict=True)
    ]
    path.write_text("\n".join([",".join([*NetworkCapsule.FIELDS, "colour"]), *lines]) + "\n")
    return path


@pytest.fixture(scope="session")
def lasting_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks") / "store"


@pytest.fixture
def store_folder(lasting_folder: Path) -> Path:
    """One store for all tests here: the bundle is large."""
    return lasting_folder


@pytest.fixture
def network_home(make_home: Callable[..., Home], wide_colours: Path) -> Home:
    """The home of a mine whose owner lets networks learn there."""
    home = make_home(answers=replace(EVERYTHING, networks=True, privacy="none"))
    home.data().add("colours", wide_colours, replace=False)
    return home


@pytest.fixture
def mine(network_home: Home, miner: KeyfileSigner, tell: Tell) -> Mine:
    return Mine(network_home, miner, tell)
