"""Whole campaigns for tests of whole mines: a small Capsule, made by hand of the shared rooms, and data
that fit.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Test modules are imported by path: the mine beside them is found only like this.
sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from openmined_syft.keys import PrivateKey
    from pysonar.artifacts import GradientEnvelope, Spec
    from pysonar.chain.sonar import Sonar
    from pysonar.cid import Cid
    from pysonar.openpgp import SecretKey

ETHER = 10**18


@pytest.fixture(scope="session")
def campaign_key() -> PrivateKey:
    """One 2048-bit key for all campaigns of the tests: making one takes a while."""
    from openmined_syft.keys import generate_keypair

    return generate_keypair(2048)


@pytest.fixture(scope="session")
def capsule_secret() -> SecretKey:
    """The small Capsule's OpenPGP key."""
    from pysonar.openpgp import SecretKey

    return SecretKey.generate("Capsule of the tests")


class SmallCapsule:
    """Opens campaigns and judges the head of their queues as Capsule would, without a process."""

    CLASSES = ("red", "green", "blue")
    SCHEME = "paillier"

    def __init__(
        self, node: Any, sonar: Sonar, signers: Mapping[str, Any], transact: Any, store: Any
    ) -> None:
        self.node, self.sonar, self.signers, self.transact, self.store = node, sonar, signers, transact, store
        self.key: PrivateKey = signers["campaign_key"]
        self.secret: SecretKey = signers["capsule_secret"]
        self.certificate_cid = store.put_pinned(self.secret.certificate.to_bytes(), "capsule")
        transact(node, signers["capsule"], sonar.calls.register_capsule(self.certificate_cid.digest))
        self.weights: dict[bytes, Any] = {}

    def spec(self, **changes: Any) -> Spec:
        """A spec that asks for three numbers and a colour."""
        from pysonar.artifacts import Algorithm, Spec, Validation
        from pysonar.schema import class_label, input_schema, number_field, output_schema
        from pysonar.store import cid_of

        return Spec(
            **{
                "title": "Colours",
                "description": "",
                "input_schema": input_schema({name: number_field((-4.0, 4.0)) for name in "abc"}),
                "output_schema": output_schema("colour", class_label(list(self.CLASSES))),
                "algorithm": Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 50}),
                "metric": "accuracy",
                "start_ppm": 0,
                "start_tolerance_ppm": 1_000_000,
                "validation": Validation(cid_of(b"validation set"), b"\x55" * 32, 10),
                "capsule_certificate": self.certificate_cid,
                "scientist_certificate": cid_of(b"the scientist's certificate"),
                "key_bits": 2048,
                "weight_bound": 8.0,
                "difference_norm": 1000.0,
                **changes,
            }
        )

    def create(self, spec: bytes | Spec, *, salt: bytes = bytes(32), **changes: Any) -> bytes:
        """A requested campaign with this spec (or these bytes for one)."""
        from pysonar.chain.events import CampaignCreated
        from pysonar.chain.types import Terms

        data = spec if isinstance(spec, bytes) else spec.to_bytes()
        now = self.node.now()
        terms = Terms(
            **{
                "spec": self.store.put_pinned(data, "scientist").digest,
                "capsule": self.signers["capsule"].address,
                "bounty": 10 * ETHER,
                "stake": ETHER // 100,
                "fee": ETHER // 1000,
                "target": 950_000,
                "min_gain": 1000,
                "submit_until": now + 3600,
                "review_until": now + 7200,
                **changes,
            }
        )
        call = self.sonar.calls.create_campaign(terms, salt)
        events = self.transact(self.node, self.signers["scientist"], call)
        (campaign,) = [entry.event.id for entry in events if isinstance(entry.event, CampaignCreated)]
        return bytes(campaign)

    def model(self, weights: Any, *, version: int = 0, key: Any = None, bound: float = 8.0) -> bytes:
        """The bytes of an encrypted model."""
        from openmined_syft.encrypted import EncryptedModel
        from pysonar.artifacts import ModelArtifact

        encrypted = EncryptedModel.encrypt(weights, key or self.key, version=version, weight_bound=bound)
        return ModelArtifact(encrypted).to_bytes()

    def open_with(self, campaign: bytes, public_key: bytes, model: bytes, start: int = 0) -> None:
        """Open with these artifacts, whatever they are."""
        key, first = (self.store.put_pinned(data, "capsule").digest for data in (public_key, model))
        call = self.sonar.calls.open_campaign(campaign, key, first, start)
        self.transact(self.node, self.signers["capsule"], call)

    def open(self, spec: Spec | None = None, **terms: Any) -> bytes:
        """A campaign with an honest key and a model of zeros."""
        from pysonar.artifacts import PublicKeyArtifact

        spec = spec or self.spec()
        campaign = self.create(spec, **terms)
        self.weights[campaign] = spec.family_for(campaign).initial_weights()
        self.open_with(
            campaign, PublicKeyArtifact(self.key.public).to_bytes(), self.model(self.weights[campaign])
        )
        return campaign

    def envelope(self, campaign: bytes, miner: str, update: bytes) -> GradientEnvelope:
        """What the submission says, opened as Capsule would."""
        from pysonar.artifacts import MAX_BYTES, GradientEnvelope
        from pysonar.cid import Cid

        blob = self.store.get(Cid.from_bytes32(update), max_bytes=MAX_BYTES["gradient"])
        place = {"chain_id": self.sonar.chain_id, "contract": self.sonar.address, "campaign": campaign}
        return GradientEnvelope.open(blob, self.secret, miner=miner, scheme=self.SCHEME, **place)

    def report(self, campaign: bytes, miner: str, update: bytes, verdict: Any, accuracy: int = 0) -> None:
        """Report on the head of the queue; for an improvement, apply the gradient and publish the version."""
        from pysonar.chain.types import Report, Verdict

        model = bytes(32)
        if verdict is Verdict.IMPROVED:
            gradient = self.envelope(campaign, miner, update).gradient
            self.weights[campaign] = self.weights[campaign] + gradient.decrypt(self.key)
            version = self.sonar.campaign(campaign).version + 1
            model = self.store.put_pinned(
                self.model(self.weights[campaign], version=version), "capsule"
            ).digest
        one = Report(miner, update, verdict, accuracy, model)
        self.transact(self.node, self.signers["capsule"], self.sonar.calls.report(campaign, [one]))

    def settle(self, campaign: bytes) -> None:
        """Let the time run out and settle."""
        self.node.advance_to(self.sonar.campaign(campaign).terms.review_until)
        self.transact(self.node, self.signers["stranger"], self.sonar.calls.settle(campaign))


