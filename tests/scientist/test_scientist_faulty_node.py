"""A bounty is escrowed once and owed money is claimed once, whatever the scientist's node leaves out or says
wrongly; and who is stopped on the way is told what is done and how to go on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.errors import NodeDownError, TransactionTimeoutError, WrongChainError
from pysonar.chain.node.connect import NodeProvider
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.settings import load_settings, save_settings
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.connection import Connection, Scientist
from pysonar.scientist.errors import CampaignDeclinedError, ClaimUnfinishedError, LaunchUnfinishedError
from pysonar.scientist.home import Home
from pysonar.scientist.launch import create_deed
from tests.builders.terms import ETHER
from tests.faulty_node import FaultyNode, refusing
from tests.meddling import Answer, Meddling, Params, without
from tests.roles import there
from tests.scientist.conftest import Scene
from tests.scientist.shell import Shell

RECEIPT, TRANSACTION = "eth_getTransactionReceipt", "eth_getTransactionByHash"


@pytest.fixture
def through(home: Path, scientist: KeyfileSigner, scientist_key: SecretKey) -> Callable[..., Scientist]:
    """`through(provider, patience=None) -> Scientist`: the scientist's home on that node. `patience`: seconds
    after which waiting for a transaction is given up.
    """

    def open_home(provider: NodeProvider, patience: float | None = None) -> Scientist:
        connection = Connection.open(Home.open(home), NodeHandle(provider))
        outbox = connection.outbox(scientist, poll_seconds=0.01)
        if patience is not None:
            wait = outbox.wait
            outbox.wait = lambda deed: wait(deed, patience)  # type: ignore[assignment,misc,method-assign]
        return Scientist(connection, scientist, scientist_key, outbox)

    return open_home


@pytest.mark.parametrize("missing", [(RECEIPT,), (RECEIPT, TRANSACTION)])
def test_a_bounty_is_escrowed_once_on_a_node_without_receipts(
    through: Callable[..., Scientist], scene: Scene, missing: tuple[str, ...]
) -> None:
    ids = set()
    for _ in range(3):  # the same command, three times
        own = through(Meddling(scene.node.url, without(*missing)))
        ids.add(scene.campaign(own, name="once").launch().id)
    assert len(ids) == len(scene.created()) == 1
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER


@pytest.mark.parametrize("missing", [(RECEIPT,), (RECEIPT, TRANSACTION)])
def test_nothing_is_forgotten_before_the_escrow_is_confirmed(
    through: Callable[..., Scientist], home: Path, scene: Scene, missing: tuple[str, ...]
) -> None:
    """With confirmations to wait for, no receipt, and no new block."""
    save_settings(home, dataclasses.replace(load_settings(home), confirmations=3))
    for _ in range(3):
        own = through(Meddling(scene.node.url, without(*missing)), patience=0.2)
        with pytest.raises(LaunchUnfinishedError, match="Run the same command again") as unfinished:
            scene.campaign(own, name="once").launch()
        assert unfinished.value.exit_code == 3
        assert unfinished.value.hashes[-1] in str(unfinished.value)
    assert len(scene.created()) == 1
    scene.node.mine(3)
    campaign = scene.campaign(through(Meddling(scene.node.url)), name="once").launch()
    assert [event.id for event in scene.created()] == [campaign.id]
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER


def test_a_node_that_goes_away_after_the_broadcast_leaves_word_how_to_go_on(
    through: Callable[..., Scientist], scene: Scene
) -> None:
    gone: list[bool] = []

    def go_away(method: str, _: object) -> Answer | None:
        if gone:
            raise NodeDownError(scene.node.url, "test")
        return None

    def after_the_broadcast(method: str, _: object, __: Answer) -> None:
        gone.extend([True] if method == "eth_sendRawTransaction" else [])

    own = through(Meddling(scene.node.url, go_away, after_the_broadcast), patience=0.1)
    with pytest.raises(LaunchUnfinishedError, match=f"no Ethereum node answers at {scene.node.url}: test"):
        scene.campaign(own, name="once").launch()
    row = there(own.connection.journal.named("once"))
    assert scene.campaign(through(Meddling(scene.node.url)), name="once").launch().id == row.id
    assert len(scene.created()) == 1


def test_a_false_receipt_of_failure_forgets_nothing(through: Callable[..., Scientist], scene: Scene) -> None:
    def failed(method: str, _: object, answer: Answer) -> Answer | None:
        if method != RECEIPT or not answer.get("result"):
            return None
        return {"result": answer["result"] | {"status": "0x0"}}

    own = through(Meddling(scene.node.url, after=failed))
    for _ in range(3):
        campaign = scene.campaign(own, name="once").launch()
        assert own.outbox.get(create_deed(campaign.id)).status is Status.REVERTED
    assert [event.id for event in scene.created()] == [campaign.id]
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER


def test_a_displaced_escrow_is_sent_again_under_the_same_id(
    through: Callable[..., Scientist], scene: Scene, scientist: KeyfileSigner
) -> None:
    """So that even a fork which brings the first one back could not escrow twice."""
    from pysonar.chain.node import rpc
    from tests.chain.sending.outboxes import from_elsewhere

    scene.node.set_automine(False)
    own = through(Meddling(scene.node.url), patience=0.2)
    with pytest.raises(LaunchUnfinishedError):
        scene.campaign(own, name="once").launch()
    rpc.send_raw(scene.node.web3, from_elsewhere(scientist, 0))
    scene.node.mine()
    row = there(own.connection.journal.named("once"))
    own.outbox.pump()
    assert own.outbox.get(create_deed(row.id)).status is Status.DISPLACED
    scene.node.set_automine(True)
    assert scene.campaign(through(Meddling(scene.node.url)), name="once").launch().id == row.id
    assert len(scene.created()) == 1


def test_ids_and_signatures_are_for_the_settings_chain_whatever_the_node_says_later(
    through: Callable[..., Scientist], scene: Scene
) -> None:
    wrong = Meddling(scene.node.url, lambda method, _: {"result": "0x1"} if method == "eth_chainId" else None)
    own = through(wrong)
    with pytest.raises(WrongChainError, match="serves chain 1, expected chain 1337"):
        scene.campaign(own, name="once").launch()
    assert own.outbox.history() == []
    campaign = scene.campaign(through(Meddling(scene.node.url)), name="once").launch()
    assert [event.id for event in scene.created()] == [campaign.id]


def test_waiting_outlives_a_node_that_refuses_for_a_while(
    through: Callable[..., Scientist], scene: Scene
) -> None:
    campaign = scene.campaign(through(Meddling(scene.node.url))).launch()
    with FaultyNode(scene.node.url) as faulty:
        late = Campaign.attach(through(Meddling(faulty.url)), campaign.id)
        scene.judge.send(scene.judge.sonar.calls.decline(campaign.id, "no"))
        faulty.habit(refusing(-32000, "daily request count exceeded"), "eth_blockNumber", first=3)
        with pytest.raises(CampaignDeclinedError):
            late.wait(timeout=60)
        assert sum(faulty.acted.values()) == 3


def test_watching_outlives_a_node_that_refuses_for_a_while_and_says_so_once(
    home: Path, scene: Scene, through: Callable[..., Scientist], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = scene.campaign(through(Meddling(scene.node.url)), name="once").launch()
    scene.judge.open(campaign.id, 500_000)
    read, looks = Connection.read_events, [0]
    with FaultyNode(scene.node.url) as faulty:
        save_settings(home, dataclasses.replace(load_settings(home), rpc=faulty.url))

        def refused_for_a_while(connection: Connection) -> None:
            looks[0] += 1
            if looks[0] in (2, 3):  # the first is that of the command's beginning
                faulty.habit(refusing(-32000, "daily request count exceeded"), "eth_blockNumber", first=1)
            read(connection)

        monkeypatch.setattr(Connection, "read_events", refused_for_a_while)
        watched = Shell(home)("campaign", "watch", "once", "--until", "opened")
    assert watched.exit_code == 0, watched.output
    assert "opened at 50 %" in watched.stdout
    assert watched.stderr.count("daily request count exceeded; trying again") == 1
    assert looks[0] == 4


@pytest.mark.parametrize("missing", [(RECEIPT,), (RECEIPT, TRANSACTION)])
def test_a_refund_is_claimed_once_on_a_node_without_receipts(
    through: Callable[..., Scientist], scene: Scene, missing: tuple[str, ...]
) -> None:
    campaign = scene.campaign(through(Meddling(scene.node.url))).launch()
    campaign.cancel()
    own = through(Meddling(scene.node.url, without(*missing)))
    assert Campaign.attach(own, campaign.id).claim() == 10 * ETHER
    assert [Campaign.attach(own, campaign.id).claim() for _ in range(2)] == [0, 0]
    assert scene.node.balance(scene.sonar.address) == 0


def test_a_claim_that_is_stopped_says_so_and_goes_on(through: Callable[..., Scientist], scene: Scene) -> None:
    campaign = scene.campaign(through(Meddling(scene.node.url))).launch()
    campaign.cancel()
    scene.node.set_automine(False)
    own = through(Meddling(scene.node.url), patience=0.1)
    with pytest.raises(ClaimUnfinishedError, match="Run the same command again") as stopped:
        Campaign.attach(own, campaign.id).claim()
    assert isinstance(stopped.value.why, TransactionTimeoutError)
    scene.node.set_automine(True)
    scene.node.mine()
    assert Campaign.attach(through(Meddling(scene.node.url)), campaign.id).claim() in (0, 10 * ETHER)
    assert scene.node.balance(scene.sonar.address) == 0


def test_a_node_behind_the_last_claim_brings_about_no_second_one(
    through: Callable[..., Scientist], scene: Scene, scientist: KeyfileSigner
) -> None:
    """One machine of several behind one address has not seen the claim yet."""
    from pysonar.chain.node import rpc

    own = through(Meddling(scene.node.url))
    campaign = scene.campaign(own).launch()
    campaign.cancel()
    before = rpc.block_number(scene.node.web3)
    campaign.claim()

    def behind(method: str, params: Params) -> Answer | None:
        if method == "eth_blockNumber":
            return {"result": hex(before)}
        if method == "eth_call" and params[1] == "latest":
            return Answer(scene.node.web3.provider.make_request(method, [params[0], hex(before)]))
        return None

    late = Campaign.attach(through(Meddling(scene.node.url, behind)), campaign.id)
    assert late.claimable() == 10 * ETHER
    with pytest.raises(ClaimUnfinishedError, match="is behind"):
        late.claim()
    assert rpc.nonce(scene.node.web3, scientist.address) == 3
