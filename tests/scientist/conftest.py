"""A Data Scientist with a home of their own, and a Capsule that is played by hand with real keys and
artifacts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import CampaignCreated, LoggedEvent, decode_log
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import EMPTY, Report, Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import Settings, save_settings
from pysonar.protocol.artifacts import PrivacyStatement, Result, SubmissionRecord
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import Certificate, SecretKey, secret_keys
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.connection import Connection, Scientist
from pysonar.scientist.home import SECRET_FILE, Home
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.store import Store, open_store
from tests.builders.changes import with_fields
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.roles import Transact
from tests.scientist.shell import Shell

PASSPHRASE = "correct horse"
Created = Callable[[Sonar], Sequence[CampaignCreated]]
COLUMNS = ("height", "weight", "smoker")


@pytest.fixture(autouse=True)
def _no_passphrase_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMINED_PASSPHRASE", raising=False)


@pytest.fixture(scope="session")
def sealed_keys(tmp_path_factory: pytest.TempPathFactory, role_keys: Mapping[str, bytes]) -> Path:
    """Keyfile and OpenPGP key of the scientist, sealed with as little scrypt as is read: it is slow on
    purpose.
    """
    import json

    from eth_account import Account

    folder = tmp_path_factory.mktemp("keys")
    key = role_keys["scientist"]
    keystore = Account.encrypt(key, PASSPHRASE, iterations=2**10)
    (folder / "keyfile.json").write_text(
        json.dumps(keystore | {"address": Account.from_key(key).address[2:]})
    )
    (folder / "keyfile.json").chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secret_keys, "SCRYPT_N", secret_keys.MIN_SCRYPT_N)
        SecretKey.generate("Data Scientist").seal_to_file(folder / SECRET_FILE, PASSPHRASE)
    return folder


@pytest.fixture(scope="session")
def scientist_key(sealed_keys: Path) -> SecretKey:
    """The scientist's OpenPGP key, opened."""
    return SecretKey.open_from_file(sealed_keys / SECRET_FILE, PASSPHRASE)


@pytest.fixture
def store_setting(tmp_path: Path) -> str:
    """The store that scientist and Capsule share."""
    return f"embedded:{tmp_path / 'store'}"


@pytest.fixture
def home(
    tmp_path: Path, node: Anvil, node_url: str, sonar: Sonar, sealed_keys: Path, store_setting: str
) -> Path:
    """A complete home directory of the scientist."""
    path = tmp_path / "scientist"
    settings = Settings(
        rpc=node_url,
        chain_id=1337,
        contract=sonar.address,
        store=store_setting,
        confirmations=0,
        poll_seconds=0.05,
    )
    save_settings(path, settings)
    for file in sealed_keys.iterdir():
        shutil.copy(file, path / file.name)
    return path


@pytest.fixture
def sonar_command(home: Path) -> Shell:
    """`sonar` of the scientist."""
    return Shell(home)


@pytest.fixture
def reopen(home: Path, scientist: KeyfileSigner, scientist_key: SecretKey) -> Callable[[], Scientist]:
    """`reopen() -> Scientist`: as a new process would, but without waiting for scrypt."""

    def open_again() -> Scientist:
        connection = Connection.open(Home.open(home))
        outbox = connection.outbox(scientist, poll_seconds=0.01)
        return Scientist(connection, scientist, scientist_key, outbox)

    return open_again


@pytest.fixture
def owner(reopen: Callable[[], Scientist]) -> Scientist:
    """The scientist, ready to act."""
    return reopen()


@pytest.fixture
def records() -> pa.Table:
    """Twenty records; the label is 1 for the second half."""
    height = [1.5 + 0.02 * n for n in range(20)]
    return pa.table(
        {
            "height": height,
            "weight": [50.0 + n for n in range(20)],
            "smoker": [n % 3 == 0 for n in range(20)],
            "ill": [int(n >= 10) for n in range(20)],
        }
    )


@pytest.fixture
def plan_values(capsule: KeyfileSigner) -> JsonObject:
    """A plan as a file would hold it."""
    return {
        "title": "Who is ill?",
        "family": "one_vs_rest",
        "capsule": capsule.address,
        "bounty": "10 ETH",
        "target": "90 %",
        "min_gain": "1 %",
        "stake": "70 wei",
        "fee": "3 wei",
        "submit_for": "1h",
        "review_for": "1h",
        "key_bits": 2048,
        "rule": {"steps": 50},
        "fields": [
            {"name": "height", "clip": [1.0, 2.2], "center": 1.7, "scale": 0.2},
            {"name": "weight", "clip": [30, 150], "center": 60, "scale": 10},
            {"name": "smoker", "kind": "boolean"},
        ],
        "label": {"name": "ill", "classes": [0, 1]},
    }


@pytest.fixture
def plan(plan_values: JsonObject) -> Plan:
    """The plan."""
    return plan_from(plan_values)


