"""Delivery, settlement, and who is owed what afterwards."""

from __future__ import annotations

import pytest

from tests.contracts.sonar_desk import BURN, ETHER, NOTHING, Desk, digest, reverts

RESULT = digest("result")


def test_the_capsule_delivers_once_the_target_is_reached(desk, sonar, capsule):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    receipt = sonar.deliver(ident, RESULT, sender=capsule)
    (event,) = receipt.events
    assert event.event_name == "Delivered"
    assert event.event_arguments == {"id": ident, "result": RESULT}
    campaign = sonar.campaign(ident)
    assert (campaign.result, campaign.state) == (RESULT, 2)


def test_the_capsule_delivers_once_time_is_over_and_the_queue_is_empty(desk, sonar, capsule):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    desk.at(desk.terms[ident].submit_until)
    sonar.deliver(ident, RESULT, sender=capsule)
    assert sonar.campaign(ident).result == RESULT


def test_nobody_can_deliver_before_the_time_to_submit_is_over(desk, sonar, capsule):
    ident = desk.opened()
    desk.at(desk.terms[ident].submit_until - 1)
    with reverts("sonar: campaign is not finished"):
        sonar.deliver(ident, RESULT, sender=capsule)


def test_nobody_can_deliver_while_submissions_wait(desk, sonar, capsule):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].submit_until)
    with reverts("sonar: campaign is not finished"):
        sonar.deliver(ident, RESULT, sender=capsule)


@pytest.mark.parametrize("role", ["scientist", "miner", "stranger"])
def test_nobody_but_the_capsule_can_deliver(desk, sonar, role, request):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    with reverts("sonar: caller is not the capsule"):
        sonar.deliver(ident, RESULT, sender=request.getfixturevalue(role))


def test_a_result_cannot_be_empty(desk, sonar, capsule):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    with reverts("sonar: result is empty"):
        sonar.deliver(ident, NOTHING, sender=capsule)


def test_a_result_can_be_delivered_anew_until_settlement(desk, sonar, capsule, stranger):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    sonar.deliver(ident, RESULT, sender=capsule)
    sonar.deliver(ident, digest("sealed again"), sender=capsule)
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: result is final"):
        sonar.deliver(ident, digest("and again"), sender=capsule)
    assert sonar.campaign(ident).result == digest("sealed again")


def test_late_delivery_moves_no_money(desk, sonar, capsule, scientist, miner, stranger):
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    before = [sonar.owed(ident, account) for account in (scientist, miner, capsule)]
    sonar.deliver(ident, RESULT, sender=capsule)
    assert [sonar.owed(ident, account) for account in (scientist, miner, capsule)] == before
    with reverts("sonar: result is final"):
        sonar.deliver(ident, digest("another"), sender=capsule)
    campaign = sonar.campaign(ident)
    assert (campaign.result, campaign.state) == (RESULT, 3)


@pytest.mark.parametrize("end", ["cancel", "settle"])
def test_a_campaign_that_was_never_opened_gets_no_result(desk, sonar, scientist, capsule, end):
    ident = desk.requested()
    with reverts("sonar: campaign was never opened"):
        sonar.deliver(ident, RESULT, sender=capsule)
    desk.at(desk.terms[ident].submit_until)
    getattr(sonar, end)(ident, sender=scientist)
    with reverts("sonar: campaign was never opened"):
        sonar.deliver(ident, RESULT, sender=capsule)


def test_anybody_can_settle_what_is_finished_and_delivered(desk, sonar, capsule, stranger):
    ident = desk.opened()
    for name in ("a", "b", "c", "d"):
        desk.submit(ident, name)
    desk.report(
        ident,
        desk.no_gain("a", verdict=3),
        desk.no_gain("b", verdict=4),
        desk.no_gain("c"),
        desk.gain("d", 900_000),
    )
    sonar.deliver(ident, RESULT, sender=capsule)
    paid, bounty = sonar.campaign(ident).paid, desk.usual.bounty
    receipt = sonar.settle(ident, sender=stranger)
    event, burned = receipt.events
    assert burned.event_name == "Claimed"
    assert burned.event_arguments == {
        "id": ident,
        "account": BURN,
        "to": BURN,
        "amount": 2 * desk.usual.stake,
    }
    assert event.event_name == "Settled"
    assert event.event_arguments == {
        "id": ident,
        "paid": paid,
        "refund": bounty - paid,
        "fees": 4 * desk.usual.fee,
        "burned": 2 * desk.usual.stake,
    }
    assert sonar.campaign(ident).state == 3


