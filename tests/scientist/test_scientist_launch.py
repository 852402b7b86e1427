"""Opening a campaign: what goes where, and that the bounty is escrowed once whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import State
from pysonar.chain.errors import InsufficientFundsError, RevertedError
from pysonar.chain.sending.deeds import scientist_pins
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import MAX_BYTES, FromCampaign, SealedInput, Spec
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import NotForThisKeyError, SecretKey
from pysonar.scientist.campaign import Campaign, default_name
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import CampaignError, NameTakenError, NoCertificateError, PlanError
from pysonar.scientist.launch import create_deed
from pysonar.scientist.planning.plan import Plan
from pysonar.store import NotFoundError
from tests.builders.changes import wrong
from tests.builders.terms import ETHER
from tests.json_types import JsonObject
from tests.scientist.conftest import Created, Scene


def test_a_launched_campaign_is_on_chain_and_in_the_store(
    owner: Scientist, scene: Scene, capsule: KeyfileSigner
) -> None:
    campaign = scene.campaign(owner).launch()
    record = campaign.record
    assert (record.owner, record.state) == (owner.address, State.REQUESTED)
    assert (record.terms.bounty, record.terms.target, record.terms.min_gain) == (10 * ETHER, 900_000, 10_000)
    assert (record.terms.stake, record.terms.fee, record.terms.gap_basis) == (70, 3, False)
    assert record.terms.review_until - record.terms.submit_until == 3600
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER

    cid = Cid.from_bytes32(record.terms.spec)
    spec = Spec.parse(scene.judge.store.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
    assert spec.start_ppm == 500_000  # zeros predict the first class everywhere
    assert spec.validation.rows == 20
    assert spec.weights_shape == (4, 2)
    own = scene.judge.store.get(spec.scientist_certificate, max_bytes=MAX_BYTES["certificate"])
    assert own == owner.key.certificate.to_bytes()
    assert set(scene.judge.store.pins(scientist_pins(campaign.id))) == {
        cid,
        spec.validation.sealed,
        spec.scientist_certificate,
    }


def test_only_the_capsule_opens_the_validation_records(owner: Scientist, scene: Scene) -> None:
    campaign = scene.campaign(owner).launch()
    spec = Spec.parse(
        scene.judge.store.get(Cid.from_bytes32(campaign.record.terms.spec), max_bytes=MAX_BYTES["spec"])
    )
    blob = scene.judge.store.get(spec.validation.sealed, max_bytes=MAX_BYTES["sealed_input"])

    def opened_by(key: SecretKey) -> SealedInput:
        return SealedInput.open(
            blob,
            key,
            digest=spec.validation.digest,
            chain_id=1337,
            contract=scene.sonar.address,
            scientist=owner.address,
        )

    opened = opened_by(scene.judge.key)
    assert opened.records(spec.schema, rows=20).equals(scene.plan.schema.select(scene.records))
    with pytest.raises(NotForThisKeyError):
        opened_by(SecretKey.generate("stranger"))


def test_the_store_holds_no_record_in_the_clear(owner: Scientist, scene: Scene, tmp_path: Path) -> None:
    scene.campaign(owner).launch()
    payload = SealedInput.of_records(
        scene.records, scene.plan.schema, chain_id=1337, contract="0x" + "11" * 20, scientist="0x" + "22" * 20
    ).payload
    column = np.array(scene.records.column("height")).tobytes()
    assert column in payload  # the check finds what it looks for
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert kept
    assert column not in kept


def test_the_same_again_is_the_same_campaign(
    owner: Scientist, reopen: Callable[[], Scientist], scene: Scene
) -> None:
    first = scene.campaign(owner).launch()
    assert scene.campaign(owner).launch().id == first.id
    assert (
        Campaign(reopen(), scene.plan, scene.records.select(["ill", "weight", "height", "smoker"]))
        .launch()
        .id
        == first.id
    )
    assert len(scene.created()) == 1
    other = scene.campaign(owner, name="once more").launch()
    assert other.id != first.id
    assert len(scene.created()) == 2


def test_the_same_name_for_something_else_is_refused(owner: Scientist, scene: Scene) -> None:
    first = scene.campaign(owner, name="mine").launch()
    with pytest.raises(NameTakenError, match=first.id.hex()):
        scene.campaign(owner, replace(scene.plan, bounty=11 * ETHER), name="mine").launch()
    with pytest.raises(NameTakenError):
        Campaign(owner, scene.plan, scene.records.slice(0, 19), name="mine").launch()
    assert len(scene.created()) == 1


def test_a_capsule_without_certificate(
    owner: Scientist, plan: Plan, records: pa.Table, sonar: Sonar, created: Created
) -> None:
    with pytest.raises(NoCertificateError, match=plan.capsule):
        Campaign(owner, plan, records).launch()
    assert created(sonar) == []


def test_a_certificate_that_nobody_has(owner: Scientist, scene: Scene) -> None:
    scene.judge.send(scene.sonar.calls.register_capsule(b"\x55" * 32))
    with pytest.raises(NotFoundError, match=str(Cid(b"\x55" * 32))):
        scene.campaign(owner).launch()
    assert scene.created() == []


def test_the_scientist_cannot_be_the_capsule(owner: Scientist, scene: Scene) -> None:
    with pytest.raises(PlanError, match="other than the scientist's own"):
        scene.campaign(owner, replace(scene.plan, capsule=owner.address)).launch()


def test_without_funds_nothing_is_sent_and_it_can_be_tried_again(owner: Scientist, scene: Scene) -> None:
    scene.node.fund(owner.address, 10 * ETHER - 1)
    with pytest.raises(InsufficientFundsError, match=owner.address):
        scene.campaign(owner).launch()
    assert scene.created() == []
    scene.node.fund(owner.address, 11 * ETHER)
    campaign = scene.campaign(owner).launch()
    assert len(scene.created()) == 1
    owners = scene.judge.store.owners()
    assert [name for name in owners if name.startswith("scientist/")] == [scientist_pins(campaign.id)]


def test_a_launch_that_reverted_can_be_repeated(
    owner: Scientist, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.node.set_automine(False)
    campaign = scene.campaign(owner)
    with monkeypatch.context() as patched:  # the block comes after the deadline
        patched.setattr(owner.outbox, "wait", lambda deed: None)
        campaign.launch()
    # The deadline counts from the clock where the chain is behind it, as one that was put back is.
    scene.node.advance_to(max(scene.node.now(), int(time.time())) + scene.plan.submit_for + 60)
    with pytest.raises(RevertedError, match="time to submit is over"):
        owner.outbox.wait(create_deed(campaign.id))
    scene.node.set_automine(True)
    again = scene.campaign(owner).launch()
    assert again.id != campaign.id
    assert len(scene.created()) == 1


def test_initial_weights_are_sealed_and_measured(owner: Scientist, scene: Scene, weights: np.ndarray) -> None:
    weights = np.ascontiguousarray(weights[:, ::-1])  # wrong for every record: room to gain
    campaign = scene.campaign(owner, replace(scene.plan, initial=weights, target=1_000_000)).launch()
    spec = Spec.parse(
        scene.judge.store.get(Cid.from_bytes32(campaign.record.terms.spec), max_bytes=MAX_BYTES["spec"])
    )
    assert spec.start_ppm == 0
    opened = SealedInput.open(
        scene.judge.store.get(spec.initial.sealed, max_bytes=MAX_BYTES["sealed_input"]),  # type: ignore[union-attr]
        scene.judge.key,
        chain_id=1337,
        contract=scene.sonar.address,
        scientist=owner.address,
        digest=spec.initial.digest,  # type: ignore[union-attr]
    )
    assert np.array_equal(opened.weights(shape=(4, 2), weight_bound=8.0), weights)


def test_a_continued_campaign_must_say_where_it_starts(plan: Plan) -> None:
    with pytest.raises(PlanError, match="start is missing"):
        replace(plan, initial=FromCampaign(b"\x01" * 32))
    assert replace(plan, initial=FromCampaign(b"\x01" * 32), start=wrong("85 %")).start == 850_000


def test_there_is_no_id_before_the_launch(owner: Scientist, plan: Plan, records: pa.Table) -> None:
    with pytest.raises(CampaignError, match="launch"):
        _ = Campaign(owner, plan, records).id


def test_names_are_made_from_titles() -> None:
    assert default_name("Handwritten digits, 2nd try!") == "handwritten-digits-2nd-try"
    assert default_name("???") == "campaign"


# The child meddles with its signer and its node only; the code under test is the real one.
CHILD = """
import dataclasses, sys
from pathlib import Path
from dying import DyingNode, DyingSigner, die
from pysonar.chain.node.handle import Node, NodeHandle
import pyarrow.ipc
from pysonar.scientist.campaign import Campaign
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.connection import Connection, Scientist
from pysonar.scientist.home import Home
from pysonar.scientist.planning.plan_file import read_plan

