"""Verdicts: by whom, on what, in what order, and what they may say."""

import pytest

from tests.contracts.sonar_desk import NOTHING, digest, reverts

IMPROVED, NO_GAIN, MALFORMED, UNAVAILABLE = 1, 2, 3, 4


def told(*verdicts: int) -> bytes:
    """The verdicts of a batch as the log has them."""
    return bytes(verdicts).ljust(32, b"\0")


def test_the_capsule_reports_an_improvement(desk, sonar, miner):
    ident = desk.opened()
    receipt = desk.improved(ident, "a", 300_000)
    campaign = sonar.campaign(ident)
    assert (campaign.best, campaign.version, campaign.model) == (300_000, 1, digest("model of a"))
    assert (campaign.submitted, campaign.evaluated, campaign.forfeited) == (1, 1, 0)
    improved, verdicts = receipt.events
    assert verdicts.event_name == "Verdicts"
    assert verdicts.event_arguments == {"id": ident, "first": 0, "verdicts": told(IMPROVED)}
    assert improved.event_name == "Improved"
    assert improved.event_arguments == {
        "id": ident,
        "index": 0,
        "version": 1,
        "accuracy": 300_000,
        "payout": campaign.paid,
        "model": digest("model of a"),
    }


@pytest.mark.parametrize(("verdict", "forfeited"), [(NO_GAIN, 0), (MALFORMED, 1), (UNAVAILABLE, 1)])
def test_other_verdicts_move_nothing_but_the_queue(desk, sonar, miner, verdict, forfeited):
    ident = desk.opened()
    desk.submit(ident, "a")
    receipt = desk.report(ident, desk.no_gain("a", verdict=verdict))
    campaign = sonar.campaign(ident)
    assert (campaign.best, campaign.version, campaign.model) == (100_000, 0, digest("model 0"))
    assert (campaign.evaluated, campaign.forfeited, campaign.paid) == (1, forfeited, 0)
    (event,) = receipt.events
    assert event.event_arguments == {"id": ident, "first": 0, "verdicts": told(verdict)}
    assert bytes(sonar.queued(ident, 0)) == NOTHING


@pytest.mark.parametrize("role", ["scientist", "miner", "stranger"])
def test_nobody_but_the_capsule_can_report(desk, sonar, role, request):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: caller is not the capsule"):
        sonar.report(ident, [desk.gain("a", 300_000)], sender=request.getfixturevalue(role))


def test_the_capsule_of_one_campaign_cannot_report_on_another(desk, sonar, stranger):
    ident = desk.opened()
    desk.requested(capsule=str(stranger))
    desk.submit(ident, "a")
    with reverts("sonar: caller is not the capsule"):
        sonar.report(ident, [desk.gain("a", 300_000)], sender=stranger)


def test_nothing_can_be_reported_before_it_is_opened(desk):
    ident = desk.requested()
    with reverts("sonar: campaign is not open"):
        desk.report(ident, desk.gain("a", 300_000))


def test_nothing_can_be_reported_after_settlement(desk, sonar, stranger):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    with reverts("sonar: campaign is not open"):
        desk.report(ident, desk.gain("a", 300_000))


def test_reports_are_taken_until_the_time_to_review_is_over(desk, sonar):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until - 1)
    desk.report(ident, desk.gain("a", 300_000))
    assert sonar.campaign(ident).best == 300_000


@pytest.mark.parametrize("late", [0, 1])
def test_nothing_can_be_reported_once_the_time_to_review_is_over(desk, late):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.at(desk.terms[ident].review_until + late)
    with reverts("sonar: time to review is over"):
        desk.report(ident, desk.gain("a", 300_000))


def test_an_empty_batch_is_refused(desk):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: no reports"):
        desk.report(ident)


def test_a_batch_takes_thirty_two_reports(desk, sonar):
    ident = desk.opened()
    names = [f"update {number}" for number in range(33)]
    for name in names:
        desk.submit(ident, name)
    with reverts():
        desk.report(ident, *[desk.no_gain(name) for name in names])
    receipt = desk.report(ident, *[desk.no_gain(name) for name in names[:32]])
    assert sonar.campaign(ident).evaluated == 32
    (event,) = receipt.events
    assert event.event_arguments == {"id": ident, "first": 0, "verdicts": told(*[NO_GAIN] * 32)}
    (event,) = desk.report(ident, desk.no_gain(names[32], verdict=4)).events
    assert event.event_arguments == {"id": ident, "first": 32, "verdicts": told(UNAVAILABLE)}


def test_a_batch_mixes_verdicts_in_order(desk, sonar, miner, rival_miner):
    ident = desk.opened()
    for name, who in [("a", miner), ("b", rival_miner), ("c", miner), ("d", rival_miner), ("e", miner)]:
        desk.submit(ident, name, who)
    receipt = desk.report(
        ident,
        desk.no_gain("a", verdict=MALFORMED),
        desk.gain("b", 300_000, rival_miner),
        desk.no_gain("c"),
        desk.gain("d", 500_000, rival_miner),
        desk.no_gain("e", verdict=UNAVAILABLE),
    )
    campaign = sonar.campaign(ident)
    assert (campaign.best, campaign.version, campaign.model) == (500_000, 2, digest("model of d"))
    assert (campaign.evaluated, campaign.forfeited) == (5, 2)
    assert receipt.events[-1].event_arguments == {"id": ident, "first": 0, "verdicts": told(3, 1, 2, 1, 4)}
    improved = [e.event_arguments for e in receipt.events if e.event_name == "Improved"]
    assert [(e["index"], e["version"], e["accuracy"]) for e in improved] == [(1, 1, 300_000), (3, 2, 500_000)]
    assert sum(e["payout"] for e in improved) == campaign.paid


