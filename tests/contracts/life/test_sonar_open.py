"""What happens to a requested campaign: it is opened, cancelled, declined, or runs out."""

import pytest

from tests.contracts.sonar_desk import NOTHING, digest, reverts

KEY, MODEL = digest("public key"), digest("model 0")


def test_the_capsule_opens_a_campaign(desk, sonar, capsule):
    ident = desk.requested()
    receipt = sonar.open_campaign(ident, KEY, MODEL, 100_000, sender=capsule)
    campaign = sonar.campaign(ident)
    assert campaign.state == 2
    assert (campaign.public_key, campaign.model, campaign.version) == (KEY, MODEL, 0)
    assert (campaign.start, campaign.best, campaign.paid) == (100_000, 100_000, 0)
    assert tuple(campaign.terms) == desk.terms[ident].tuple()
    (event,) = receipt.events
    assert event.event_name == "CampaignOpened"
    assert event.event_arguments == {"id": ident, "public_key": KEY, "model": MODEL, "start": 100_000}


@pytest.mark.parametrize("role", ["scientist", "miner", "stranger"])
def test_nobody_but_the_capsule_can_open_a_campaign(desk, sonar, role, request):
    ident = desk.requested()
    with reverts("sonar: caller is not the capsule"):
        sonar.open_campaign(ident, KEY, MODEL, 0, sender=request.getfixturevalue(role))


def test_a_campaign_cannot_be_opened_twice(desk, sonar, capsule):
    ident = desk.opened()
    with reverts("sonar: campaign is not requested"):
        sonar.open_campaign(ident, KEY, MODEL, 0, sender=capsule)


def test_a_settled_campaign_cannot_be_opened_again(desk, sonar, scientist, capsule):
    ident = desk.requested()
    sonar.cancel(ident, sender=scientist)
    with reverts("sonar: campaign is not requested"):
        sonar.open_campaign(ident, KEY, MODEL, 0, sender=capsule)


def test_a_campaign_that_was_never_created_cannot_be_opened(sonar, capsule):
    with reverts("sonar: campaign is not requested"):
        sonar.open_campaign(digest("nothing"), KEY, MODEL, 0, sender=capsule)


@pytest.mark.parametrize(
    ("key", "model", "reason"),
    [(NOTHING, MODEL, "public key is empty"), (KEY, NOTHING, "model is empty")],
)
def test_key_and_model_cannot_be_empty(desk, sonar, capsule, key, model, reason):
    ident = desk.requested()
    with reverts(f"sonar: {reason}"):
        sonar.open_campaign(ident, key, model, 0, sender=capsule)


@pytest.mark.parametrize("start", [0, 898_999, 899_000])
def test_the_start_leaves_room_for_one_gain(desk, sonar, start):
    ident = desk.opened(start=start)
    assert sonar.campaign(ident).best == start


@pytest.mark.parametrize("start", [899_001, 900_000, 900_001, 2**256 - 1])
def test_a_start_that_leaves_no_room_is_refused(desk, start):
    with reverts("sonar: start is over its maximum"):
        desk.opened(start=start)


def test_a_campaign_can_be_opened_until_the_time_to_submit_is_over(desk, sonar, capsule):
    ident = desk.requested()
    desk.at(desk.terms[ident].submit_until - 1)
    sonar.open_campaign(ident, KEY, MODEL, 0, sender=capsule)


@pytest.mark.parametrize("late", [0, 1])
def test_a_campaign_cannot_be_opened_later(desk, sonar, capsule, late):
    ident = desk.requested()
    desk.at(desk.terms[ident].submit_until + late)
    with reverts("sonar: time to submit is over"):
        sonar.open_campaign(ident, KEY, MODEL, 0, sender=capsule)


def test_the_owner_can_cancel_before_it_is_opened(desk, sonar, scientist):
    ident = desk.requested()
    receipt = sonar.cancel(ident, sender=scientist)
    assert [event.event_name for event in receipt.events] == ["CampaignCancelled"]
    assert sonar.campaign(ident).state == 3
    assert sonar.claimable(ident, scientist) == sonar.owed(ident, scientist) == desk.usual.bounty
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.balance == 0


