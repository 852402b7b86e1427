"""A small world for Capsule's tests: a real chain, a real store, real keys; scientist and miners made by
hand.

The campaigns learn three classes from four numbers, so that every ciphertext operation takes milliseconds.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeVar, Unpack, cast

import numpy as np
import pyarrow as pa

from openmined_oracle.agent import Agent
from openmined_oracle.connection import Connection
from openmined_oracle.home import Home
from openmined_oracle.judging.judge import Notes
from openmined_oracle.keys.keystore import Generate
from openmined_syft.affine import AffineMap
from openmined_syft.paillier.encrypted import EncryptedGradient, EncryptedModel
from openmined_syft.paillier.keys import PublicKey
from openmined_syft.paillier.training import train
from pysonar.chain.contract.events import (
    CampaignCreated,
    CampaignDeclined,
    LoggedEvent,
    SonarEvent,
    Verdicts,
    decode_log,
)
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import CampaignRecord, Terms, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.happenings import Happening
from pysonar.protocol.artifacts import (
    MAX_BYTES,
    Algorithm,
    GradientEnvelope,
    ModelArtifact,
    PublicKeyArtifact,
    Result,
    SealedInput,
    SealedWeights,
    Spec,
    Validation,
)
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import SecretKey
from pysonar.protocol.schema import Schema, class_label, input_schema, number_field, output_schema
from pysonar.store import Store
from tests.builders.changes import with_fields
from tests.builders.opaque import SomeGradient, as_gradient
from tests.builders.specs import SpecChanges, spec_of
from tests.builders.terms import OtherTerms, TermsChanges, terms_of
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.roles import Transact, as_a, linear, there

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


E = TypeVar("E", bound=SonarEvent)


@dataclass
class World:
    """One chain, one store, one Capsule, one scientist."""

    node: Anvil
    sonar: Sonar
    store: Store
    store_path: Path
    home: Home
    keys: Mapping[str, SecretKey]
    capsule: KeyfileSigner
    scientist: KeyfileSigner
    scientist_key: SecretKey
    transact: Transact
    generate: Generate
    told: list[tuple[str, bytes | None, JsonObject]] = field(default_factory=list)
    passphrase: str = "correct horse"
    schema: Schema = field(default_factory=lambda: Schema(INPUT, OUTPUT))
    scheme: ClassVar[str] = "paillier"
    within_reach: ClassVar[int] = 900_000  # a score that the first gradient passes

    @property
    def own(self) -> SecretKey:
        return next(iter(self.keys.values()))

    @property
    def validation_table(self) -> pa.Table:
        return table(60, 1)

    # --- capsule -------------------------------------------------------------------------------------------

    def agent(self, home: Home | None = None) -> Agent:
        """An agent on the home, as a restart would make it."""

        def tell(happening: Happening) -> None:
            record = happening.as_record()
            details = {key: record[key] for key in record if key not in ("event", "campaign", "time")}
            self.told.append((happening.event, happening.campaign, details))

        connection = Connection.open(home or self.home)
        return connection.agent(self.capsule, self.keys, tell, generate=self.generate)

    def run(self) -> Agent:
        """One agent that does all there is to do, and ends."""
        agent = self.agent()
        try:
            agent.run_once()
        finally:
            agent.close()
        return agent

    def run_killed(self, point: str) -> None:
        """`capsule run --once` in a process that dies at the point; the home has to be installed."""
        program = Path(__file__).with_name("killed_at.py")
        command = [sys.executable, str(program), point, "run", "--once", "--home", str(self.home.path)]
        environment = {**os.environ, "OPENMINED_PASSPHRASE": self.passphrase}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == -signal.SIGKILL, (done.returncode, done.stdout, done.stderr)

    def record(self, campaign: bytes) -> CampaignRecord:
        return self.sonar.campaign(campaign)

    # --- scientist -----------------------------------------------------------------------------------------

    @property
    def binding(self) -> JsonObject:
        """What a sealed input says it is for."""
        return {
            "chain_id": self.sonar.chain_id,
            "contract": self.sonar.address,
            "scientist": self.scientist.address,
        }

    def sealed_validation(self, rows: int = 60, **changes: object) -> tuple[Cid, bytes]:
        """The validation set in the store: CID and digest."""
        records = self.validation_table.slice(0, rows)
        sealed = SealedInput.of_records(records, self.schema, **{**self.binding, **changes})
        return self.store.put(sealed.seal(self.own.certificate)), sealed.salted_digest()

    def sealed_weights(self, weights: np.ndarray, **changes: object) -> SealedWeights:
        """Initial weights in the store."""
        sealed = SealedInput.of_weights(weights, **{**self.binding, **changes})
        return SealedWeights(self.store.put(sealed.seal(self.own.certificate)), sealed.salted_digest())

    def spec(self, **changes: Unpack[SpecChanges]) -> Spec:
        """A good spec, or one with some fields changed."""
        cid, digest = self.sealed_validation()
        named = SpecChanges(
            title="Three kinds",
            input_schema=INPUT,
            output_schema=OUTPUT,
            algorithm=Algorithm("one_vs_rest", {"name": "gradient_descent", "steps": 20}),
            validation=Validation(cid, digest, 60),
            capsule_certificate=self.store.put(self.own.certificate.to_bytes()),
            scientist_certificate=self.store.put(self.scientist_key.certificate.to_bytes()),
            difference_norm=100.0,
        )
        return spec_of(**(named | changes))

    def terms(self, spec: Cid, *, capsule: str | None = None, **changes: Unpack[OtherTerms]) -> Terms:
        """The world's terms; `capsule`: another one's address."""
        now = self.sonar.now()
        named = TermsChanges(
            spec=spec.digest,
            bounty=BOUNTY,
            target=1_000_000,
            min_gain=5_000,
            submit_until=now + DAY,
            review_until=now + 2 * DAY,
            stake=STAKE,
            fee=FEE,
        )
        return terms_of(capsule or self.capsule.address, **(named | changes))

    def create(
        self,
        spec: Spec | Cid | None = None,
        *,
        owner: KeyfileSigner | None = None,
        capsule: str | None = None,
        **terms: Unpack[OtherTerms],
    ) -> bytes:
        """A campaign on chain; its id."""
        cid = spec if isinstance(spec, Cid) else self.store.put((spec or self.spec()).to_bytes())
        call = self.sonar.calls.create_campaign(
            self.terms(cid, capsule=capsule, **terms), secrets.token_bytes(32)
        )
        (logged,) = self.transact(self.node, owner or self.scientist, call)
        assert isinstance(logged.event, CampaignCreated)
        return logged.event.id

    def opened(self, spec: Spec | None = None, **terms: Unpack[OtherTerms]) -> bytes:
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
        return cast("tuple[EncryptedModel, PublicKey]", (parsed.for_key(public), public))

    def visit(self, *, rows: int = 90, seed: int = 2) -> AffineMap:
        """A mine's training on its own records."""
        spec, records = self.spec(), table(rows, seed)
        X, y = self.schema.encode(records), self.schema.encode_labels(records)
        return linear(spec.family_for(b"")).visit(X, y, there(spec.algorithm.training_rule()))

    def gradient(self, campaign: bytes, visit: AffineMap | None = None) -> EncryptedGradient:
        model, public = self.model(campaign)
        return train(model, public, visit or self.visit())

    def envelope(
        self, campaign: bytes, miner: KeyfileSigner, gradient: SomeGradient | None = None, **changes: object
    ) -> GradientEnvelope:
        sent: SomeGradient = self.gradient(campaign) if gradient is None else gradient
        base = GradientEnvelope(
            chain_id=self.sonar.chain_id,
            contract=self.sonar.address,
            campaign=campaign,
            base_version=sent.base_version,
            base=Cid.from_bytes32(self.record(campaign).model),
            miner=miner.address,
            gradient=as_gradient(sent),
            scheme=self.scheme,
        )
        return with_fields(base, changes)

    def submit_digest(self, campaign: bytes, miner: KeyfileSigner, digest: bytes) -> None:
        self.transact(self.node, miner, self.sonar.calls.submit(campaign, digest, miner.address, STAKE + FEE))

    def submit_bytes(self, campaign: bytes, miner: KeyfileSigner, data: bytes) -> Cid:
        cid = self.store.put(data)
        self.submit_digest(campaign, miner, cid.digest)
        return cid

    def submit(self, campaign: bytes, miner: KeyfileSigner, envelope: GradientEnvelope | None = None) -> Cid:
        """A sealed gradient in the store and in the queue."""
        sealed = (envelope or self.envelope(campaign, miner)).seal(self.own.certificate)
        return self.submit_bytes(campaign, miner, sealed)

    # --- looking back --------------------------------------------------------------------------------------

    def verdicts(self, campaign: bytes) -> list[Verdict]:
        """The verdicts on chain, in order."""
        return [verdict for event in self.sonar_events(Verdicts, campaign) for verdict in event.verdicts]

    def reason(self, campaign: bytes, index: int = -1) -> str:
        """Why a submission was malformed, as the scientist's record keeps it."""
        agent = self.agent()
        row = agent.context.journal.verdicts(campaign)[index]
        agent.close()
        reason = Notes.open(there(row.private), self.own).reason
        assert reason is not None
        return reason

    def _logged(self, name: str, campaign: bytes) -> list[LoggedEvent]:
        raw = rpc.logs(self.node.web3, self.sonar.address, 0, rpc.block_number(self.node.web3))
        logged = [decode_log(log) for log in raw]
        return [e for e in logged if e.event.name == name and getattr(e.event, "id", None) == campaign]

    def sonar_events(self, kind: type[E], campaign: bytes) -> list[E]:
        return [as_a(kind, logged.event) for logged in self._logged(kind.__name__, campaign)]

    def block_of(self, name: str, campaign: bytes) -> int:
        """The block of the newest such event."""
        return self._logged(name, campaign)[-1].block_number

    def count(self, name: str, campaign: bytes) -> int:
        return len(self._logged(name, campaign))

    def problem(self, campaign: bytes) -> str | None:
        return Connection.open(self.home).journal.campaign(campaign).problem

    def declined_for(self, campaign: bytes) -> str:
        (event,) = self.sonar_events(CampaignDeclined, campaign)
        return str(event.reason)


def rounds(agent: Agent, done: Callable[[], bool], seconds: float = 120.0) -> None:
    """Rounds of the agent until it is done, however slow the machine is."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, agent.failures
        agent.round()
        time.sleep(0.02)