@pytest.fixture
def validation_csv(tmp_path: Path, records: pa.Table) -> Path:
    """The records as a file."""
    path = tmp_path / "validation.csv"
    rows = zip(*(records.column(name).to_pylist() for name in records.column_names), strict=True)
    lines = [",".join(records.column_names), *(",".join(str(value).lower() for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


class Judge:
    """Capsule, played by hand: what it says is up to the test."""

    def __init__(
        self, node: Anvil, sonar: Sonar, signer: KeyfileSigner, store: Store, transact: Transact
    ) -> None:
        self.node, self.sonar, self.signer, self.store, self._transact = node, sonar, signer, store, transact
        self.key = SecretKey.generate("Capsule")
        self.told: list[SubmissionRecord] = []

    def register(self) -> None:
        """Publish the certificate."""
        cid = self.store.put(self.key.certificate.to_bytes())
        self.send(self.sonar.calls.register_capsule(cid.digest))

    def send(self, call: Call, signer: KeyfileSigner | None = None) -> tuple[LoggedEvent, ...]:
        """Send a call; its events."""
        return self._transact(self.node, signer or self.signer, call)

    def open(self, campaign: bytes, start: int) -> None:
        """Open the campaign."""
        self.send(self.sonar.calls.open_campaign(campaign, b"\x11" * 32, b"\x12" * 32, start))

    def judge(
        self,
        campaign: bytes,
        miner: KeyfileSigner,
        verdict: str,
        score: int | None = None,
        privacy: PrivacyStatement | None = None,
    ) -> None:
        """A submission of the miner, with its statement of privacy, and its verdict."""
        index = len(self.told)
        terms = self.sonar.campaign(campaign).terms
        update = (1000 + index).to_bytes(32, "big")
        self.send(self.sonar.calls.submit(campaign, update, miner.address, terms.stake + terms.fee), miner)
        improved = verdict == "IMPROVED"
        model = (2000 + index).to_bytes(32, "big") if improved else EMPTY
        report = Report(miner.address, update, Verdict[verdict], (score or 0) if improved else 0, model)
        self.send(self.sonar.calls.report(campaign, [report]))
        details: JsonObject = {}
        if improved:
            details = {"base_version": 0, "step": 1.0, "score_ppm": score, "version_digest": b"\x07" * 32}
        self.told.append(SubmissionRecord(index, miner.address, verdict, privacy=privacy, **details))

    def result(self, campaign: bytes, weights: np.ndarray, /, **changes: object) -> Result:
        """The honest result, with changes."""
        record = self.sonar.campaign(campaign)
        honest = Result(
            chain_id=1337,
            contract=self.sonar.address,
            campaign=campaign,
            spec=Cid.from_bytes32(record.terms.spec),
            family="one_vs_rest",
            version=record.version,
            start_ppm=record.start,
            final_ppm=max(
                [record.start, *(entry.score_ppm or 0 for entry in self.told if entry.version_digest)]
            ),
            weights=weights,
            record=tuple(self.told),
        )
        return with_fields(honest, changes)

    def deliver(
        self, campaign: bytes, result: Result, recipient: Certificate, signer: SecretKey | None = None
    ) -> None:
        """Seal, store, name on chain."""
        cid = self.store.put(result.seal(recipient, signer or self.key))
        self.send(self.sonar.calls.deliver(campaign, cid.digest))


@pytest.fixture
def judge(node: Anvil, sonar: Sonar, capsule: KeyfileSigner, store_setting: str, transact: Transact) -> Judge:
    """A registered Capsule."""
    played = Judge(node, sonar, capsule, open_store(store_setting), transact)
    played.register()
    return played


@pytest.fixture
def weights() -> np.ndarray:
    """A model that is right about every record: the second class from 60 kg on."""
    return np.array([[0.0, 0.0], [-1.0, 1.0], [0.0, 0.0], [-0.05, 0.05]])


@pytest.fixture
def created() -> Created:
    """`created(sonar) -> [CampaignCreated, ...]`: what is on chain."""

    def read(sonar: Sonar) -> list[CampaignCreated]:
        logs = rpc.logs(sonar.web3, sonar.address, 0, rpc.block_number(sonar.web3))
        events = [decode_log(log).event for log in logs]
        return [event for event in events if isinstance(event, CampaignCreated)]

    return read


@dataclass(frozen=True)
class Scene:
    """What a campaign is launched with, and where a launch shows: the chain and a registered Capsule."""

    plan: Plan
    records: pa.Table
    judge: Judge
    node: Anvil
    sonar: Sonar
    read: Created

    def campaign(self, own: Scientist, plan: Plan | None = None, name: str | None = None) -> Campaign:
        """The campaign of that scientist, with the plan and all records; not launched yet."""
        return Campaign(own, plan or self.plan, self.records, name=name)

    def created(self) -> Sequence[CampaignCreated]:
        """The campaigns on chain."""
        return self.read(self.sonar)


@pytest.fixture
def scene(plan: Plan, records: pa.Table, judge: Judge, node: Anvil, sonar: Sonar, created: Created) -> Scene:
    """Everything is there for a campaign."""
    return Scene(plan, records, judge, node, sonar, created)
