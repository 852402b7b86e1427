"""Submissions that will never be judged: stake and fee come back."""

import pytest

from tests.contracts.sonar_desk import NOTHING, digest, reverts


def test_a_miner_reclaims_what_was_not_evaluated_when_the_target_is_reached(desk, sonar, miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    desk.report(ident, desk.gain("a", 900_000))
    receipt = sonar.reclaim(ident, 1, digest("b"), miner, sender=miner)
    (event,) = receipt.events
    assert event.event_name == "Reclaimed"
    assert event.event_arguments == {"id": ident, "index": 1, "miner": miner, "amount": desk.price(ident)}
    assert sonar.claimable(ident, miner) == desk.usual.stake + desk.price(ident)
    assert bytes(sonar.queued(ident, 1)) == NOTHING


def test_nobody_can_reclaim_while_it_may_still_be_evaluated(desk, sonar, miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    desk.report(ident, desk.gain("a", 899_999))
    with reverts("sonar: it may still be evaluated"):
        sonar.reclaim(ident, 1, digest("b"), miner, sender=miner)


@pytest.mark.parametrize("late", [0, 1])
def test_a_miner_reclaims_once_the_time_to_review_is_over(desk, sonar, miner, late):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until + late)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)
    sonar.claim(ident, miner, miner, sender=miner)
    assert sonar.balance == desk.usual.bounty


def test_nobody_can_reclaim_before_the_time_to_review_is_over(desk, sonar, miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until - 1)
    with reverts("sonar: it may still be evaluated"):
        sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)


def test_a_miner_can_reclaim_after_settlement(desk, sonar, miner, stranger):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)
    assert sonar.claimable(ident, miner) == desk.price(ident)


def test_an_evaluated_submission_cannot_be_reclaimed(desk, sonar, miner):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    with reverts("sonar: no such submission"):
        sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)


def test_a_submission_cannot_be_reclaimed_twice(desk, sonar, miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)
    with reverts("sonar: no such submission"):
        sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)


def test_anybody_can_reclaim_for_the_miner_and_for_nobody_else(desk, sonar, miner, rival_miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until)
    with reverts("sonar: no such submission"):
        sonar.reclaim(ident, 0, digest("a"), rival_miner, sender=rival_miner)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=rival_miner)
    assert sonar.claimable(ident, miner) == desk.price(ident)
    assert sonar.owed(ident, rival_miner) == 0


@pytest.mark.parametrize(("index", "name"), [(0, "b"), (1, "a"), (2, "a"), (2**24, "a"), (2**256 - 1, "a")])
def test_index_and_update_must_be_those_submitted(desk, sonar, miner, index, name):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    desk.at(desk.terms[ident].review_until)
    with reverts("sonar: no such submission"):
        sonar.reclaim(ident, index, digest(name), miner, sender=miner)


def test_nothing_can_be_reclaimed_before_it_is_opened(desk, sonar, miner):
    ident = desk.requested()
    with reverts("sonar: campaign is not open"):
        sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)


def test_reclaimed_submissions_are_out_of_order_at_will(desk, sonar, miner, rival_miner):
    ident = desk.opened()
    for name, who in [("a", miner), ("b", rival_miner), ("c", miner)]:
        desk.submit(ident, name, who)
    desk.at(desk.terms[ident].review_until)
    sonar.reclaim(ident, 2, digest("c"), miner, sender=miner)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)
    sonar.reclaim(ident, 1, digest("b"), rival_miner, sender=rival_miner)
    assert sonar.claimable(ident, miner) == 2 * desk.price(ident)
    assert sonar.claimable(ident, rival_miner) == desk.price(ident)
