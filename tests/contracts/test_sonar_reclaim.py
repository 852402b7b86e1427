"""Submissions that will never be judged: stake and fee come back."""

import ape
import pytest
from conftest import NOTHING, digest


def test_a_miner_reclaims_what_was_not_evaluated_when_the_target_is_reached(desk, sonar, miner):
    id = desk.opened()
    desk.submit(id, "a")
    desk.submit(id, "b")
    desk.report(id, desk.gain("a", 900_000))
    receipt = sonar.reclaim(id, 1, digest("b"), sender=miner)
    (event,) = receipt.events
    assert event.event_name == "Reclaimed"
    assert event.event_arguments == {"id": id, "index": 1, "miner": miner, "amount": desk.price(id)}
    assert sonar.claimable(id, miner) == desk.usual.stake + desk.price(id)
    assert bytes(sonar.queued(id, 1)) == NOTHING


def test_nobody_can_reclaim_while_it_may_still_be_evaluated(desk, sonar, miner):
    id = desk.opened()
    desk.submit(id, "a")
    desk.submit(id, "b")
    desk.report(id, desk.gain("a", 899_999))
    with ape.reverts("sonar: it may still be evaluated"):
        sonar.reclaim(id, 1, digest("b"), sender=miner)


@pytest.mark.parametrize("late", [0, 1])
def test_a_miner_reclaims_once_the_time_to_review_is_over(desk, sonar, miner, late):
    id = desk.opened()
    desk.submit(id, "a")
    desk.at(desk.terms[id].review_until + late)
    sonar.reclaim(id, 0, digest("a"), sender=miner)
    sonar.claim(id, miner, sender=miner)
    assert sonar.balance == desk.usual.bounty


def test_nobody_can_reclaim_before_the_time_to_review_is_over(desk, sonar, miner):
    id = desk.opened()
    desk.submit(id, "a")
    desk.at(desk.terms[id].review_until - 1)
    with ape.reverts("sonar: it may still be evaluated"):
        sonar.reclaim(id, 0, digest("a"), sender=miner)


def test_a_miner_can_reclaim_after_settlement(desk, sonar, miner, stranger):
    id = desk.opened()
    desk.submit(id, "a")
    desk.at(desk.terms[id].review_until)
    sonar.settle(id, sender=stranger)
    sonar.reclaim(id, 0, digest("a"), sender=miner)
    assert sonar.claimable(id, miner) == desk.price(id)


def test_an_evaluated_submission_cannot_be_reclaimed(desk, sonar, miner):
    id = desk.opened()
    desk.improved(id, "a", 900_000)
    with ape.reverts("sonar: no such submission of the caller"):
        sonar.reclaim(id, 0, digest("a"), sender=miner)


def test_a_submission_cannot_be_reclaimed_twice(desk, sonar, miner):
    id = desk.opened()
    desk.submit(id, "a")
    desk.at(desk.terms[id].review_until)
    sonar.reclaim(id, 0, digest("a"), sender=miner)
    with ape.reverts("sonar: no such submission of the caller"):
        sonar.reclaim(id, 0, digest("a"), sender=miner)


def test_nobody_but_its_miner_can_reclaim_a_submission(desk, sonar, rival_miner):
    id = desk.opened()
    desk.submit(id, "a")
    desk.at(desk.terms[id].review_until)
    with ape.reverts("sonar: no such submission of the caller"):
        sonar.reclaim(id, 0, digest("a"), sender=rival_miner)


@pytest.mark.parametrize(("index", "name"), [(0, "b"), (1, "a"), (2, "a"), (2**24, "a"), (2**256 - 1, "a")])
def test_index_and_update_must_be_those_submitted(desk, sonar, miner, index, name):
    id = desk.opened()
    desk.submit(id, "a")
    desk.submit(id, "b")
    desk.at(desk.terms[id].review_until)
    with ape.reverts("sonar: no such submission of the caller"):
        sonar.reclaim(id, index, digest(name), sender=miner)


def test_nothing_can_be_reclaimed_before_it_is_opened(desk, sonar, miner):
    id = desk.requested()
    with ape.reverts("sonar: campaign is not open"):
        sonar.reclaim(id, 0, digest("a"), sender=miner)


def test_reclaimed_submissions_are_out_of_order_at_will(desk, sonar, miner, rival_miner):
    id = desk.opened()
    for name, who in [("a", miner), ("b", rival_miner), ("c", miner)]:
        desk.submit(id, name, who)
    desk.at(desk.terms[id].review_until)
    sonar.reclaim(id, 2, digest("c"), sender=miner)
    sonar.reclaim(id, 0, digest("a"), sender=miner)
    sonar.reclaim(id, 1, digest("b"), sender=rival_miner)
    assert sonar.claimable(id, miner) == 2 * desk.price(id)
    assert sonar.claimable(id, rival_miner) == desk.price(id)
