"""Opening a campaign: what goes where, and that the bounty is escrowed once whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.scientist.conftest import Created, Judge

ETHER = 10**18


def test_a_launched_campaign_is_on_chain_and_in_the_store(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    node: Anvil,
    sonar: Sonar,
    capsule: KeyfileSigner,
) -> None:
    campaign = Campaign(owner, plan, records).launch()
    record = campaign.record
    assert (record.owner, record.state) == (owner.address, State.REQUESTED)
    assert (record.terms.bounty, record.terms.target, record.terms.min_gain) == (10 * ETHER, 900_000, 10_000)
    assert (record.terms.stake, record.terms.fee, record.terms.gap_basis) == (70, 3, False)
    assert record.terms.review_until - record.terms.submit_until == 3600
    assert node.balance(sonar.address) == 10 * ETHER

    cid = Cid.from_bytes32(record.terms.spec)
    spec = Spec.parse(judge.store.get(cid, max_bytes=MAX_BYTES["spec"]), cid=cid)
    assert spec.start_ppm == 500_000  # zeros predict the first class everywhere
    assert spec.validation.rows == 20
    assert spec.weights_shape == (4, 2)
    own = judge.store.get(spec.scientist_certificate, max_bytes=MAX_BYTES["certificate"])
    assert own == owner.key.certificate.to_bytes()
    assert set(judge.store.pins(scientist_pins(campaign.id))) == {
        cid,
        spec.validation.sealed,
        spec.scientist_certificate,
    }


def test_only_the_capsule_opens_the_validation_records(
    owner: Scientist, plan: Plan, records: pa.Table, judge: Judge, sonar: Sonar
) -> None:
    campaign = Campaign(owner, plan, records).launch()
    spec = Spec.parse(
        judge.store.get(Cid.from_bytes32(campaign.record.terms.spec), max_bytes=MAX_BYTES["spec"])
    )
    blob = judge.store.get(spec.validation.sealed, max_bytes=MAX_BYTES["sealed_input"])
    binding = {"chain_id": 1337, "contract": sonar.address, "scientist": owner.address}
    opened = SealedInput.open(blob, judge.key, digest=spec.validation.digest, **binding)
    assert opened.records(spec.schema, rows=20).equals(plan.schema.select(records))
    with pytest.raises(NotForThisKeyError):
        SealedInput.open(blob, SecretKey.generate("stranger"), digest=spec.validation.digest, **binding)


def test_the_store_holds_no_record_in_the_clear(
    owner: Scientist, plan: Plan, records: pa.Table, judge: Judge, tmp_path: Path
) -> None:
    Campaign(owner, plan, records).launch()
    payload = SealedInput.of_records(
        records, plan.schema, chain_id=1337, contract="0x" + "11" * 20, scientist="0x" + "22" * 20
    ).payload
    column = np.array(records.column("height")).tobytes()
    assert column in payload  # the check finds what it looks for
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert kept
    assert column not in kept


def test_the_same_again_is_the_same_campaign(
    owner: Scientist,
    reopen: Callable[[], Scientist],
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    sonar: Sonar,
    created: Created,
) -> None:
    first = Campaign(owner, plan, records).launch()
    assert Campaign(owner, plan, records).launch().id == first.id
    assert (
        Campaign(reopen(), plan, records.select(["ill", "weight", "height", "smoker"])).launch().id
        == first.id
    )
    assert len(created(sonar)) == 1
    other = Campaign(owner, plan, records, name="once more").launch()
    assert other.id != first.id
    assert len(created(sonar)) == 2


def test_the_same_name_for_something_else_is_refused(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    sonar: Sonar,
    created: Created,
) -> None:
    first = Campaign(owner, plan, records, name="mine").launch()
    with pytest.raises(NameTakenError, match=first.id.hex()):
        Campaign(owner, replace(plan, bounty=11 * ETHER), records, name="mine").launch()
    with pytest.raises(NameTakenError):
        Campaign(owner, plan, records.slice(0, 19), name="mine").launch()
    assert len(created(sonar)) == 1


def test_a_capsule_without_certificate(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    sonar: Sonar,
    created: Created,
) -> None:
    with pytest.raises(NoCertificateError, match=plan.capsule):
        Campaign(owner, plan, records).launch()
    assert created(sonar) == []


def test_a_certificate_that_nobody_has(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    sonar: Sonar,
    created: Created,
) -> None:
    judge.send(sonar.calls.register_capsule(b"\x55" * 32))
    with pytest.raises(NotFoundError, match=str(Cid(b"\x55" * 32))):
        Campaign(owner, plan, records).launch()
    assert created(sonar) == []


def test_the_scientist_cannot_be_the_capsule(
    owner: Scientist, plan: Plan, records: pa.Table, judge: Judge
) -> None:
    with pytest.raises(PlanError, match="other than the scientist's own"):
        Campaign(owner, replace(plan, capsule=owner.address), records).launch()


def test_without_funds_nothing_is_sent_and_it_can_be_tried_again(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    node: Anvil,
    sonar: Sonar,
    created: Created,
) -> None:
    node.fund(owner.address, 10 * ETHER - 1)
    with pytest.raises(InsufficientFundsError, match=owner.address):
        Campaign(owner, plan, records).launch()
    assert created(sonar) == []
    node.fund(owner.address, 11 * ETHER)
    campaign = Campaign(owner, plan, records).launch()
    assert len(created(sonar)) == 1
    owners = judge.store.owners()
    assert [name for name in owners if name.startswith("scientist/")] == [scientist_pins(campaign.id)]


def test_a_launch_that_reverted_can_be_repeated(
    owner: Scientist,
    plan: Plan,
    records: pa.Table,
    judge: Judge,
    node: Anvil,
    sonar: Sonar,
    created: Created,
) -> None:
    node.set_automine(False)
    campaign = Campaign(owner, plan, records)
    owner.outbox.wait = lambda key: None  # type: ignore[method-assign,assignment]
    # do not wait: the block comes after the deadline
    campaign.launch()
    del owner.outbox.wait
    node.advance(4000)
    with pytest.raises(RevertedError, match="time to submit is over"):
        owner.outbox.wait(create_deed(campaign.id))
    node.set_automine(True)
    again = Campaign(owner, plan, records).launch()
    assert again.id != campaign.id
    assert len(created(sonar)) == 1


def test_initial_weights_are_sealed_and_measured(
    owner: Scientist, plan: Plan, records: pa.Table, judge: Judge, sonar: Sonar, weights: np.ndarray
) -> None:
    weights = np.ascontiguousarray(weights[:, ::-1])  # wrong for every record: room to gain
    campaign = Campaign(owner, replace(plan, initial=weights, target=1_000_000), records).launch()
    spec = Spec.parse(
        judge.store.get(Cid.from_bytes32(campaign.record.terms.spec), max_bytes=MAX_BYTES["spec"])
    )
    assert spec.start_ppm == 0
    opened = SealedInput.open(
        judge.store.get(spec.initial.sealed, max_bytes=MAX_BYTES["sealed_input"]),  # type: ignore[union-attr]
        judge.key,
        chain_id=1337,
        contract=sonar.address,
        scientist=owner.address,
        digest=spec.initial.digest,  # type: ignore[union-attr]
    )
    assert np.array_equal(opened.weights(shape=(4, 2), weight_bound=8.0), weights)


def test_a_continued_campaign_must_say_where_it_starts(plan: Plan) -> None:
    with pytest.raises(PlanError, match="start is missing"):
        replace(plan, initial=FromCampaign(b"\x01" * 32))
    assert replace(plan, initial=FromCampaign(b"\x01" * 32), start="85 %").start == 850_000


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
from web3 import Web3
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

connection = Connection.open(Home.open(Path(home)), Web3(DyingNode(url, point)))
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
    judge: Judge,
    node: Anvil,
    sonar: Sonar,
    home: Path,
    role_keys: Mapping[str, bytes],
    created: Created,
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
        node.url,
        point,
    ]
    command = [sys.executable, "-c", CHILD, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}  # of `dying`
    child = subprocess.run(command, env=environment, check=False, timeout=60)
    assert child.returncode == -signal.SIGKILL
    (row,) = owner.connection.journal.all()
    assert (owner.outbox.find(create_deed(row.id)) is not None) == known
    assert len(created(sonar)) == escrowed

    campaign = Campaign(owner, read_plan(plan_file), validation_csv).launch()  # the same command again
    assert len(created(sonar)) == 1
    assert node.balance(sonar.address) == 10 * ETHER
    assert (campaign.id == row.id) == known
    assert [kept.id for kept in owner.connection.journal.all()] == [campaign.id]
    assert [name for name in judge.store.owners() if name.startswith("scientist/")] == [
        scientist_pins(campaign.id)
    ]


def test_an_auditor_must_be_there_and_last_until_the_review_ends(
    owner: Scientist, plan: Plan, records: pa.Table, judge: Judge, node: Anvil, sonar: Sonar
) -> None:
    ends = datetime.now(UTC)
    for hours, refused in ((1, True), (2 + 24, False)):  # submissions and review take an hour each
        key = SecretKey.generate("auditor")
        lasting = key.certificate.native().set_expiration(
            ends + timedelta(hours=hours), key.native().certifier()
        )
        cid = judge.store.put(bytes(lasting))
        campaign = Campaign(owner, replace(plan, auditor_certificate=cid), records, name=f"{hours} hours")
        if refused:
            with pytest.raises(PlanError, match="does not expire before the review ends"):
                campaign.launch()
            assert node.balance(sonar.address) == 0
        else:
            launched = campaign.launch()
            assert cid in judge.store.pins(scientist_pins(launched.id))
    nobody = replace(plan, auditor_certificate=Cid(b"\x09" * 32))
    with pytest.raises(NotFoundError):
        Campaign(owner, nobody, records, name="nobody").launch()