def test_nobody_can_settle_before_it_is_finished(desk, sonar, stranger):
    ident = desk.opened()
    desk.improved(ident, "a", 899_999)
    with reverts("sonar: campaign is not finished"):
        sonar.settle(ident, sender=stranger)


def test_nobody_can_settle_before_the_result_is_delivered(desk, sonar, stranger):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    with reverts("sonar: result is not delivered"):
        sonar.settle(ident, sender=stranger)


def test_anybody_can_settle_when_time_is_over_and_the_result_is_there(desk, sonar, capsule, stranger):
    ident = desk.opened()
    desk.at(desk.terms[ident].submit_until)
    sonar.deliver(ident, RESULT, sender=capsule)
    sonar.settle(ident, sender=stranger)
    assert sonar.campaign(ident).state == 3


@pytest.mark.parametrize("late", [0, 1])
def test_anybody_can_settle_once_the_time_to_review_is_over(desk, sonar, stranger, late):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until + late)
    sonar.settle(ident, sender=stranger)
    assert sonar.campaign(ident).state == 3


def test_nobody_can_settle_a_second_before_that(desk, sonar, stranger):
    ident = desk.opened()
    desk.at(desk.terms[ident].submit_until - 1)
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until - 1)
    with reverts("sonar: campaign is not finished"):
        sonar.settle(ident, sender=stranger)


def test_a_campaign_cannot_be_settled_twice(desk, sonar, stranger):
    ident = desk.opened()
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: nothing to settle"):
        sonar.settle(ident, sender=stranger)


def test_a_campaign_that_was_never_created_cannot_be_settled(sonar, stranger):
    with reverts("sonar: nothing to settle"):
        sonar.settle(digest("nothing"), sender=stranger)


@pytest.mark.parametrize("stake", [1, ETHER])
def test_forfeited_stakes_are_burned(desk, sonar, chain, stranger, stake):
    ident = desk.opened(stake=stake)
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a", verdict=3))
    before = chain.provider.get_balance(BURN)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    assert chain.provider.get_balance(BURN) - before == stake
    assert sonar.owed(ident, BURN) == 0


def test_stakes_of_judged_submissions_are_not_burned(desk, sonar, chain, stranger):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    before = chain.provider.get_balance(BURN)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    assert chain.provider.get_balance(BURN) == before


def judge(desk: Desk, ident: bytes, number: int) -> None:
    """Four submissions at most and as many verdicts, one of each kind."""
    reports = [
        desk.no_gain("a", verdict=3),
        desk.no_gain("b", verdict=4),
        desk.no_gain("c"),
        desk.gain("d", 500_000),
    ]
    for name in ("a", "b", "c", "d")[:number]:
        desk.submit(ident, name)
    desk.report(ident, *reports[:number])


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("fee", [1, ETHER])
def test_the_capsule_gets_its_fee_for_every_verdict(desk, sonar, capsule, stranger, fee, number):
    ident = desk.opened(fee=fee)
    judge(desk, ident, number)
    assert sonar.owed(ident, capsule) == 0
    desk.at(desk.terms[ident].submit_until)
    sonar.deliver(ident, RESULT, sender=capsule)
    receipt = sonar.settle(ident, sender=stranger)
    assert receipt.events[0].event_arguments["fees"] == sonar.claimable(ident, capsule) == number * fee


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("fee", [1, ETHER])
def test_without_a_result_the_fees_go_to_the_scientist(
    desk, sonar, capsule, scientist, stranger, fee, number
):
    """Nobody has to pay for a model whose key is a hostage."""
    ident = desk.opened(fee=fee)
    judge(desk, ident, number)
    desk.at(desk.terms[ident].review_until)
    receipt = sonar.settle(ident, sender=stranger)
    left = desk.usual.bounty - sonar.campaign(ident).paid
    settled = receipt.events[0].event_arguments
    assert (settled["fees"], settled["refund"]) == (0, left + number * fee)
    assert sonar.claimable(ident, scientist) == left + number * fee
    sonar.deliver(ident, RESULT, sender=capsule)
    assert sonar.owed(ident, capsule) == 0


def test_a_result_in_time_earns_the_fees_however_late_it_is_settled(desk, sonar, capsule, stranger):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    desk.at(desk.terms[ident].review_until - 1)
    sonar.deliver(ident, RESULT, sender=capsule)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    assert sonar.claimable(ident, capsule) == desk.usual.fee


def test_without_fees_the_capsule_is_owed_nothing(desk, sonar, capsule, stranger):
    ident = desk.opened(fee=0)
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    assert sonar.owed(ident, capsule) == 0
