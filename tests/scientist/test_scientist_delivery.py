"""Following a campaign to its end, and believing only a result that agrees with the chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import State
from pysonar.chain.errors import ContractRefusedError
from pysonar.chain.sending.deeds import Action, scientist_pins
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.artifacts import ArtifactError, SubmissionRecord, WrongBindingError
from pysonar.protocol.cid import Cid
from pysonar.protocol.openpgp import NotForThisKeyError, SecretKey, WrongSignerError
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import (
    CampaignDeclinedError,
    CancelledError,
    NotDeliveredError,
    NotOwnerError,
    ResultMismatchError,
    StillRunningError,
    UnknownCampaignError,
)
from pysonar.scientist.ledger import RECLAIMED, Ledger
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.upkeep import put_back_specs
from pysonar.store import NotFoundError
from pysonar.store.embedded.store import EmbeddedStore
from tests.builders.changes import with_fields
from tests.builders.terms import ETHER
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.scientist.conftest import Judge, Scene
from tests.scientist.shell import Shell


@pytest.fixture
def launched(owner: Scientist, plan: Plan, records: pa.Table, judge: Judge) -> Campaign:
    """A requested campaign."""
    return Campaign(owner, plan, records).launch()


@pytest.fixture
def judged(launched: Campaign, judge: Judge, miner: KeyfileSigner, second_miner: KeyfileSigner) -> Campaign:
    """Opened at 50 %; four submissions, of which the second and the last improve, to 70 % and beyond the
    target.
    """
    judge.open(launched.id, 500_000)
    judge.judge(launched.id, miner, "NO_GAIN")
    judge.judge(launched.id, second_miner, "IMPROVED", 700_000)
    judge.judge(launched.id, miner, "MALFORMED")
    judge.judge(launched.id, miner, "IMPROVED", 950_000)
    return launched


@pytest.fixture
def delivered(judged: Campaign, judge: Judge, owner: Scientist, weights: np.ndarray) -> Campaign:
    """The honest end."""
    judge.deliver(judged.id, judge.result(judged.id, weights), owner.key.certificate)
    return judged


def test_the_delivered_model_is_a_fitted_estimator(delivered: Campaign, records: pa.Table) -> None:
    estimator = delivered.wait(timeout=60).result()
    assert estimator.predict(records).tolist() == records.column("ill").to_pylist()
    assert estimator.score(records) == 1.0
    assert delivered.delivery().result.final_ppm == 950_000


def test_an_opened_result_is_pinned(delivered: Campaign, owner: Scientist) -> None:
    store = owner.connection.store
    before = set(store.pins(scientist_pins(delivered.id)))
    delivery = delivered.delivery()
    assert set(store.pins(scientist_pins(delivered.id))) - before == {delivery.cid}


@pytest.mark.parametrize("way", ["watching", "waiting", "store repair"])
def test_a_spec_that_the_store_has_lost_is_put_back(
    launched: Campaign, owner: Scientist, sonar_command: Shell, way: str
) -> None:
    """Mines and Capsule need it until the end, and the scientist's records still have it."""
    store, cid = owner.connection.store, Cid.from_bytes32(launched.record.terms.spec)
    assert isinstance(store, EmbeddedStore)
    store.blocks.path(cid).unlink()
    assert not store.has(cid)
    if way == "watching":
        sonar_command.json("campaign", "show", launched.name)
    elif way == "waiting":
        with pytest.raises(StillRunningError):
            launched.wait(timeout=0)
    else:
        assert [row["cid"] for row in sonar_command.json("store", "repair")] == [str(cid)]
    assert store.has(cid)
    assert cid in set(store.pins(scientist_pins(launched.id)))


def test_the_spec_of_a_campaign_that_is_over_is_not_put_back(launched: Campaign, owner: Scientist) -> None:
    store, cid = owner.connection.store, Cid.from_bytes32(launched.record.terms.spec)
    assert isinstance(store, EmbeddedStore)
    launched.cancel()
    owner.connection.read_events()
    store.blocks.path(cid).unlink()
    assert put_back_specs(owner.connection) == []


def test_every_event_is_told_once_while_waiting(delivered: Campaign) -> None:
    told: list[str] = []
    delivered.wait(timeout=60, on_event=lambda logged: told.append(logged.event.name))
    assert told[:3] == ["CampaignCreated", "CampaignOpened", "Submitted"]
    assert told[-1] == "Delivered"
    assert len(told) == 2 + 4 + 4 + 2 + 1  # 2 of the 4 verdicts also say Improved


