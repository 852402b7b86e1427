"""A small world for Capsule's tests: a real chain, a real store, real keys; scientist and miners made by
hand.

The campaigns learn three classes from four numbers, so that every ciphertext operation takes milliseconds.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from openmined_oracle.agent import Agent
from openmined_oracle.connection import Connection
from openmined_oracle.home import CAPSULE_FIELDS, CAPSULE_FILE, CapsuleSettings, Home
from openmined_oracle.keystore import Generate
from openmined_syft.affine import AffineMap
from openmined_syft.applying import quantised
from openmined_syft.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.keys import PrivateKey, PublicKey, generate_keypair
from openmined_syft.schemes import Gradient
from openmined_syft.training import train
from pysonar.artifacts import (
    MAX_BYTES,
    Algorithm,
    GradientEnvelope,
    ModelArtifact,
    PublicKeyArtifact,
    Result,
    SealedInput,
    Spec,
    Validation,
)
from pysonar.chain import rpc
from pysonar.chain.events import CampaignCreated, LoggedEvent, decode_log
from pysonar.chain.sonar import Sonar
from pysonar.chain.types import CampaignRecord, Terms, Verdict
from pysonar.cid import Cid
from pysonar.flat_toml import write_toml
from pysonar.openpgp import SecretKey
from pysonar.schema import Schema, class_label, input_schema, number_field, output_schema
from pysonar.secret_file import create_secret_file
from pysonar.settings import Settings, save_settings
from pysonar.store import Store, open_store

DAY = 86_400
STAKE, FEE, BOUNTY = 10**15, 10**14, 10**18
NAMES = ("a", "b", "c", "d")
CENTRES = np.array([[2.0, 0, 0, 1], [0, 2.0, 1, 0], [-2.0, -2.0, 0, -1]])
INPUT = input_schema({name: number_field((-8.0, 8.0), scale=2.0) for name in NAMES})
OUTPUT = output_schema("kind", class_label(["x", "y", "z"]))


def table(rows: int, seed: int, *, spread: float = 0.9) -> pa.Table:
    """Records around three centres."""
    draw = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    points = CENTRES[labels] + spread * draw.standard_normal((rows, 4))
    columns = {name: points[:, place] for place, name in enumerate(NAMES)}
    return pa.table({**columns, "kind": [("x", "y", "z")[label] for label in labels]})


@dataclass
class World:
    """One chain, one store, one Capsule, one scientist."""

    node: Any
    sonar: Sonar
    store: Store
    store_path: Path
    home: Home
    keys: Mapping[str, SecretKey]
    capsule: Any
    scientist: Any
    scientist_key: SecretKey
    transact: Callable[..., Any]
    generate: Generate
    told: list[tuple[str, bytes | None, dict[str, Any]]] = field(default_factory=list)
    passphrase: str = "correct horse"
    schema: Schema = field(default_factory=lambda: Schema(INPUT, OUTPUT))
    scheme: ClassVar[str] = "paillier"

    @property
    def own(self) -> SecretKey:
        return next(iter(self.keys.values()))

    @property
    def validation_table(self) -> pa.Table:
        return table(60, 1)

    # --- capsule -------------------------------------------------------------------------------------------

    def agent(self, home: Home | None = None) -> Agent:
        """An agent on the home, as a restart would make it."""

        def announce(event: str, campaign: bytes | None, details: Mapping[str, Any]) -> None:
            self.told.append((event, campaign, dict(details)))

        connection = Connection.open(home or self.home)
        return connection.agent(self.capsule, self.keys, announce, generate=self.generate)

    def run(self) -> Agent:
        """One agent that does all there is to do, and ends."""
        agent = self.agent()
        try:
            agent.run_once()
        finally:
            agent.close()
        return agent

    def record(self, campaign: bytes) -> CampaignRecord:
        return self.sonar.campaign(campaign)

    # --- scientist -----------------------------------------------------------------------------------------

    def sealed_validation(self, rows: int = 60, **changes: Any) -> tuple[Cid, bytes]:
        """The validation set in the store: CID and digest."""
        binding = {
            "chain_id": self.sonar.chain_id,
            "contract": self.sonar.address,
            "scientist": self.scientist.address,
            **changes,
        }
        sealed = SealedInput.of_records(self.validation_table.slice(0, rows), self.schema, **binding)
        return self.store.put(sealed.seal(self.own.certificate)), sealed.salted_digest()

    def spec(self, **changes: Any) -> Spec:
        """A good spec, or one with some fields changed."""
        cid, digest = self.sealed_validation()
        base = Spec(
            title="Three kinds",
            description="",
            input_schema=INPUT,
            output_schema=OUTPUT,
            algorithm=Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 20}),
            metric="accuracy",
            start_ppm=333_333,
            start_tolerance_ppm=10_000,
            validation=Validation(cid, digest, 60),
            capsule_certificate=self.store.put(self.own.certificate.to_bytes()),
            scientist_certificate=self.store.put(self.scientist_key.certificate.to_bytes()),
            key_bits=2048,
            weight_bound=8.0,
            difference_norm=100.0,
        )
        return replace(base, **{"scheme": "", **changes})  # what the algorithm needs

    def terms(self, spec: Cid, **changes: Any) -> Terms:
        now = self.sonar.now()
        base = Terms(
            spec=spec.digest,
            capsule=self.capsule.address,
            bounty=BOUNTY,
            target=1_000_000,
            min_gain=5_000,
            submit_until=now + DAY,
            review_until=now + 2 * DAY,
            stake=STAKE,
            fee=FEE,
        )
        return replace(base, **changes)

    def create(self, spec: Spec | Cid | None = None, *, owner: Any = None, **terms: Any) -> bytes:
        """A campaign on chain; its id."""
        cid = spec if isinstance(spec, Cid) else self.store.put((spec or self.spec()).to_bytes())
        call = self.sonar.calls.create_campaign(self.terms(cid, **terms), secrets.token_bytes(32))
        (logged,) = self.transact(self.node, owner or self.scientist, call)
        assert isinstance(logged.event, CampaignCreated)
        return logged.event.id

    def opened(self, spec: Spec | None = None, **terms: Any) -> bytes:
        """A campaign that Capsule has opened."""
        campaign = self.create(spec, **terms)
        self.run()
        assert self.record(campaign).state.name == "OPEN", self.told
        return campaign

    def result(self, campaign: bytes) -> Result:
        """What was delivered, opened by the scientist."""
        record = self.record(campaign)
        cid = Cid.from_bytes32(record.result)
        return Result.open(
            self.store.get(cid, max_bytes=MAX_BYTES["result"]),
            self.scientist_key,
            capsule=self.own.certificate,
            chain_id=self.sonar.chain_id,
            contract=self.sonar.address,
            campaign=campaign,
            spec=Cid.from_bytes32(record.terms.spec),
        )

    # --- miners --------------------------------------------------------------------------------------------

    def model(self, campaign: bytes) -> tuple[EncryptedModel, PublicKey]:
        record = self.record(campaign)
        cid = Cid.from_bytes32(record.model)
        key = Cid.from_bytes32(record.public_key)
        public = PublicKeyArtifact.parse(self.store.get(key, max_bytes=MAX_BYTES["public_key"])).key
        parsed = ModelArtifact.parse(self.store.get(cid, max_bytes=MAX_BYTES["model"]))
        return parsed.for_key(public), public

    def visit(self, *, rows: int = 90, seed: int = 2) -> AffineMap:
        """A mine's training on its own records."""
        spec, records = self.spec(), table(rows, seed)
        X, y = self.schema.encode(records), self.schema.encode_labels(records)
        return spec.family_for(b"").visit(X, y, spec.algorithm.training_rule())

    def gradient(self, campaign: bytes, visit: AffineMap | None = None) -> EncryptedGradient:
        model, public = self.model(campaign)
        return train(model, public, visit or self.visit())

    def envelope(
        self, campaign: bytes, miner: Any, gradient: Gradient | None = None, **changes: Any
    ) -> GradientEnvelope:
        base = GradientEnvelope(
            chain_id=self.sonar.chain_id,
            contract=self.sonar.address,
            campaign=campaign,
            base_version=(gradient or (gradient := self.gradient(campaign))).base_version,
            base=Cid.from_bytes32(self.record(campaign).model),
            miner=miner.address,
            gradient=gradient,
            scheme=self.scheme,
        )
        return replace(base, **changes)

    def submit_digest(self, campaign: bytes, miner: Any, digest: bytes) -> None:
        self.transact(self.node, miner, self.sonar.calls.submit(campaign, digest, STAKE + FEE))

    def submit_bytes(self, campaign: bytes, miner: Any, data: bytes) -> Cid:
        cid = self.store.put(data)
        self.submit_digest(campaign, miner, cid.digest)
        return cid

    def submit(self, campaign: bytes, miner: Any, envelope: GradientEnvelope | None = None) -> Cid:
        """A sealed gradient in the store and in the queue."""
        sealed = (envelope or self.envelope(campaign, miner)).seal(self.own.certificate)
        return self.submit_bytes(campaign, miner, sealed)

    # --- looking back --------------------------------------------------------------------------------------

    def verdicts(self, campaign: bytes) -> list[Verdict]:
        """The verdicts on chain, in order."""
        logs = self.sonar_events("Reported", campaign)
        return [event.verdict for event in logs]

    def _logged(self, name: str, campaign: bytes) -> list[LoggedEvent]:
        raw = rpc.logs(self.node.web3, self.sonar.address, 0, rpc.block_number(self.node.web3))
        logged = [decode_log(log) for log in raw]
        return [e for e in logged if e.event.name == name and getattr(e.event, "id", None) == campaign]

    def sonar_events(self, name: str, campaign: bytes) -> list[Any]:
        return [logged.event for logged in self._logged(name, campaign)]

    def block_of(self, name: str, campaign: bytes) -> int:
        """The block of the newest such event."""
        return self._logged(name, campaign)[-1].block_number

    def count(self, name: str, campaign: bytes) -> int:
        return len(self.sonar_events(name, campaign))

    def forget_failures(self) -> None:
        """Let every campaign be tried again at once."""
        Connection.open(self.home).database.execute("update oracle_campaigns set retry_at = 0")

    def problem(self, campaign: bytes) -> str | None:
        return Connection.open(self.home).journal.campaign(campaign).problem

    def declined_for(self, campaign: bytes) -> str:
        (event,) = self.sonar_events("CampaignDeclined", campaign)
        return str(event.reason)


