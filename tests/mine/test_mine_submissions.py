"""From the journal to the queue and back: sending once, verdicts, stakes and claims, on a real chain.

The gradients are plain bytes here: what is in them is for `test_mine_agent.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mine_agent.campaigns.earnings import earnings
from mine_agent.connection import Connection
from mine_agent.home import Home
from mine_agent.journal import OwnSubmission
from mine_agent.rules.pacing import Outcome
from mine_agent.rules.policy import Policy
from mine_agent.work import payouts, submit
from mine_agent.work.claim_all import claim_everything
from mine_agent.work.open_submissions import OpenSubmissions
from pysonar.chain.contract.events import Submitted, Verdicts
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Report, State, Verdict
from pysonar.chain.sending.deeds import Action, Deed, mine_pins
from pysonar.chain.sending.outbox import Outbox
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.happenings import Tell
from pysonar.party.home.rules import Allowed
from pysonar.protocol.cid import Cid
from pysonar.store import cid_of
from tests.builders.terms import ETHER
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.roles import Transact

STAKE, FEE = ETHER // 100, ETHER // 1000
ANYTHING = Policy(
    scientists=Allowed.any(), capsules=Allowed.any(), assets=Allowed.any(), fields=Allowed.any()
)
BASE, NEXT = b"\x33" * 32, b"\x44" * 32

Told = list[JsonObject]
Judge = Callable[..., None]


def journalled(
    connection: Connection, campaign: bytes, content: bytes = b"sealed", base: bytes = BASE
) -> OwnSubmission:
    return connection.journal.add(
        campaign,
        data="patients",
        data_digest=b"\x77" * 32,
        base_version=0,
        base_model=base,
        update=cid_of(content).digest,
        value=STAKE + FEE,
        sealed=content,
        now=1000,
    )


@pytest.fixture
def campaign(open_bare_campaign: Callable[..., bytes]) -> bytes:
    return open_bare_campaign()


@pytest.fixture
def own(connection: Connection, outbox: Outbox, tell: Tell) -> OpenSubmissions:
    return OpenSubmissions(connection, outbox, tell=tell, clock=lambda: 2000.0)


def send(connection: Connection, outbox: Outbox, submission: OwnSubmission) -> None:
    record = connection.sonar.campaign(submission.campaign)
    submit.send(submission, record, store=connection.store, outbox=outbox, sonar=connection.sonar)
    catch_up(connection, outbox)


@pytest.fixture
def judge(
    node: Anvil, sonar: Sonar, capsule: KeyfileSigner, miner: KeyfileSigner, transact: Transact
) -> Callable[..., None]:
    """`judge(campaign, update, verdict, accuracy=0)`: Capsule's report on the miner's head of the queue."""

    def report(campaign: bytes, update: bytes, verdict: Verdict, accuracy: int = 0) -> None:
        model = NEXT if verdict is Verdict.IMPROVED else bytes(32)
        one = Report(miner.address, update, verdict, accuracy, model)
        transact(node, capsule, sonar.calls.report(campaign, [one]))

    return report


def catch_up(connection: Connection, outbox: Outbox) -> None:
    """Wait until every transaction is mined, and read the events."""
    for pending in outbox.unfinished():
        outbox.wait(pending.deed, 30)
    connection.follower.poll()


def submitted(connection: Connection) -> list[Submitted]:
    return [entry.event for entry in connection.follower.history(Submitted)]


def test_a_gradient_is_stored_pinned_and_queued_with_stake_and_fee(
    connection: Connection, outbox: Outbox, campaign: bytes, node: Anvil, sonar: Sonar
) -> None:
    before = node.balance(sonar.address)
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    (event,) = submitted(connection)
    assert (event.miner, event.update) == (outbox.account, submission.update)
    assert node.balance(sonar.address) - before == STAKE + FEE
    cid = Cid.from_bytes32(submission.update)
    assert connection.store.get(cid, max_bytes=100) == b"sealed"
    assert connection.store.pins(mine_pins(outbox.account, campaign)) == [cid]


def test_sending_again_sends_nothing(connection: Connection, outbox: Outbox, campaign: bytes) -> None:
    submission = journalled(connection, campaign)
    for _ in range(3):
        send(connection, outbox, submission)
    assert len(submitted(connection)) == 1


def test_what_was_stored_before_a_crash_is_sent_after_it(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions
) -> None:
    submission = journalled(connection, campaign)
    own.follow_up(campaign, ANYTHING)
    own.follow_up(campaign, ANYTHING)
    catch_up(connection, outbox)
    own.follow_up(campaign, ANYTHING)
    catch_up(connection, outbox)
    assert [event.update for event in submitted(connection)] == [submission.update]


def test_what_can_no_longer_be_queued_is_given_up(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions, node: Anvil,
    happenings: Told,
) -> None:  # fmt: skip
    submission = journalled(connection, campaign)
    node.advance(3600)
    own.follow_up(campaign, ANYTHING)
    (left,) = connection.journal.submissions()
    assert left.given_up is not None
    assert left.sealed is None
    assert submitted(connection) == []
    assert [happening["event"] for happening in happenings] == ["given_up"]
    assert connection.store.pins(mine_pins(outbox.account, submission.campaign)) == []


@pytest.mark.parametrize(
    ("verdict", "accuracy", "outcome"),
    [
        (Verdict.IMPROVED, 190_000, Outcome.IMPROVED),
        (Verdict.NO_GAIN, 0, Outcome.NO_GAIN),
        (Verdict.MALFORMED, 0, Outcome.BURNED),
        (Verdict.UNAVAILABLE, 0, Outcome.BURNED),
    ],
)
def test_a_verdict_closes_and_unpins(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions, judge: Judge,
    happenings: Told, verdict: Verdict, accuracy: int, outcome: Outcome,
) -> None:  # fmt: skip
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    (waiting,) = connection.submission_history(campaign)
    assert waiting.outcome is Outcome.WAITING
    judge(campaign, submission.update, verdict, accuracy)
    connection.follower.poll()
    own.follow_up(campaign, ANYTHING)
    own.follow_up(campaign, ANYTHING)
    (status,) = connection.submission_history(campaign)
    assert status.outcome is outcome
    assert status.submission is not None
    assert (status.submission.sealed, status.submission.closed_at) == (None, 2000)
    assert connection.store.pins(mine_pins(outbox.account, campaign)) == []
    (told,) = happenings
    assert told["verdict"] == verdict.name
    payout = 10 * ETHER * 90_000 // 900_000 if verdict is Verdict.IMPROVED else 0
    assert told["payout"] == str(payout)


def test_a_verdict_that_a_fork_takes_back_is_gone(
    connection: Connection, outbox: Outbox, campaign: bytes, judge: Judge, node: Anvil
) -> None:
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    judge(campaign, submission.update, Verdict.NO_GAIN)
    connection.follower.poll()
    assert connection.submission_history(campaign)[0].outcome is Outcome.NO_GAIN
    verdict = connection.follower.history(Verdicts, campaign=campaign)[0]
    node.reorg(connection.follower.cursor - verdict.block_number + 1)
    connection.follower.poll()
    assert connection.submission_history(campaign)[0].outcome is Outcome.WAITING


def test_an_unjudged_stake_is_taken_back_once_it_may_be(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions, node: Anvil,
    happenings: Told,
) -> None:  # fmt: skip
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    review_until = connection.sonar.campaign(campaign).terms.review_until
    node.advance_to(review_until - 1)
    own.collect(campaign, auto_claim=True)
    assert outbox.find(Deed(Action.RECLAIM, campaign, "0")) is None
    node.advance_to(review_until)
    own.collect(campaign, auto_claim=True)
    own.collect(campaign, auto_claim=True)
    assert [happening["event"] for happening in happenings] == ["reclaiming"]
    catch_up(connection, outbox)
    (status,) = connection.submission_history(campaign)
    assert status.outcome is Outcome.WITHDRAWN
    assert connection.sonar.claimable(campaign, outbox.account) == STAKE + FEE


def test_a_stake_behind_the_target_is_taken_back_at_once(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions, judge: Judge
) -> None:
    first = journalled(connection, campaign)
    send(connection, outbox, first)
    second = journalled(connection, campaign, b"second", base=NEXT)
    send(connection, outbox, second)
    judge(campaign, first.update, Verdict.IMPROVED, 900_000)
    connection.follower.poll()
    own.collect(campaign, auto_claim=True)
    assert outbox.find(Deed(Action.RECLAIM, campaign, "0")) is None
    outbox.wait(Deed(Action.RECLAIM, campaign, "1"), 10)


def settle(node: Anvil, sonar: Sonar, transact: Transact, stranger: KeyfileSigner, campaign: bytes) -> None:
    if (over := sonar.campaign(campaign).terms.review_until) > node.now():
        node.advance_to(over)
    transact(node, stranger, sonar.calls.settle(campaign))


def test_a_settled_campaign_is_claimed_once(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions, judge: Judge, node: Anvil,
    sonar: Sonar, transact: Transact, stranger: KeyfileSigner, happenings: Told,
) -> None:  # fmt: skip
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    judge(campaign, submission.update, Verdict.IMPROVED, 190_000)
    connection.follower.poll()
    assert own.collect(campaign, auto_claim=True) is False
    settle(node, sonar, transact, stranger, campaign)
    connection.follower.poll()
    assert own.collect(campaign, auto_claim=False) is False
    assert happenings == []
    before = node.balance(outbox.account)
    own.collect(campaign, auto_claim=True)
    catch_up(connection, outbox)
    assert own.collect(campaign, auto_claim=True) is True
    assert [happening["event"] for happening in happenings] == ["claiming"]
    gas = outbox.get(Deed(Action.CLAIM, campaign, "0")).receipt.fee  # type: ignore[union-attr]
    assert node.balance(outbox.account) - before == ETHER + STAKE - gas


def test_a_campaign_that_nobody_settles_is_settled_by_who_is_owed(
    connection: Connection, outbox: Outbox, campaign: bytes, own: OpenSubmissions, judge: Judge, node: Anvil,
    happenings: Told,
) -> None:  # fmt: skip
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    judge(campaign, submission.update, Verdict.IMPROVED, 190_000)
    connection.follower.poll()
    end = connection.sonar.campaign(campaign).terms.review_until + 600
    node.advance_to(end - 1)
    own.collect(campaign, auto_claim=True)
    assert happenings == []
    node.advance_to(end)
    for _ in range(3):
        own.collect(campaign, auto_claim=True)
        catch_up(connection, outbox)
    assert [happening["event"] for happening in happenings] == ["settling", "claiming"]
    assert connection.sonar.owed(campaign, outbox.account) == 0


def test_a_campaign_that_owes_nothing_is_left_to_others(
    connection: Connection,
    outbox: Outbox,
    campaign: bytes,
    own: OpenSubmissions,
    judge: Judge,
    node: Anvil,
) -> None:
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    judge(campaign, submission.update, Verdict.MALFORMED)
    node.advance_to(connection.sonar.campaign(campaign).terms.review_until + 600)
    connection.follower.poll()
    own.collect(campaign, auto_claim=True)
    assert outbox.find(payouts.settle_deed(campaign)) is None


def test_what_costs_more_to_claim_than_it_brings_is_left(
    connection: Connection, outbox: Outbox, open_bare_campaign: Callable[..., bytes],
    own: OpenSubmissions, node: Anvil, sonar: Sonar, transact: Transact, stranger: KeyfileSigner,
    judge: Judge,
) -> None:  # fmt: skip
    campaign = open_bare_campaign(stake=5, fee=0)
    submission = connection.journal.add(
        campaign,
        data="d",
        data_digest=b"\x77" * 32,
        base_version=0,
        base_model=BASE,
        update=cid_of(b"x").digest,
        value=5,
        sealed=b"x",
        now=1,
    )
    send(connection, outbox, submission)
    judge(campaign, submission.update, Verdict.NO_GAIN)
    settle(node, sonar, transact, stranger, campaign)
    connection.follower.poll()
    own.collect(campaign, auto_claim=True)
    assert outbox.find(Deed(Action.CLAIM, campaign, "0")) is None
    (claim,) = claim_everything(connection, outbox).claims  # but by hand it can be had
    assert claim.amount == 5


def test_everything_is_claimed_by_hand_and_then_nothing_is(
    connection: Connection, outbox: Outbox, open_bare_campaign: Callable[..., bytes], judge: Judge,
    node: Anvil, sonar: Sonar, transact: Transact, stranger: KeyfileSigner,
) -> None:  # fmt: skip
    both = [open_bare_campaign(salt=bytes([number]) * 32) for number in (1, 2)]
    for campaign in both:
        submission = journalled(connection, campaign, b"sealed for " + campaign)
        send(connection, outbox, submission)
        judge(campaign, submission.update, Verdict.IMPROVED, 190_000)
    settle(node, sonar, transact, stranger, both[0])
    connection.follower.poll()
    first = claim_everything(connection, outbox).claims
    assert {claim.campaign: claim.amount for claim in first} == {both[0]: ETHER + STAKE, both[1]: STAKE}
    connection.follower.poll()
    assert claim_everything(connection, outbox).claims == []
    settle(node, sonar, transact, stranger, both[1])
    connection.follower.poll()
    (second,) = claim_everything(connection, outbox).claims
    assert second.amount == ETHER


def test_claiming_by_hand_takes_unjudged_stakes_back_first(
    connection: Connection, outbox: Outbox, campaign: bytes, node: Anvil
) -> None:
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    assert claim_everything(connection, outbox).claims == []
    node.advance_to(connection.sonar.campaign(campaign).terms.review_until)
    (claim,) = claim_everything(connection, outbox).claims
    assert claim.amount == STAKE + FEE
    assert connection.sonar.owed(campaign, outbox.account) == 0


def test_the_books_are_right_to_the_wei(
    connection: Connection, outbox: Outbox, campaign: bytes, judge: Judge, node: Anvil, sonar: Sonar,
    transact: Transact, stranger: KeyfileSigner,
) -> None:  # fmt: skip
    start = node.balance(outbox.account)
    for number, (verdict, accuracy) in enumerate(
        [(Verdict.IMPROVED, 190_000), (Verdict.NO_GAIN, 0), (Verdict.MALFORMED, 0)]
    ):
        entry = journalled(connection, campaign, bytes([number]), base=bytes([number + 1]) * 32)
        send(connection, outbox, entry)
        judge(campaign, entry.update, verdict, accuracy)
    waiting = journalled(connection, campaign, b"waits", base=b"\x99" * 32)
    send(connection, outbox, waiting)
    books = earnings(connection, campaign)
    assert (books.promised, books.pending, books.claimable, books.claimed) == (ETHER, ETHER, 2 * STAKE, 0)
    assert (books.staked, books.burned, books.fees) == (STAKE + FEE, STAKE, 3 * FEE)
    assert books.gas == start - node.balance(outbox.account) - 4 * (STAKE + FEE)
    settle(node, sonar, transact, stranger, campaign)
    claim_everything(connection, outbox)
    connection.follower.poll()
    books = earnings(connection, campaign)
    assert books.state is State.SETTLED
    assert (books.pending, books.claimable, books.staked) == (0, 0, 0)
    assert books.claimed == ETHER + 2 * STAKE + STAKE + FEE
    assert node.balance(outbox.account) - start == books.net


def test_a_mine_that_lost_its_home_still_gets_its_money(
    connection: Connection, outbox: Outbox, campaign: bytes, make_home: Callable[..., Home],
    miner: KeyfileSigner, node: Anvil, tmp_path: Path, tell: Tell,
) -> None:  # fmt: skip
    submission = journalled(connection, campaign)
    send(connection, outbox, submission)
    connection.home.path.rename(tmp_path / "lost")
    fresh = Connection.open(make_home())
    fresh.follower.poll()
    assert fresh.own_campaign_ids() == [campaign]
    (status,) = fresh.submission_history(campaign)
    assert (status.submission, status.index, status.outcome) == (None, 0, Outcome.WAITING)
    node.advance_to(fresh.sonar.campaign(campaign).terms.review_until)
    again = fresh.outbox(miner)
    OpenSubmissions(fresh, again, tell=tell, clock=lambda: 0.0).collect(campaign, auto_claim=True)
    again.wait(Deed(Action.RECLAIM, campaign, "0"), 10)
    assert fresh.sonar.claimable(campaign, miner.address) == STAKE + FEE