@pytest.mark.parametrize("role", ["capsule", "miner", "stranger"])
def test_nobody_but_the_owner_can_cancel(desk, sonar, role, request):
    ident = desk.requested()
    with reverts("sonar: caller is not the owner"):
        sonar.cancel(ident, sender=request.getfixturevalue(role))


def test_the_owner_can_cancel_an_open_campaign_that_nobody_submitted_to(desk, sonar, scientist, miner):
    ident = desk.opened()
    sonar.cancel(ident, sender=scientist)
    assert sonar.campaign(ident).state == 3
    assert sonar.claimable(ident, scientist) == desk.usual.bounty
    with reverts("sonar: campaign is not open"):
        desk.submit(ident, "a")
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.balance == 0


@pytest.mark.parametrize("judged", [False, True])
def test_the_owner_cannot_cancel_once_something_was_submitted(desk, sonar, scientist, judged):
    ident = desk.opened()
    desk.submit(ident, "a")
    if judged:
        desk.report(ident, desk.no_gain("a"))
    with reverts("sonar: there are submissions"):
        sonar.cancel(ident, sender=scientist)


def test_a_reason_that_is_not_text_is_kept_as_it_is(desk, sonar, capsule):
    ident = desk.requested()
    (event,) = sonar.decline(ident, b"\xff" * 128, sender=capsule).events
    assert event.event_arguments["reason"] == b"\xff" * 128


@pytest.mark.parametrize("start", [0, 499_999, 500_000])
def test_a_start_up_to_the_maximum_is_taken(desk, sonar, start):
    ident = desk.opened(start=start, max_start=500_000)
    assert sonar.campaign(ident).start == start


@pytest.mark.parametrize("start", [500_001, 898_999])
def test_a_start_over_the_maximum_is_refused(desk, start):
    """Or a capsule could call 79.9 % what is 50 %, and give the bounty away for the last tenth."""
    with reverts("sonar: start is over its maximum"):
        desk.opened(start=start, max_start=500_000)


def test_a_campaign_cannot_be_cancelled_twice(desk, sonar, scientist):
    ident = desk.requested()
    sonar.cancel(ident, sender=scientist)
    with reverts("sonar: campaign is settled"):
        sonar.cancel(ident, sender=scientist)


def test_the_capsule_can_decline_before_it_opens(desk, sonar, scientist, capsule):
    ident = desk.requested()
    receipt = sonar.decline(ident, b"the claimed start is off", sender=capsule)
    (event,) = receipt.events
    assert event.event_arguments == {"id": ident, "reason": b"the claimed start is off"}
    assert sonar.campaign(ident).state == 3
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.balance == 0


@pytest.mark.parametrize("role", ["scientist", "miner", "stranger"])
def test_nobody_but_the_capsule_can_decline(desk, sonar, role, request):
    ident = desk.requested()
    with reverts("sonar: caller is not the capsule"):
        sonar.decline(ident, b"", sender=request.getfixturevalue(role))


def test_the_capsule_cannot_decline_once_it_has_opened(desk, sonar, capsule):
    ident = desk.opened()
    with reverts("sonar: campaign is not requested"):
        sonar.decline(ident, b"", sender=capsule)


def test_anybody_can_settle_a_campaign_that_was_never_opened(desk, sonar, stranger, scientist):
    ident = desk.requested()
    desk.at(desk.terms[ident].submit_until)
    receipt = sonar.settle(ident, sender=stranger)
    (event,) = receipt.events
    assert event.event_arguments == {
        "id": ident,
        "paid": 0,
        "refund": desk.usual.bounty,
        "fees": 0,
        "burned": 0,
    }
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.balance == 0


def test_a_requested_campaign_cannot_be_settled_earlier(desk, sonar, stranger):
    ident = desk.requested()
    desk.at(desk.terms[ident].submit_until - 1)
    with reverts("sonar: it may still be opened"):
        sonar.settle(ident, sender=stranger)