NINE = tuple("abcdefghi")
NINE_CENTRES = 1.2 * np.sign(np.sin(np.outer(np.arange(1, 4), np.arange(1, 10)) * 2.1))
NINE_INPUT = input_schema({name: number_field((-8.0, 8.0), scale=2.0) for name in NINE})


def wide_table(rows: int, seed: int) -> pa.Table:
    """Records of nine numbers around three centres, each with its opposite: no linear model tells them
    apart.
    """
    draw = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    sides = np.where(draw.random(rows) < 0.5, -1.0, 1.0)[:, None]
    points = sides * NINE_CENTRES[labels] + 0.9 * draw.standard_normal((rows, 9))
    columns = {name: points[:, place] for place, name in enumerate(NINE)}
    return pa.table({**columns, "kind": [("x", "y", "z")[label] for label in labels]})


@dataclass
class WideWorld(World):
    """The same world, whose records have nine numbers."""

    schema: Schema = field(default_factory=lambda: Schema(NINE_INPUT, OUTPUT))

    @property
    def validation_table(self) -> pa.Table:
        return wide_table(60, 1)

    def spec(self, **changes: Any) -> Spec:
        return super().spec(**{"input_schema": NINE_INPUT, **changes})

    def encoded(self, *, rows: int = 90, seed: int = 2) -> tuple[Any, Any]:
        """A mine's own records as numbers, and their labels."""
        records = wide_table(rows, seed)
        return self.schema.encode(records), self.schema.encode_labels(records)


