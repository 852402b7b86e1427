"""A stake is paid once for each gradient, and no gradient that is in the queue is dropped, whatever the
mine's node leaves out or says wrongly.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.journal import OwnSubmission
from mine_agent.rules.pacing import Outcome
from mine_agent.rules.policy import Policy
from mine_agent.work.claim_all import claim_everything
from mine_agent.work.open_submissions import OpenSubmissions
from mine_agent.work.submit import submit_deed
from pysonar.chain.contract.events import Submitted
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node import rpc
from pysonar.chain.node.connect import NodeProvider
from pysonar.chain.node.handle import NodeHandle
from pysonar.chain.sending.deeds import mine_pins
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.outbox_records import Status
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.rules import Allowed
from pysonar.store import cid_of
from tests.builders.terms import ETHER
from tests.chain.sending.outboxes import from_elsewhere
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.meddling import Answer, Meddling, Params, without
from tests.roles import Tell

STAKE, FEE = ETHER // 100, ETHER // 1000
RECEIPT, TRANSACTION = "eth_getTransactionReceipt", "eth_getTransactionByHash"
ANYTHING = Policy(
    scientists=Allowed.any(), capsules=Allowed.any(), assets=Allowed.any(), fields=Allowed.any()
)


class Mine:
    """A mine on a node of its own, whose work is done step by step."""

    def __init__(self, home: Home, signer: KeyfileSigner, provider: NodeProvider, tell: Tell) -> None:
        self.connection = Connection.open(home, NodeHandle(provider))
        self.outbox: Outbox = self.connection.outbox(signer, poll_seconds=0.01)
        self.open_submissions = OpenSubmissions(self.connection, self.outbox, tell=tell, clock=lambda: 2000.0)

    def journalled(self, campaign: bytes) -> OwnSubmission:
        """A gradient that is about to be sent."""
        return self.connection.journal.add(
            campaign,
            data="patients",
            data_digest=b"\x77" * 32,
            base_version=0,
            base_model=b"\x33" * 32,
            update=cid_of(b"sealed").digest,
            value=STAKE + FEE,
            sealed=b"sealed",
            now=1000,
        )

    def round(self, campaign: bytes) -> None:
        """As the agent does it."""
        self.connection.follower.poll()
        self.outbox.pump()
        self.open_submissions.follow_up(campaign, ANYTHING)
        self.open_submissions.collect(campaign, auto_claim=True)


@pytest.fixture
def campaign(open_bare_campaign: Callable[..., bytes]) -> bytes:
    return open_bare_campaign()


MakeMine = Callable[[NodeProvider], Mine]


@pytest.fixture
def mine(make_home: Callable[..., Home], miner: KeyfileSigner, tell: Tell) -> MakeMine:
    """`mine(provider) -> Mine`: the same home, as a new process would open it."""
    home = make_home()
    return lambda provider: Mine(home, miner, provider, tell)


def queue(node: Anvil, mine: MakeMine) -> list[Submitted]:
    """What was submitted, as an honest node says it."""
    witness = mine(Meddling(node.url))
    witness.connection.follower.poll()
    return [entry.event for entry in witness.connection.follower.history(Submitted)]


@pytest.mark.parametrize("missing", [(RECEIPT,), (RECEIPT, TRANSACTION)])
def test_a_stake_is_paid_once_on_a_node_without_receipts_and_logs(
    mine: MakeMine, campaign: bytes, node: Anvil, sonar: Sonar, missing: tuple[str, ...]
) -> None:
    """The event of the submission stays unread, as behind an index that lags."""
    before = node.balance(sonar.address)

    def habits(method: str, params: Params) -> Answer | None:
        return {"result": []} if method == "eth_getLogs" else without(*missing)(method, params)

    for _ in range(3):  # three processes of three rounds
        blind = mine(Meddling(node.url, habits))
        if not blind.connection.journal.submissions():
            blind.journalled(campaign)
        for _ in range(3):
            blind.outbox.pump()
            blind.open_submissions.follow_up(campaign, ANYTHING)
    assert node.balance(sonar.address) - before == STAKE + FEE
    assert sonar.campaign(campaign).submitted == 1


def test_a_false_receipt_of_failure_gives_up_nothing(
    mine: MakeMine, campaign: bytes, node: Anvil, happenings: list[JsonObject], miner: KeyfileSigner
) -> None:
    """Else the gradient would be unpinned, and its stake burned as unavailable."""

    def habits(method: str, _: object, answer: Answer) -> Answer | None:
        if method == "eth_getLogs":
            return {"result": []}
        if method != RECEIPT or not answer.get("result"):
            return None
        return {"result": answer["result"] | {"status": "0x0"}}

    misled = mine(Meddling(node.url, after=habits))
    made = misled.journalled(campaign)
    for _ in range(4):
        misled.outbox.pump()
        misled.open_submissions.follow_up(campaign, ANYTHING)
    assert misled.outbox.get(submit_deed(made)).status is Status.REVERTED
    assert [happening["event"] for happening in happenings] == ["submitted"]
    assert misled.connection.store.pins(mine_pins(miner.address, campaign)) == [cid_of(b"sealed")]
    assert [event.update for event in queue(node, mine)] == [made.update]


def test_what_the_contract_did_refuse_is_given_up(
    mine: MakeMine, campaign: bytes, node: Anvil, happenings: list[JsonObject]
) -> None:
    node.set_automine(False)
    late = mine(Meddling(node.url))
    late.journalled(campaign)
    late.open_submissions.follow_up(campaign, ANYTHING)
    node.advance(3600)
    late.outbox.pump()
    late.open_submissions.follow_up(campaign, ANYTHING)
    assert [happening["event"] for happening in happenings] == ["submitted", "given_up"]
    assert "time to submit is over" in happenings[1]["reason"]


def test_a_displaced_submission_is_sent_again_once(
    mine: MakeMine, campaign: bytes, node: Anvil, sonar: Sonar, miner: KeyfileSigner
) -> None:
    node.set_automine(False)
    own = mine(Meddling(node.url))
    made = own.journalled(campaign)
    own.open_submissions.follow_up(campaign, ANYTHING)
    rpc.send_raw(node.web3, from_elsewhere(miner, 0))
    node.mine()
    for _ in range(3):
        own.outbox.pump()
        own.open_submissions.follow_up(campaign, ANYTHING)
        node.mine()
    assert len(own.outbox.tries(submit_deed(made))) == 2
    assert sonar.campaign(campaign).submitted == 1


def test_a_displaced_submission_whose_event_is_unread_is_found_in_the_queue(
    mine: MakeMine, campaign: bytes, node: Anvil, sonar: Sonar, miner: KeyfileSigner
) -> None:
    """The same gradient got there by a transaction from elsewhere, and the node has no logs yet."""
    node.set_automine(False)
    own = mine(Meddling(node.url, lambda method, _: {"result": []} if method == "eth_getLogs" else None))
    made = own.journalled(campaign)
    own.open_submissions.follow_up(campaign, ANYTHING)
    call = sonar.calls.submit(campaign, made.update, miner.address, STAKE + FEE)
    rpc.send_raw(
        node.web3,
        miner.sign(
            {
                "type": 2, "chainId": 1337, "nonce": 0, "to": call.to, "value": call.value,
                "data": call.data, "gas": 300_000, "maxFeePerGas": 500 * 10**9,
                "maxPriorityFeePerGas": 400 * 10**9,
            }
        ),
    )  # fmt: skip
    for _ in range(3):
        node.mine()
        own.outbox.pump()
        own.open_submissions.follow_up(campaign, ANYTHING)
    assert own.outbox.get(submit_deed(made)).status is Status.DISPLACED
    assert sonar.campaign(campaign).submitted == 1
    assert own.connection.journal.submissions()[0].given_up is None


@pytest.mark.parametrize("missing", [(RECEIPT,), (RECEIPT, TRANSACTION)])
def test_stakes_come_back_and_are_claimed_once_on_a_node_without_receipts(
    mine: MakeMine, campaign: bytes, node: Anvil, sonar: Sonar, miner: KeyfileSigner, missing: tuple[str, ...]
) -> None:
    own = mine(Meddling(node.url, without(*missing)))
    own.journalled(campaign)
    for _ in range(3):
        own.round(campaign)
    node.advance_to(sonar.campaign(campaign).terms.review_until)
    own.connection.follower.poll()
    (status,) = own.connection.submission_history(campaign)
    assert status.outcome is Outcome.WAITING
    (claim,) = claim_everything(own.connection, own.outbox).claims
    assert (claim.campaign, claim.gas) == (campaign, 0)  # what the node does not say is not known
    assert claim_everything(own.connection, own.outbox).claims == []
    assert node.balance(sonar.address) == 10 * ETHER  # the bounty
    assert rpc.nonce(node.web3, miner.address) == 3