class NetworkCapsule(SmallCapsule):
    """The same for a network of nine numbers, 64 hidden units and three colours: 128 rows in a batch."""

    SCHEME = "ckks"
    FIELDS = "abcdefghi"

    def spec(self, **changes: Any) -> Spec:
        from pysonar.artifacts import Algorithm
        from pysonar.schema import input_schema, number_field

        network = {
            "input_schema": input_schema({name: number_field((-4.0, 4.0)) for name in self.FIELDS}),
            "algorithm": Algorithm("mlp", parameters={"hidden": 64}),
            "key_bits": 16384,
        }
        return super().spec(**{**network, **changes})

    @property
    def ckks(self) -> tuple[Any, Any]:
        """Secret and public half."""
        pair: tuple[Any, Any] = self.signers["ckks"]
        return pair

    def public_key(self, public: Any = None) -> bytes:
        """The bytes of a public half."""
        from pysonar.artifacts import PublicKeyArtifact

        return PublicKeyArtifact(public or self.ckks[1], "ckks").to_bytes()

    def model(
        self, weights: Any, *, version: int = 0, key: Any = None, bound: float = 8.0, network: Any = None
    ) -> bytes:
        from openmined_syft.neural.encrypted import EncryptedNetwork
        from pysonar.artifacts import ModelArtifact

        network = network or self.spec().family_for(b"")
        encrypted = EncryptedNetwork.encrypt(
            weights, key or self.ckks[0], network=network, version=version, weight_bound=bound
        )
        return ModelArtifact(encrypted, "ckks").to_bytes()

    def open(self, spec: Spec | None = None, **terms: Any) -> bytes:
        spec = spec or self.spec()
        campaign = self.create(spec, **terms)
        self.weights[campaign] = spec.family_for(campaign).initial_weights()
        self.open_with(campaign, self.public_key(), self.model(self.weights[campaign]))
        return campaign

    def slope(self, campaign: bytes, miner: str, update: bytes) -> Any:
        """What a submission holds."""
        return self.envelope(campaign, miner, update).gradient.decrypt(self.ckks[0])

    def improve(self, campaign: bytes, miner: str, update: bytes, accuracy: int) -> None:
        """Go some way down the slope and report that it helped."""
        from pysonar.chain.types import Report, Verdict

        self.weights[campaign] = self.weights[campaign] - 0.1 * self.slope(campaign, miner, update)
        version = self.sonar.campaign(campaign).version + 1
        data = self.model(self.weights[campaign], version=version)
        one = Report(miner, update, Verdict.IMPROVED, accuracy, self.store.put_pinned(data, "capsule").digest)
        self.transact(self.node, self.signers["capsule"], self.sonar.calls.report(campaign, [one]))