@dataclass
class NetworkWorld(WideWorld):
    """The scientist wants a small network: 9 numbers, 16 hidden units, 3 classes."""

    scheme: ClassVar[str] = "ckks"

    @property
    def family(self) -> Any:
        """The network."""
        return self.spec().family_for(b"")

    @property
    def start(self) -> Any:
        """The weights that every campaign begins with, (32, 16): what `encrypt` rounds them to."""
        return quantised(self.family.initial_weights())

    def spec(self, **changes: Any) -> Spec:
        network = {"algorithm": Algorithm("mlp", parameters={"hidden": 16}), "key_bits": 16384}
        return super().spec(**{**network, **changes})

    def visit(self, *, rows: int = 90, seed: int = 2) -> Any:
        """A mini-batch of a mine."""
        return self.family.visit(*self.encoded(rows=rows, seed=seed))

    def gradient(self, campaign: bytes, visit: Any = None) -> Any:
        """As a mine makes it: seconds of work."""
        from openmined_syft.neural.training import train_network

        model, public = self.model(campaign)
        return train_network(model, public, visit or self.visit())  # type: ignore[arg-type]

    def made_up(self, campaign: bytes, matrix: Any, *, key: Any = None, version: int = 0) -> Any:
        """A gradient with any numbers (32, 16) inside, made in milliseconds: of whoever can encrypt."""
        from openmined_syft.neural.slots import gradient_vector

        return self.made_up_vector(campaign, gradient_vector(self.family, matrix), key=key, version=version)

    def made_up_vector(self, campaign: bytes, vector: Any, *, key: Any = None, version: int = 0) -> Any:
        """The same with any numbers in all 8,192 slots."""
        from openmined_syft.neural.ckks import encrypt_for_owner
        from openmined_syft.neural.encrypted import EncryptedNetworkGradient
        from openmined_syft.neural.seal import DEPTH

        own = self.generate("ckks", 16384)
        (ciphertext,) = encrypt_for_owner([(vector, DEPTH)], key or own)
        return EncryptedNetworkGradient(own.fingerprint, self.family, version, ciphertext)