def test_submissions_are_listed_with_what_they_earned(
    delivered: Campaign, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    connection = delivered._connection
    connection.read_events()
    rows = Ledger(connection.web3).rows(connection.follower.history(campaign=delivered.id))
    assert [(row.index, row.verdict, row.before_ppm, row.after_ppm) for row in rows] == [
        (0, "NO_GAIN", None, None),
        (1, "IMPROVED", 500_000, 700_000),
        (2, "MALFORMED", None, None),
        (3, "IMPROVED", 700_000, 900_000),
    ]
    assert [row.miner for row in rows] == [who.address for who in (miner, second_miner, miner, miner)]
    assert [row.earned for row in rows] == [
        0,
        10 * ETHER * 2 // 9,
        0,
        10 * ETHER * 4 // 9 - 10 * ETHER * 2 // 9,
    ]
    assert all(row.submit_gas and row.report_gas and 20_000 < row.submit_gas < 200_000 for row in rows)


def test_the_money_comes_back_and_nothing_stays(
    delivered: Campaign, owner: Scientist, scene: Scene, miner: KeyfileSigner, second_miner: KeyfileSigner
) -> None:
    assert delivered.claim() == 0
    delivered.settle()
    assert delivered.record.state is State.SETTLED
    delivered.settle()  # again: nothing happens
    refund = 10 * ETHER - 10 * ETHER * 4 // 9
    before = scene.node.balance(owner.address)
    assert delivered.claimable() == refund
    assert delivered.claim() == refund
    assert refund - 10**16 < scene.node.balance(owner.address) - before < refund
    assert delivered.claim() == 0
    for who in (scene.judge.signer, miner, second_miner):
        scene.judge.send(scene.sonar.calls.claim(delivered.id, who.address), who)
    assert scene.node.balance(scene.sonar.address) == 0


def test_a_refund_may_go_elsewhere(delivered: Campaign, stranger: KeyfileSigner, node: Anvil) -> None:
    delivered.settle()
    before = node.balance(stranger.address)
    amount = delivered.claim(stranger.address)
    assert node.balance(stranger.address) - before == amount > 0


def test_somebody_may_settle_first(
    delivered: Campaign, owner: Scientist, scene: Scene, miner: KeyfileSigner
) -> None:
    class Slow:
        """Somebody else settles while this account signs."""

        address = owner.address

        def sign(self, transaction: Mapping[str, object]) -> bytes:
            scene.judge.send(scene.sonar.calls.settle(delivered.id), miner)
            return bytes(owner.signer.sign(transaction))

    outbox = owner.connection.outbox(Slow(), poll_seconds=0.01)
    Campaign.attach(replace(owner, outbox=outbox), delivered.id).settle()
    (sent,) = [one for one in outbox.history() if one.deed.action is Action.SETTLE]
    assert (sent.status, sent.problem) == (Status.REVERTED, "sonar: nothing to settle")


def test_a_campaign_is_not_settled_before_it_is_over(judged: Campaign) -> None:
    with pytest.raises(ContractRefusedError, match="sonar: result is not delivered"):
        judged.settle()


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("the accuracy at the start", {"start_ppm": 499_999}),
        ("the accuracy at the end", {"final_ppm": 899_999}),
        ("the model's family", {"family": "logistic"}),
        ("the shape of the weights", {"weights": np.zeros((4, 3))}),
    ],
)
def test_a_result_that_contradicts_the_chain_is_refused(
    judged: Campaign, judge: Judge, owner: Scientist, weights: np.ndarray, what: str, changes: JsonObject
) -> None:
    result = judge.result(judged.id, weights, **changes)
    judge.deliver(judged.id, result, owner.key.certificate)
    with pytest.raises(ResultMismatchError, match=what) as mismatch:
        judged.result()
    assert mismatch.value.what == what


Edit = Callable[[list[SubmissionRecord]], list[SubmissionRecord]]


def _change(place: int, **changes: object) -> Edit:
    def apply(told: list[SubmissionRecord]) -> list[SubmissionRecord]:
        return [with_fields(entry, changes) if entry.index == place else entry for entry in told]

    return apply


@pytest.mark.parametrize(
    ("what", "edit"),
    [
        ("the verdict on submission 0", _change(0, verdict="UNAVAILABLE")),
        ("the miner of submission 0", _change(0, miner="0x" + "77" * 20)),
        ("the accuracy of submission 1", _change(1, score_ppm=700_001)),
        ("the accuracy of submission 3", _change(3, score_ppm=899_999)),
        (
            "the number of evaluated submissions",
            lambda told: [*told, SubmissionRecord(4, "0x" + "77" * 20, "NO_GAIN")],
        ),
    ],
)
def test_a_record_that_contradicts_the_chain_is_refused(
    judged: Campaign, judge: Judge, owner: Scientist, weights: np.ndarray, what: str, edit: Edit
) -> None:
    changed = judge.result(judged.id, weights, record=tuple(edit(judge.told)), final_ppm=950_000)
    judge.deliver(judged.id, changed, owner.key.certificate)
    with pytest.raises(ResultMismatchError, match=what):
        judged.result()


def test_a_result_by_another_hand_is_refused(
    judged: Campaign, judge: Judge, owner: Scientist, weights: np.ndarray
) -> None:
    judge.deliver(
        judged.id, judge.result(judged.id, weights), owner.key.certificate, SecretKey.generate("stranger")
    )
    with pytest.raises(WrongSignerError):
        judged.result()


def test_a_certificate_that_capsule_registered_later_does_not_count(
    judged: Campaign, judge: Judge, owner: Scientist, weights: np.ndarray
) -> None:
    judge.key = SecretKey.generate("Capsule, next year")
    judge.register()
    judge.deliver(judged.id, judge.result(judged.id, weights), owner.key.certificate)
    with pytest.raises(WrongSignerError):
        judged.result()


