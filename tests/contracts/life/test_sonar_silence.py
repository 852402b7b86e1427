"""A capsule that lets its turn pass can be settled over; one that works, cannot."""

from __future__ import annotations

import pytest

from tests.contracts.parties import Chain
from tests.contracts.sonar_desk import DAY, Desk, digest, reverts

HOUR, TICK = 3_600, 256


@pytest.fixture
def slow(desk: Desk, chain: Chain) -> dict[str, int]:
    """Terms with an hour to review, and a month to submit."""
    submit_until = chain.pending_timestamp + 30 * DAY
    return {"submit_until": submit_until, "review_until": submit_until + HOUR}


def begin(desk: Desk, chain: Chain, offset: int = 0) -> int:
    """Go to a full tick and `offset` seconds; the time."""
    time = (chain.pending_timestamp // TICK + 2) * TICK + offset
    desk.at(time)
    return time


@pytest.mark.parametrize("review", [HOUR, 15 * TICK, 15 * TICK + 1])
@pytest.mark.parametrize("offset", [0, 1, 255])
def test_a_head_that_waits_longer_than_the_review_time_lets_anybody_settle(
    desk, sonar, chain, miner, scientist, stranger, slow, offset, review
):
    """To be silent for the review time is never enough, for less than three ticks more always."""
    ident = desk.opened(**slow | {"review_until": slow["submit_until"] + review})
    since = begin(desk, chain, offset)
    desk.submit(ident, "a")
    due = (since // TICK + (review + TICK + TICK - 1) // TICK) * TICK
    assert since + review < due <= since + review + 2 * TICK
    desk.at(due - 1)
    with reverts("sonar: campaign is not finished"):
        sonar.settle(ident, sender=scientist)
    desk.at(due)
    sonar.settle(ident, sender=stranger)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=stranger)
    for account in (scientist, miner):
        sonar.claim(ident, account, account, sender=stranger)
    assert sonar.balance == 0


def test_a_report_in_time_gives_the_capsule_the_whole_review_time_anew(desk, sonar, chain, scientist, slow):
    """However long the queue is, and however long ago its entries came."""
    ident = desk.opened(**slow)
    now = begin(desk, chain)
    for number in range(6):
        desk.submit(ident, f"u{number}")
    for number in range(5):
        now += HOUR
        desk.at(now)
        with reverts("sonar: campaign is not finished"):
            sonar.settle(ident, sender=scientist)
        desk.at(now)
        desk.report(ident, desk.no_gain(f"u{number}"))
        now = chain.pending_timestamp
    desk.at(now + HOUR + 3 * TICK)
    sonar.settle(ident, sender=scientist)


@pytest.mark.parametrize("anew", ["by a report", "by a submission"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_turn_counts_from_its_own_tick_whatever_the_last_one_was(
    desk, sonar, chain, scientist, slow, first, anew
):
    """Nothing of an odd tick stays where an even one is written, nor the other way round."""
    ident = desk.opened(**slow)
    since = (chain.pending_timestamp // (2 * TICK) + 2) * 2 * TICK + first * TICK
    desk.at(since)
    desk.submit(ident, "a")
    if anew == "by a report":
        desk.submit(ident, "b")
        desk.at(since + TICK)
        desk.report(ident, desk.no_gain("a"))
    else:
        desk.report(ident, desk.no_gain("a"))
        desk.at(since + TICK)
        desk.submit(ident, "b")
    due = since + TICK + (HOUR + TICK + TICK - 1) // TICK * TICK
    desk.at(due - 1)
    with reverts("sonar: campaign is not finished"):
        sonar.settle(ident, sender=scientist)
    desk.at(due)
    sonar.settle(ident, sender=scientist)


def test_further_submissions_do_not_give_the_capsule_more_time(desk, sonar, chain, scientist, slow):
    ident = desk.opened(**slow)
    now = begin(desk, chain)
    desk.submit(ident, "a")
    desk.at(now + HOUR)
    desk.submit(ident, "b")
    desk.at(now + HOUR + 2 * TICK)
    sonar.settle(ident, sender=scientist)


def test_an_empty_queue_is_nobodys_silence(desk, sonar, chain, scientist, slow):
    """What came an hour ago and was judged at once says nothing; nor does a month without a submission."""
    ident, judged = desk.opened(**slow), desk.opened(**slow)
    desk.submit(judged, "a")
    desk.report(judged, desk.no_gain("a"))
    for campaign in (ident, judged):
        desk.at(slow["submit_until"] - 1)  # anew for each: on a node the clock goes on
        with reverts("sonar: campaign is not finished"):
            sonar.settle(campaign, sender=scientist)


def test_a_head_after_a_long_pause_waits_from_when_it_came(desk, sonar, chain, scientist, slow):
    ident = desk.opened(**slow)
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    desk.at(chain.pending_timestamp + 20 * DAY)
    desk.submit(ident, "b")
    desk.at(chain.pending_timestamp + HOUR)
    with reverts("sonar: campaign is not finished"):
        sonar.settle(ident, sender=scientist)


def test_a_capsule_that_does_not_deliver_what_reached_the_target_can_be_settled_over(
    desk, sonar, chain, miner, capsule, scientist, slow
):
    ident = desk.opened(**slow)
    now = begin(desk, chain)
    desk.improved(ident, "a", 900_000)
    desk.at(now + HOUR)
    with reverts("sonar: result is not delivered"):
        sonar.settle(ident, sender=miner)
    desk.at(now + HOUR + 3 * TICK)
    sonar.settle(ident, sender=miner)
    assert sonar.owed(ident, capsule) == 0
    assert sonar.claimable(ident, miner) == sonar.campaign(ident).paid + desk.usual.stake


def test_what_was_settled_over_takes_no_reports_and_no_submissions(
    desk, sonar, chain, miner, rival_miner, stranger, slow
):
    ident = desk.opened(**slow)
    now = begin(desk, chain)
    desk.submit(ident, "a")
    desk.submit(ident, "b", rival_miner)
    desk.at(now + HOUR + 3 * TICK)
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: campaign is not open"):
        desk.report(ident, desk.gain("a", 900_000))
    with reverts("sonar: campaign is not open"):
        desk.submit(ident, "c")
    sonar.reclaim(ident, 1, digest("b"), rival_miner, sender=rival_miner)
    sonar.reclaim(ident, 0, digest("a"), miner, sender=miner)
    assert sonar.claimable(ident, miner) == sonar.claimable(ident, rival_miner) == desk.price(ident)


def test_attack_settle_over_a_working_capsule(desk, sonar, chain, scientist, capsule, slow):
    """A scientist stuffs their own queue to be spared the fees: the capsule need only judge one an hour."""
    ident = desk.opened(max_pending=8, **slow)
    now = begin(desk, chain)
    for number in range(8):
        desk.submit(ident, f"junk {number}", scientist)
    for number in range(8):
        now += HOUR
        desk.at(now)
        with reverts("sonar: campaign is not finished"):
            sonar.settle(ident, sender=scientist)
        desk.at(now)
        desk.report(ident, desk.no_gain(f"junk {number}", scientist, verdict=4))
        now = chain.pending_timestamp
        desk.submit(ident, f"more junk {number}", scientist)


def test_attack_hostage_by_an_own_submission(desk, sonar, chain, scientist, capsule, slow):
    """A capsule submits itself so that the owner cannot cancel: then it has to judge, or is settled over."""
    ident = desk.opened(**slow)
    now = begin(desk, chain)
    desk.submit(ident, "own", capsule)
    with reverts("sonar: there are submissions"):
        sonar.cancel(ident, sender=scientist)
    desk.at(now + HOUR + 3 * TICK)
    sonar.settle(ident, sender=scientist)
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.owed(ident, capsule) == 0