@pytest.fixture(scope="session")
def ckks() -> Any:
    """The one key of the session's networks."""
    pytest.importorskip("tenseal", reason="the extra 'nn' (TenSEAL) is not installed")
    from openmined_syft.neural.ckks import CkksPrivateKey

    return CkksPrivateKey.generate()


@pytest.fixture
def trainable_networks(world: World, ckks: Any) -> NetworkWorld:
    """The world for campaigns of networks, all with the session's key. A campaign's public half takes seconds
    to make and more than 100 MB.
    """
    return NetworkWorld(**{**all_but_the_schema(world), "generate": lambda _scheme, _bits: ckks})


@pytest.fixture
def networks(trainable_networks: NetworkWorld, monkeypatch: pytest.MonkeyPatch) -> NetworkWorld:
    """The same with a public half that names the key and is of no use: for gradients that are made up."""
    from openmined_syft.neural.ckks import CkksPrivateKey, CkksPublicKey

    def of_no_use(key: Any, _network: Any) -> CkksPublicKey:
        return CkksPublicKey(key.fingerprint, b"public", b"relinearisation", secrets.token_bytes(8))

    monkeypatch.setattr(CkksPrivateKey, "public_bundle", of_no_use)
    return trainable_networks


@pytest.fixture
def wide(world: World) -> WideWorld:
    """The world with nine numbers in each record, which no linear model learns anything from."""
    return WideWorld(**all_but_the_schema(world))


def all_but_the_schema(world: World) -> dict[str, Any]:
    return {item.name: getattr(world, item.name) for item in fields(world) if item.name != "schema"}


@pytest.fixture(scope="session")
def paillier() -> PrivateKey:
    """The one key of the session, given to every campaign of the tests that do not ask for a new one."""
    return generate_keypair(2048)


@pytest.fixture(scope="session")
def capsule_key() -> SecretKey:
    return SecretKey.generate("capsule")


@pytest.fixture(scope="session")
def scientist_key() -> SecretKey:
    return SecretKey.generate("scientist")


@pytest.fixture
def world(
    node: Any,
    sonar: Sonar,
    capsule: Any,
    scientist: Any,
    transact: Callable[..., Any],
    tmp_path: Path,
    paillier: PrivateKey,
    capsule_key: SecretKey,
    scientist_key: SecretKey,
) -> World:
    """A Capsule with an empty home, on a chain with Sonar and nothing else."""
    store_path = tmp_path / "store"
    settings = Settings(
        rpc=node.url,
        chain_id=sonar.chain_id,
        contract=sonar.address,
        store=f"embedded:{store_path}",
        confirmations=0,
        poll_seconds=0.05,
    )
    fingerprint = capsule_key.certificate.fingerprint
    return World(
        node=node,
        sonar=sonar,
        store=open_store(settings.store),
        store_path=store_path,
        home=Home(tmp_path / "home", settings, CapsuleSettings(certificate=fingerprint, retry_seconds=0.1)),
        keys={fingerprint: capsule_key},
        capsule=capsule,
        scientist=scientist,
        scientist_key=scientist_key,
        transact=transact,
        generate=lambda _scheme, _bits: paillier,
    )


@pytest.fixture
def fast_keyfile(role_keys: Mapping[str, bytes]) -> Callable[[Path, str], Path]:
    """Capsule's account as a web3 keystore; with few rounds, as it protects nothing here."""

    def make(path: Path, passphrase: str) -> Path:
        from eth_account import Account

        keystore = Account.encrypt(role_keys["capsule"], passphrase, kdf="pbkdf2", iterations=1000)
        create_secret_file(path, json.dumps(keystore).encode())
        return path

    return make


@pytest.fixture
def installed(
    world: World, fast_keyfile: Callable[[Path, str], Path], monkeypatch: pytest.MonkeyPatch
) -> World:
    """The world with Capsule's home on disk as `capsule init` leaves it, for processes of their own."""
    path, fingerprint = world.home.path, world.own.certificate.fingerprint
    fast_keyfile(path / "keyfile.json", world.passphrase)
    save_settings(path, world.home.settings)
    write_toml(path / CAPSULE_FILE, {"certificate": fingerprint}, CAPSULE_FIELDS)
    with monkeypatch.context() as patch:
        patch.setattr("pysonar.openpgp.secret_keys.SCRYPT_N", 2**14)
        world.own.seal_to_file(path / "certificates" / f"{fingerprint}.json", world.passphrase)
    world.home = Home.open(path)
    return world
