"""What a mine may queue, when, and for what price."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.contracts.sonar_desk import NOTHING, digest, place, reverts


def entry(miner: object, update: bytes) -> bytes:
    return keccak(encode(["address", "bytes32"], [str(miner), update]))


def test_anybody_can_submit_for_stake_and_fee(desk, sonar, miner, rival_miner):
    ident = desk.opened()
    receipt = sonar.submit(ident, digest("a"), miner, value=desk.price(ident), sender=miner)
    (event,) = receipt.events
    assert event.event_name == "Submitted"
    assert event.event_arguments == {"id": ident, "index": 0, "miner": miner, "update": digest("a")}
    index = sonar.submit.call(ident, digest("b"), rival_miner, value=desk.price(ident), sender=rival_miner)
    sonar.submit(ident, digest("b"), rival_miner, value=desk.price(ident), sender=rival_miner)
    assert index == 1
    campaign = sonar.campaign(ident)
    assert (campaign.submitted, campaign.evaluated) == (2, 0)
    assert bytes(sonar.queued(ident, 0)) == entry(miner, digest("a"))
    assert bytes(sonar.queued(ident, 1)) == entry(rival_miner, digest("b"))
    assert sonar.balance == desk.usual.bounty + 2 * desk.price(ident)


def test_nothing_is_queued_beyond_the_last_submission(desk, sonar):
    ident = desk.opened()
    desk.submit(ident, "a")
    assert [bytes(sonar.queued(ident, index)) for index in (1, 2**24 - 1, 2**24, 2**256 - 1)] == [NOTHING] * 4


@pytest.mark.parametrize("difference", [-1, 1])
def test_the_value_sent_must_be_stake_and_fee(desk, sonar, miner, difference):
    ident = desk.opened()
    with reverts("sonar: value is not stake and fee"):
        sonar.submit(ident, digest("a"), miner, value=desk.price(ident) + difference, sender=miner)


def test_a_campaign_may_ask_for_no_stake_and_no_fee(desk, sonar, miner):
    ident = desk.opened(stake=0, fee=0)
    desk.submit(ident, "a")
    assert sonar.campaign(ident).submitted == 1
    with reverts("sonar: value is not stake and fee"):
        sonar.submit(ident, digest("b"), miner, value=1, sender=miner)


def test_an_update_cannot_be_empty(desk, sonar, miner):
    ident = desk.opened()
    with reverts("sonar: update is empty"):
        sonar.submit(ident, NOTHING, miner, value=desk.price(ident), sender=miner)


def test_nobody_can_submit_before_it_is_opened(desk, sonar):
    ident = desk.requested()
    with reverts("sonar: campaign is not open"):
        desk.submit(ident, "a")


def test_nobody_can_submit_to_a_campaign_that_was_never_created(sonar, miner):
    with reverts("sonar: campaign is not open"):
        sonar.submit(digest("nothing"), digest("a"), miner, sender=miner)


def test_nobody_can_submit_after_settlement(desk, sonar, capsule, stranger):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    sonar.deliver(ident, digest("result"), sender=capsule)
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: campaign is not open"):
        desk.submit(ident, "b")


def test_submissions_are_taken_until_the_time_is_over(desk, sonar):
    ident = desk.opened()
    desk.at(desk.terms[ident].submit_until - 1)
    desk.submit(ident, "a")
    assert sonar.campaign(ident).submitted == 1


@pytest.mark.parametrize("late", [0, 1])
def test_nobody_can_submit_once_the_time_is_over(desk, late):
    ident = desk.opened()
    desk.at(desk.terms[ident].submit_until + late)
    with reverts("sonar: time to submit is over"):
        desk.submit(ident, "a")


def test_submissions_are_taken_just_below_the_target(desk, sonar):
    ident = desk.opened()
    desk.improved(ident, "a", 899_999)
    desk.submit(ident, "b")
    assert sonar.campaign(ident).submitted == 2


@pytest.mark.parametrize("accuracy", [900_000, 900_001])
def test_nobody_can_submit_once_the_target_is_reached(desk, accuracy):
    ident = desk.opened()
    desk.improved(ident, "a", accuracy)
    with reverts("sonar: target is reached"):
        desk.submit(ident, "b")


def test_the_queue_takes_max_pending_and_no_more(desk, sonar):
    ident = desk.opened(max_pending=2)
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    with reverts("sonar: queue is full"):
        desk.submit(ident, "c")
    desk.report(ident, desk.no_gain("a"))
    desk.submit(ident, "c")
    assert sonar.campaign(ident).submitted == 3
    with reverts("sonar: queue is full"):
        desk.submit(ident, "d")


def test_the_counter_of_submissions_cannot_overflow(desk, sonar, chain):
    """Nobody waits for 16,777,215 submissions: the counters are written into storage."""
    ident = desk.opened()
    hot = place(0, ident)
    word = int.from_bytes(bytes(chain.provider.get_storage(sonar.address, hot)))
    many = 2**24 - 2
    chain.provider.set_storage(sonar.address, hot, (word + (many << 65) + (many << 109)).to_bytes(32))
    before = sonar.campaign(ident)
    assert (before.submitted, before.evaluated) == (many, many)
    desk.submit(ident, "a")
    after = sonar.campaign(ident)
    assert (after.submitted, after.evaluated, after.best) == (many + 1, many, before.best)
    with reverts("sonar: too many submissions"):
        desk.submit(ident, "b")


def test_campaigns_have_queues_of_their_own(desk, sonar, miner):
    first, second = desk.opened(max_pending=1), desk.opened(max_pending=1)
    desk.submit(first, "a")
    desk.submit(second, "b")
    assert bytes(sonar.queued(first, 0)) == entry(miner, digest("a"))
    assert bytes(sonar.queued(second, 0)) == entry(miner, digest("b"))