def test_one_bad_report_refuses_the_whole_batch(desk, sonar):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    with reverts("sonar: unknown verdict"):
        desk.report(ident, desk.gain("a", 300_000), desk.no_gain("b", verdict=5))
    campaign = sonar.campaign(ident)
    assert (campaign.best, campaign.evaluated) == (100_000, 0)


@pytest.mark.parametrize("verdict", [0, 5, 2**255])
def test_unknown_verdicts_are_refused(desk, verdict):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: unknown verdict"):
        desk.report(ident, desk.no_gain("a", verdict=verdict))


def test_the_head_of_the_queue_cannot_be_skipped(desk):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("b", 300_000))
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.no_gain("b"), desk.no_gain("a"))
    desk.report(ident, desk.no_gain("a"), desk.no_gain("b"))


def test_the_miner_of_a_submission_cannot_be_exchanged(desk, rival_miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("a", 300_000, rival_miner))


def test_the_update_of_a_submission_cannot_be_exchanged(desk):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("another", 300_000))


def test_nothing_can_be_reported_on_an_empty_queue(desk, miner):
    ident = desk.opened()
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.gain("a", 300_000))


def test_a_submission_cannot_be_reported_twice(desk):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.no_gain("a"), desk.no_gain("a"))
    desk.report(ident, desk.no_gain("a"))
    with reverts("sonar: not the head of the queue"):
        desk.report(ident, desk.no_gain("a"))


def test_the_same_update_may_be_judged_as_often_as_it_was_submitted(desk, sonar, rival_miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "a", rival_miner)
    desk.report(ident, desk.gain("a", 300_000), desk.no_gain("a", rival_miner))
    assert sonar.campaign(ident).evaluated == 2


def test_nothing_can_be_reported_once_the_target_is_reached(desk):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    with reverts("sonar: target is reached"):
        desk.report(ident, desk.gain("a", 900_000), desk.no_gain("b"))
    desk.report(ident, desk.gain("a", 900_000))
    with reverts("sonar: target is reached"):
        desk.report(ident, desk.no_gain("b"))


@pytest.mark.parametrize("accuracy", [101_000, 101_001, 899_999])
def test_a_gain_of_the_minimum_is_paid(desk, sonar, accuracy):
    ident = desk.opened()
    desk.improved(ident, "a", accuracy)
    assert sonar.campaign(ident).best == accuracy


@pytest.mark.parametrize("accuracy", [0, 99_999, 100_000, 100_001, 100_999])
def test_a_gain_under_the_minimum_is_refused(desk, accuracy):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: gain is under the minimum"):
        desk.report(ident, desk.gain("a", accuracy))


def test_the_last_gain_to_the_target_may_be_smaller(desk, sonar):
    ident = desk.opened()
    desk.improved(ident, "a", 899_500)
    desk.submit(ident, "b")
    with reverts("sonar: gain is under the minimum"):
        desk.report(ident, desk.gain("b", 899_999))
    desk.report(ident, desk.gain("b", 900_000))
    assert sonar.campaign(ident).best == 900_000


@pytest.mark.parametrize("accuracy", [900_000, 900_001, 1_000_000])
def test_accuracy_above_the_target_counts_as_the_target(desk, sonar, accuracy):
    ident = desk.opened()
    receipt = desk.improved(ident, "a", accuracy)
    assert sonar.campaign(ident).best == 900_000
    assert receipt.events[0].event_arguments["accuracy"] == 900_000


@pytest.mark.parametrize("accuracy", [1_000_001, 2**256 - 1])
def test_accuracy_over_one_hundred_percent_is_refused(desk, accuracy):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: accuracy is over 100 %"):
        desk.report(ident, desk.gain("a", accuracy))


def test_an_improvement_without_a_model_is_refused(desk, miner):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: model is empty"):
        desk.report(ident, (str(miner), digest("a"), IMPROVED, 300_000, NOTHING))


@pytest.mark.parametrize("verdict", [NO_GAIN, MALFORMED, UNAVAILABLE])
def test_other_verdicts_publish_no_accuracy_and_no_model(desk, miner, verdict):
    ident = desk.opened()
    desk.submit(ident, "a")
    with reverts("sonar: accuracy without a gain"):
        desk.report(ident, (str(miner), digest("a"), verdict, 1, NOTHING))
    with reverts("sonar: model without a gain"):
        desk.report(ident, (str(miner), digest("a"), verdict, 0, digest("model")))


def test_the_best_accuracy_never_falls(desk, sonar):
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    desk.submit(ident, "b")
    with reverts("sonar: gain is under the minimum"):
        desk.report(ident, desk.gain("b", 400_000))
    assert sonar.campaign(ident).best == 500_000
