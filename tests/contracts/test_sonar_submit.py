"""What a mine may queue, when, and for what price."""

import ape
import pytest
from conftest import NOTHING, digest
from eth_abi import encode
from eth_utils import keccak


def entry(miner: object, update: bytes) -> bytes:
    return keccak(encode(["address", "bytes32"], [str(miner), update]))


def test_anybody_can_submit_for_stake_and_fee(desk, sonar, miner, rival_miner):
    id = desk.opened()
    receipt = sonar.submit(id, digest("a"), value=desk.price(id), sender=miner)
    (event,) = receipt.events
    assert event.event_name == "Submitted"
    assert event.event_arguments == {"id": id, "index": 0, "miner": miner, "update": digest("a")}
    index = sonar.submit.call(id, digest("b"), value=desk.price(id), sender=rival_miner)
    sonar.submit(id, digest("b"), value=desk.price(id), sender=rival_miner)
    assert index == 1
    campaign = sonar.campaign(id)
    assert (campaign.submitted, campaign.evaluated) == (2, 0)
    assert bytes(sonar.queued(id, 0)) == entry(miner, digest("a"))
    assert bytes(sonar.queued(id, 1)) == entry(rival_miner, digest("b"))
    assert sonar.balance == desk.usual.bounty + 2 * desk.price(id)


def test_nothing_is_queued_beyond_the_last_submission(desk, sonar):
    id = desk.opened()
    desk.submit(id, "a")
    assert [bytes(sonar.queued(id, index)) for index in (1, 2**24 - 1, 2**24, 2**256 - 1)] == [NOTHING] * 4


@pytest.mark.parametrize("difference", [-1, 1])
def test_the_value_sent_must_be_stake_and_fee(desk, sonar, miner, difference):
    id = desk.opened()
    with ape.reverts("sonar: value is not stake and fee"):
        sonar.submit(id, digest("a"), value=desk.price(id) + difference, sender=miner)


def test_a_campaign_may_ask_for_no_stake_and_no_fee(desk, sonar, miner):
    id = desk.opened(stake=0, fee=0)
    desk.submit(id, "a")
    assert sonar.campaign(id).submitted == 1
    with ape.reverts("sonar: value is not stake and fee"):
        sonar.submit(id, digest("b"), value=1, sender=miner)


def test_an_update_cannot_be_empty(desk, sonar, miner):
    id = desk.opened()
    with ape.reverts("sonar: update is empty"):
        sonar.submit(id, NOTHING, value=desk.price(id), sender=miner)


def test_nobody_can_submit_before_it_is_opened(desk, sonar):
    id = desk.requested()
    with ape.reverts("sonar: campaign is not open"):
        desk.submit(id, "a")


def test_nobody_can_submit_to_a_campaign_that_was_never_created(sonar, miner):
    with ape.reverts("sonar: campaign is not open"):
        sonar.submit(digest("nothing"), digest("a"), sender=miner)


def test_nobody_can_submit_after_settlement(desk, sonar, capsule, stranger):
    id = desk.opened()
    desk.improved(id, "a", 900_000)
    sonar.deliver(id, digest("result"), sender=capsule)
    sonar.settle(id, sender=stranger)
    with ape.reverts("sonar: campaign is not open"):
        desk.submit(id, "b")


def test_submissions_are_taken_until_the_time_is_over(desk, sonar):
    id = desk.opened()
    desk.at(desk.terms[id].submit_until - 1)
    desk.submit(id, "a")
    assert sonar.campaign(id).submitted == 1


@pytest.mark.parametrize("late", [0, 1])
def test_nobody_can_submit_once_the_time_is_over(desk, late):
    id = desk.opened()
    desk.at(desk.terms[id].submit_until + late)
    with ape.reverts("sonar: time to submit is over"):
        desk.submit(id, "a")


def test_submissions_are_taken_just_below_the_target(desk, sonar):
    id = desk.opened()
    desk.improved(id, "a", 899_999)
    desk.submit(id, "b")
    assert sonar.campaign(id).submitted == 2


@pytest.mark.parametrize("accuracy", [900_000, 900_001])
def test_nobody_can_submit_once_the_target_is_reached(desk, accuracy):
    id = desk.opened()
    desk.improved(id, "a", accuracy)
    with ape.reverts("sonar: target is reached"):
        desk.submit(id, "b")


def test_the_queue_takes_max_pending_and_no_more(desk, sonar):
    id = desk.opened(max_pending=2)
    desk.submit(id, "a")
    desk.submit(id, "b")
    with ape.reverts("sonar: queue is full"):
        desk.submit(id, "c")
    desk.report(id, desk.no_gain("a"))
    desk.submit(id, "c")
    assert sonar.campaign(id).submitted == 3
    with ape.reverts("sonar: queue is full"):
        desk.submit(id, "d")


def test_campaigns_have_queues_of_their_own(desk, sonar, miner):
    first, second = desk.opened(max_pending=1), desk.opened(max_pending=1)
    desk.submit(first, "a")
    desk.submit(second, "b")
    assert bytes(sonar.queued(first, 0)) == entry(miner, digest("a"))
    assert bytes(sonar.queued(second, 0)) == entry(miner, digest("b"))
