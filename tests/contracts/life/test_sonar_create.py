"""Escrow: what terms are accepted, under what id, and for what money."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pysonar.chain.contract.versions import NEWEST
from tests.contracts.parties import AbiValue, Account, Contract, Receipt
from tests.contracts.sonar_desk import DAY, ETHER, NO_ONE, NOTHING, Terms, digest, reverts

LARGEST = 2**96 - 1
MAX_COUNT = 2**24 - 1


def terms_told(event: Mapping[str, AbiValue]) -> tuple[object, ...]:
    """The terms out of `CampaignCreated` alone, as ISonar.vyi says that they are packed."""
    limits, price = event["limits"], event["price"]
    submit_until = limits >> 177 & 2**34 - 1
    return (
        *(event["spec"], event["capsule"], event["asset"], event["bounty"]),
        *(price & 2**96 - 1, price >> 96 & 2**96 - 1),
        *(limits >> 5 & 2**20 - 1, limits >> 25 & 2**20 - 1, price >> 192 & 2**20 - 1),
        *(submit_until, submit_until + (limits >> 211 & 2**22 - 1), price >> 212),
        bool(limits >> 2 & 1),
    )


def create(
    sonar: Contract, terms: Terms, sender: Account, value: int | None = None, salt: str = "salt"
) -> Receipt:
    value = terms.bounty if value is None else value
    return sonar.create_campaign(terms.tuple(), digest(salt), value=value, sender=sender)


def test_a_scientist_can_escrow_a_bounty(desk, sonar, scientist):
    before = scientist.balance
    receipt = create(sonar, desk.usual, scientist)
    assert sonar.balance == desk.usual.bounty
    assert before - scientist.balance == desk.usual.bounty + receipt.total_fees_paid
    ident = sonar.campaign_id(scientist, desk.usual.spec, digest("salt"))
    campaign = sonar.campaign(ident)
    assert tuple(campaign.terms) == desk.usual.tuple()
    assert campaign.owner == scientist
    assert campaign.state == 1
    assert (campaign.public_key, campaign.model, campaign.result) == (NOTHING, NOTHING, NOTHING)
    counters = (campaign.version, campaign.start, campaign.best, campaign.submitted, campaign.evaluated)
    assert counters == (0, 0, 0, 0, 0)
    assert (campaign.forfeited, campaign.paid) == (0, 0)
    (event,) = receipt.events
    assert event.event_name == "CampaignCreated"
    told = event.event_arguments
    assert (told["id"], told["owner"], told["salt"]) == (ident, scientist, digest("salt"))
    assert terms_told(told) == desk.usual.tuple()


@pytest.mark.parametrize("value", [0, 10 * ETHER - 1, 10 * ETHER + 1])
def test_the_value_sent_must_be_the_bounty(desk, sonar, scientist, value):
    with reverts("sonar: value is not the bounty"):
        create(sonar, desk.usual, scientist, value)


def test_the_id_binds_chain_contract_owner_spec_and_salt(desk, sonar, chain, scientist, stranger):
    from eth_abi import encode
    from eth_utils import keccak

    def expected(owner: Account, spec: bytes, salt: bytes) -> bytes:
        types = ["uint256", "address", "address", "bytes32", "bytes32"]
        return keccak(encode(types, [chain.chain_id, str(sonar), str(owner), spec, salt]))

    spec, salt = desk.usual.spec, digest("salt")
    assert bytes(sonar.campaign_id(scientist, spec, salt)) == expected(scientist, spec, salt)
    assert bytes(sonar.campaign_id(stranger, spec, salt)) == expected(stranger, spec, salt)
    answer = sonar.create_campaign.call(desk.usual.tuple(), salt, value=desk.usual.bounty, sender=scientist)
    assert bytes(answer) == expected(scientist, spec, salt)


def test_an_id_cannot_be_used_twice(desk, sonar, scientist):
    create(sonar, desk.usual, scientist)
    with reverts("sonar: campaign exists"):
        create(sonar, desk.with_terms(bounty=ETHER), scientist)
    create(sonar, desk.usual, scientist, salt="another salt")


def test_an_id_cannot_be_used_again_after_settlement(desk, sonar, scientist):
    create(sonar, desk.usual, scientist)
    ident = sonar.campaign_id(scientist, desk.usual.spec, digest("salt"))
    sonar.cancel(ident, sender=scientist)
    sonar.claim(ident, scientist, scientist, sender=scientist)
    with reverts("sonar: campaign exists"):
        create(sonar, desk.usual, scientist)


def test_nobody_can_take_the_id_of_another(desk, sonar, scientist, stranger):
    create(sonar, desk.usual, stranger)
    create(sonar, desk.usual, scientist)
    ident = sonar.campaign_id(scientist, desk.usual.spec, digest("salt"))
    assert sonar.campaign(ident).owner == scientist


@pytest.mark.parametrize(
    "changes",
    [
        {"bounty": 1},
        {"stake": 0, "fee": 0},
        {"stake": LARGEST, "fee": LARGEST},
        {"target": 1, "min_gain": 1},
        {"target": 1_000_000, "min_gain": 1_000_000},
        {"max_start": 0},
        {"max_start": 899_000},
        {"target": 1_000_000, "min_gain": 1, "max_start": 999_999},
        {"max_pending": 1},
        {"max_pending": 257},
        {"max_pending": 2**16 + 1},
        {"max_pending": MAX_COUNT},
        {"gap_basis": True},
    ],
    ids=str,
)
def test_terms_at_the_edge_of_their_ranges_are_kept_and_logged(desk, sonar, scientist, changes):
    terms, salt = desk.with_terms(**changes), digest("salt")
    receipt = create(sonar, terms, scientist)
    ident = sonar.campaign_id(scientist, terms.spec, salt)
    assert tuple(sonar.campaign(ident).terms) == terms.tuple()
    assert terms_told(receipt.events[0].event_arguments) == terms.tuple()


def test_the_largest_bounty_is_kept(desk, sonar, scientist):
    scientist.balance = 2**97
    ident = desk.requested(bounty=LARGEST)
    assert sonar.campaign(ident).terms.bounty == sonar.balance == LARGEST


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"spec": NOTHING}, "spec is empty"),
        ({"capsule": NO_ONE}, "capsule is empty"),
        ({"bounty": 0}, "bounty is zero"),
        ({"bounty": LARGEST + 1}, "bounty is too large"),
        ({"stake": LARGEST + 1}, "stake is too large"),
        ({"stake": 2**256 - 1}, "stake is too large"),
        ({"fee": LARGEST + 1}, "fee is too large"),
        ({"target": 1_000_001}, "target is over 100 %"),
        ({"target": 0, "min_gain": 0}, "minimum gain is zero"),
        ({"min_gain": 0}, "minimum gain is zero"),
        ({"target": 999, "min_gain": 1_000}, "minimum gain is over the target"),
        ({"max_start": 899_001}, "maximum start leaves nothing to gain"),
        ({"max_start": 2**256 - 1}, "maximum start leaves nothing to gain"),
        ({"min_gain": 900_000, "max_start": 1}, "maximum start leaves nothing to gain"),
        ({"max_pending": 0}, "no submission may wait"),
        ({"max_pending": MAX_COUNT + 1}, "too many may wait"),
    ],
    ids=str,
)
def test_terms_beyond_their_ranges_are_refused(desk, sonar, scientist, changes, reason):
    with reverts(f"sonar: {reason}"):
        create(sonar, desk.with_terms(**changes), scientist, value=0)


def test_the_owner_cannot_name_itself_as_capsule(desk, sonar, scientist):
    with reverts("sonar: the owner cannot be the capsule"):
        create(sonar, desk.with_terms(capsule=str(scientist)), scientist)


@pytest.mark.parametrize("seconds", [1, 365 * DAY])
def test_the_time_to_submit_is_within_a_year(desk, sonar, chain, scientist, seconds):
    now = chain.pending_timestamp + 10
    desk.at(now)
    times = {"submit_until": now + seconds, "review_until": now + seconds + DAY}
    create(sonar, desk.with_terms(**times), scientist)


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (-1, "time to submit is over"),
        (0, "time to submit is over"),
        (365 * DAY + 1, "time to submit is too long"),
        (2**255, "time to submit is too long"),
    ],
)
def test_the_time_to_submit_cannot_lie_in_the_past_or_a_year_away(
    desk, sonar, chain, scientist, seconds, reason
):
    now = chain.pending_timestamp + 10
    desk.at(now)
    with reverts(f"sonar: {reason}"):
        create(sonar, desk.with_terms(submit_until=now + seconds, review_until=2**256 - 1), scientist)


@pytest.mark.parametrize("seconds", [3_600, 30 * DAY])
def test_the_time_to_review_is_an_hour_to_thirty_days(desk, sonar, scientist, seconds):
    review_until = desk.usual.submit_until + seconds
    create(sonar, desk.with_terms(review_until=review_until), scientist)


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (-1, "time to review is too short"),
        (0, "time to review is too short"),
        (3_599, "time to review is too short"),
        (30 * DAY + 1, "time to review is too long"),
        (2**255, "time to review is too long"),
    ],
)
def test_the_time_to_review_cannot_be_shorter_or_longer(desk, sonar, scientist, seconds, reason):
    review_until = desk.usual.submit_until + seconds
    with reverts(f"sonar: {reason}"):
        create(sonar, desk.with_terms(review_until=review_until), scientist)


def test_anybody_can_register_a_certificate(sonar, capsule, stranger):
    receipt = sonar.register_capsule(digest("certificate"), sender=capsule)
    assert sonar.certificate(capsule) == digest("certificate")
    assert sonar.certificate(stranger) == NOTHING
    (event,) = receipt.events
    assert event.event_arguments == {"capsule": capsule, "certificate": digest("certificate")}
    sonar.register_capsule(digest("a newer certificate"), sender=capsule)
    assert sonar.certificate(capsule) == digest("a newer certificate")


def test_a_certificate_cannot_be_empty(sonar, capsule):
    with reverts("sonar: certificate is empty"):
        sonar.register_capsule(NOTHING, sender=capsule)


def test_ether_without_a_call_is_refused(sonar, stranger):
    with reverts():
        stranger.transfer(sonar, 1)


@pytest.mark.parametrize("call", ["cancel", "settle"])
def test_calls_that_need_no_money_refuse_it(desk, sonar, scientist, call):
    ident = desk.requested()
    with reverts():
        getattr(sonar, call)(ident, value=1, sender=scientist)


def test_a_campaign_that_was_never_created_is_all_zero(sonar):
    campaign = sonar.campaign(digest("nothing"))
    assert campaign.owner == NO_ONE
    assert (campaign.state, campaign.paid, campaign.terms.bounty) == (0, 0, 0)


def test_the_contract_says_which_version_it_is(sonar):
    assert sonar.version() == NEWEST