home, plan, validation, key, url, point = sys.argv[1:]

class Store:
    def __init__(self, store):
        self.store = store
        self.left = 1 if point == "among the artifacts" else 100
    def __getattr__(self, name):
        return getattr(self.store, name)
    def put_pinned(self, data, owner):
        if not self.left:
            die()
        self.left -= 1
        return self.store.put_pinned(data, owner)

connection = Connection.open(Home.open(Path(home)), NodeHandle(DyingNode(url, point)))
connection = dataclasses.replace(connection, store=Store(connection.store))
signer = DyingSigner(KeyfileSigner.from_key(bytes.fromhex(key)), point)
outbox = connection.outbox(signer)
scientist = Scientist(connection, signer, SecretKey.generate("child"), outbox)
Campaign(scientist, read_plan(Path(plan)), validation).launch()
"""


@pytest.mark.parametrize(
    ("point", "known", "escrowed"),
    [
        ("among the artifacts", False, 0),
        ("before the signature", False, 0),
        ("before the broadcast", True, 0),
        ("after the broadcast", True, 1),
    ],
)
def test_killed_while_launching_the_bounty_is_escrowed_once(
    owner: Scientist,
    plan_values: JsonObject,
    validation_csv: Path,
    scene: Scene,
    home: Path,
    role_keys: Mapping[str, bytes],
    tmp_path: Path,
    point: str,
    known: bool,
    escrowed: int,
) -> None:
    import json

    from pysonar.scientist.planning.plan_file import read_plan

    plan_file = tmp_path / "plan.json"
    plan_file.write_text(json.dumps(plan_values))
    arguments = [
        str(home),
        str(plan_file),
        str(validation_csv),
        role_keys["scientist"].hex(),
        scene.node.url,
        point,
    ]
    command = [sys.executable, "-c", CHILD, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}  # of `dying`
    child = subprocess.run(command, env=environment, check=False, timeout=60)
    assert child.returncode == -signal.SIGKILL
    (row,) = owner.connection.journal.all()
    assert (owner.outbox.find(create_deed(row.id)) is not None) == known
    assert len(scene.created()) == escrowed

    campaign = Campaign(owner, read_plan(plan_file), validation_csv).launch()  # the same command again
    assert len(scene.created()) == 1
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER
    assert (campaign.id == row.id) == known
    assert [kept.id for kept in owner.connection.journal.all()] == [campaign.id]
    assert [name for name in scene.judge.store.owners() if name.startswith("scientist/")] == [
        scientist_pins(campaign.id)
    ]


def test_an_auditor_must_be_there_and_last_until_the_review_ends(owner: Scientist, scene: Scene) -> None:
    ends = datetime.now(UTC)
    for hours, refused in ((1, True), (2 + 24, False)):  # submissions and review take an hour each
        key = SecretKey.generate("auditor")
        lasting = key.certificate.native().set_expiration(
            ends + timedelta(hours=hours), key.native().certifier()
        )
        cid = scene.judge.store.put(bytes(lasting))
        campaign = scene.campaign(owner, replace(scene.plan, auditor_certificate=cid), name=f"{hours} hours")
        if refused:
            with pytest.raises(PlanError, match="does not expire before the review ends"):
                campaign.launch()
            assert scene.node.balance(scene.sonar.address) == 0
        else:
            launched = campaign.launch()
            assert cid in scene.judge.store.pins(scientist_pins(launched.id))
    nobody = replace(scene.plan, auditor_certificate=Cid(b"\x09" * 32))
    with pytest.raises(NotFoundError):
        Campaign(owner, nobody, scene.records, name="nobody").launch()