def test_a_result_for_somebody_else_is_refused(judged: Campaign, judge: Judge, weights: np.ndarray) -> None:
    judge.deliver(judged.id, judge.result(judged.id, weights), SecretKey.generate("stranger").certificate)
    with pytest.raises(NotForThisKeyError):
        judged.result()


@pytest.mark.parametrize(
    "changes", [{"campaign": b"\x09" * 32}, {"chain_id": 1}, {"contract": "0x" + "77" * 20}]
)
def test_a_result_of_another_campaign_is_refused(
    judged: Campaign, judge: Judge, owner: Scientist, weights: np.ndarray, changes: JsonObject
) -> None:
    judge.deliver(judged.id, judge.result(judged.id, weights, **changes), owner.key.certificate)
    with pytest.raises(WrongBindingError):
        judged.result()


def test_a_result_that_nobody_has_or_that_is_none(
    judged: Campaign, judge: Judge, sonar: Sonar, owner: Scientist
) -> None:
    judge.send(sonar.calls.deliver(judged.id, b"\x66" * 32))
    with pytest.raises(NotFoundError):
        judged.result()
    from pysonar.protocol.openpgp import seal

    rubbish = judge.store.put(seal(b"not a result", [owner.key.certificate], judge.key))
    judge.send(sonar.calls.deliver(judged.id, rubbish.digest))
    with pytest.raises(ArtifactError, match=str(rubbish)):
        judged.result()


def test_no_result_yet(judged: Campaign) -> None:
    with pytest.raises(NotDeliveredError, match="has not delivered"):
        judged.result()
    with pytest.raises(StillRunningError, match=r"no result after 0\.2 s"):
        judged.wait(timeout=0.2)


def test_another_scientists_campaign_is_not_opened(
    delivered: Campaign, owner: Scientist, stranger: KeyfileSigner
) -> None:
    other = replace(owner, signer=stranger)
    with pytest.raises(NotOwnerError, match=stranger.address):
        Campaign.attach(other, delivered.id).result()


def test_a_declined_campaign_says_why_and_gives_the_bounty_back(
    launched: Campaign, judge: Judge, sonar: Sonar
) -> None:
    judge.send(sonar.calls.decline(launched.id, "the claimed start is off"))
    with pytest.raises(CampaignDeclinedError, match="the claimed start is off"):
        launched.wait(timeout=60)
    assert launched.claim() == 10 * ETHER


def test_a_cancelled_campaign_gives_the_bounty_back(launched: Campaign) -> None:
    launched.cancel()
    with pytest.raises(CancelledError):
        launched.wait(timeout=60)
    assert launched.claim() == 10 * ETHER


def test_a_campaign_is_cancelled_once_however_often_it_is_asked(launched: Campaign, owner: Scientist) -> None:
    launched.cancel()
    before = len(owner.outbox.history())
    launched.cancel()
    assert len(owner.outbox.history()) == before


def test_a_campaign_that_capsule_never_opened(launched: Campaign, node: Anvil) -> None:
    node.advance_to(launched.record.terms.submit_until - 1)
    with pytest.raises(StillRunningError):
        launched.wait(timeout=0)
    node.advance(1)
    with pytest.raises(NotDeliveredError, match="never opened"):
        launched.wait(timeout=60)
    launched.settle()
    with pytest.raises(NotDeliveredError, match="without having been opened"):
        launched.wait(timeout=60)
    assert launched.claim() == 10 * ETHER


def test_a_campaign_that_capsule_abandoned(launched: Campaign, scene: Scene, miner: KeyfileSigner) -> None:
    scene.judge.open(launched.id, 500_000)
    scene.judge.send(scene.sonar.calls.submit(launched.id, b"\x44" * 32, miner.address, 73), miner)
    scene.node.advance_to(launched.record.terms.review_until)
    with pytest.raises(NotDeliveredError, match="time is over"):
        launched.wait(timeout=60)
    launched.settle()
    scene.judge.send(scene.sonar.calls.reclaim(launched.id, 0, b"\x44" * 32, miner.address), miner)
    launched._connection.read_events()
    (row,) = Ledger(scene.node.web3).rows(launched._connection.follower.history(campaign=launched.id))
    assert (row.verdict, row.earned, row.report_gas) == (RECLAIMED, 0, None)
    assert launched.claim() == 10 * ETHER


def test_campaigns_are_found_by_name_id_and_its_beginning(owner: Scientist, launched: Campaign) -> None:
    hexed = launched.id.hex()
    for asked in (launched.name, "0x" + hexed, "0x" + hexed[:6]):
        assert Campaign.attach(owner, asked).id == launched.id
    assert Campaign.attach(owner, launched.id).name == "who-is-ill"
    for asked, why in (
        ("nobody", "ids begin with 0x"),
        ("0x12345", "at least 6"),
        ("0x" + "ee" * 8, "no id begins with that"),
    ):
        with pytest.raises(UnknownCampaignError, match=why):
            Campaign.attach(owner, asked)