@pytest.fixture(scope="session")
def ckks() -> tuple[Any, Any]:
    """One CKKS key for all campaigns of the tests, and its public half: 100 MB and seconds to make."""
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    from openmined_syft.neural.ckks import CkksPrivateKey
    from openmined_syft.neural.network import SquareNetwork

    key = CkksPrivateKey.generate()
    return key, key.public_bundle(SquareNetwork(9, 3, 64))


@pytest.fixture
def network_capsule(small_capsule: SmallCapsule, ckks: tuple[Any, Any]) -> NetworkCapsule:
    """The registered Capsule, for campaigns of networks."""
    made: NetworkCapsule = object.__new__(NetworkCapsule)
    made.__dict__.update(small_capsule.__dict__)
    made.signers = {**small_capsule.signers, "ckks": ckks}
    return made


@pytest.fixture(scope="session")
def wide_rows() -> Any:
    """300 records: nine numbers, (300, 9), and which colour."""
    import numpy as np

    random = np.random.default_rng(11)
    colour = np.arange(300) % 3
    centers = np.sign(np.sin(np.outer(np.arange(1, 4), np.arange(1, 10)) * 2.1))
    return np.round(centers[colour] + random.normal(0, 0.6, (300, 9)), 7).clip(-4, 4), colour


@pytest.fixture
def wide_colours(wide_rows: Any, tmp_path: Path) -> Path:
    """The records as a miner's CSV file."""
    path = tmp_path / "wide.csv"
    X, colour = wide_rows
    lines = [
        ",".join([*map(str, row.tolist()), SmallCapsule.CLASSES[label]])
        for row, label in zip(X, colour, strict=True)
    ]
    path.write_text("\n".join([",".join([*NetworkCapsule.FIELDS, "colour"]), *lines]) + "\n")
    return path


@pytest.fixture
def small_capsule(
    node: Any, sonar: Sonar, capsule: Any, scientist: Any, stranger: Any, campaign_key: PrivateKey,
    capsule_secret: SecretKey, transact: Any, store_folder: Path,
) -> SmallCapsule:  # fmt: skip
    """A registered Capsule, with a scientist to open campaigns for."""
    from pysonar.store import open_store

    signers = {
        "capsule": capsule, "scientist": scientist, "stranger": stranger, "campaign_key": campaign_key,
        "capsule_secret": capsule_secret,
    }  # fmt: skip
    return SmallCapsule(node, sonar, signers, transact, open_store(f"embedded:{store_folder}"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Cid]:
    """Everything that is asked of the store: in a network, everybody could see it."""
    from pysonar.store.embedded import EmbeddedStore

    names, get = [], EmbeddedStore.get

    def watched(store: Any, cid: Cid, *, max_bytes: int) -> bytes:
        names.append(cid)
        return get(store, cid, max_bytes=max_bytes)

    monkeypatch.setattr(EmbeddedStore, "get", watched)
    return names


@pytest.fixture(scope="session")
def rows() -> list[tuple[float, float, float, str]]:
    """60 records of three colours, with numbers that are recognised wherever they turn up."""
    import numpy as np

    random = np.random.default_rng(7)
    made = []
    for number in range(60):
        colour = number % 3
        center = np.eye(3)[colour] * 2
        a, b, c = (round(float(value), 7) for value in center + random.normal(0, 0.4, 3))
        made.append((a, b, c, SmallCapsule.CLASSES[colour]))
    return made


@pytest.fixture
def colours(rows: list[tuple[float, float, float, str]], tmp_path: Path) -> Path:
    """The records as a miner's CSV file, with a column that nobody asks for."""
    path = tmp_path / "colours.csv"
    lines = [f"{a},{b},{c},{colour},secret-{number}" for number, (a, b, c, colour) in enumerate(rows)]
    path.write_text("\n".join(["a,b,c,colour,name", *lines]) + "\n")
    return path
