"""Money leaves: to whom, when, and that nothing stays behind."""

import pytest

from tests.contracts.sonar_desk import ETHER, NO_ONE, digest, place, reverts


@pytest.fixture
def settle(sonar, capsule, stranger):
    """Deliver and settle a campaign that is finished."""

    def deliver_and_settle(ident: bytes) -> None:
        sonar.deliver(ident, digest("result"), sender=capsule)
        sonar.settle(ident, sender=stranger)

    return deliver_and_settle


@pytest.mark.parametrize("stake", [1, ETHER])
@pytest.mark.parametrize("gains", [True, False])
def test_a_miner_claims_the_stake_of_a_judged_submission_at_once(desk, sonar, miner, gains, stake):
    ident = desk.opened(stake=stake)
    desk.submit(ident, "a")
    desk.report(ident, desk.gain("a", 500_000) if gains else desk.no_gain("a"))
    assert sonar.claimable(ident, miner) == stake
    before = miner.balance
    receipt = sonar.claim(ident, miner, miner, sender=miner)
    assert miner.balance - before + receipt.total_fees_paid == stake
    (event,) = receipt.events
    assert event.event_name == "Claimed"
    assert event.event_arguments == {
        "id": ident,
        "account": miner,
        "to": miner,
        "amount": stake,
    }
    assert sonar.owed(ident, miner) == sonar.campaign(ident).paid


@pytest.mark.parametrize("stake", [0, 1])
def test_a_verdict_without_gain_and_stake_leaves_no_credit(desk, sonar, chain, miner, stake):
    """A slot that would hold nothing of worth, at the capsule's expense."""
    ident = desk.opened(stake=stake)
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a"))
    credit = place(2, ident, bytes.fromhex(miner.address[2:]).rjust(32, b"\0"))
    assert int.from_bytes(bytes(chain.provider.get_storage(sonar.address, credit))) == stake << 128


@pytest.mark.parametrize("verdict", [3, 4])
def test_a_forfeited_stake_cannot_be_claimed(desk, sonar, miner, verdict):
    ident = desk.opened()
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a", verdict=verdict))
    assert sonar.owed(ident, miner) == 0
    with reverts("sonar: nothing to claim"):
        sonar.claim(ident, miner, miner, sender=miner)


def test_a_payout_cannot_be_claimed_before_settlement(desk, sonar, miner):
    ident = desk.opened(stake=0)
    desk.improved(ident, "a", 500_000)
    assert sonar.claimable(ident, miner) == 0
    assert sonar.owed(ident, miner) == sonar.campaign(ident).paid > 0
    with reverts("sonar: nothing to claim"):
        sonar.claim(ident, miner, miner, sender=miner)


def test_a_miner_claims_the_payout_after_settlement(desk, sonar, miner, settle):
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    sonar.claim(ident, miner, miner, sender=miner)
    desk.improved(ident, "b", 900_000)
    settle(ident)
    paid = sonar.campaign(ident).paid
    assert sonar.claimable(ident, miner) == paid + desk.usual.stake
    assert sonar.claim.call(ident, miner, miner, sender=miner) == paid + desk.usual.stake
    sonar.claim(ident, miner, miner, sender=miner)
    assert sonar.owed(ident, miner) == 0


def test_nothing_can_be_claimed_twice(desk, sonar, miner, scientist, settle):
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    sonar.claim(ident, miner, miner, sender=miner)
    with reverts("sonar: nothing to claim"):
        sonar.claim(ident, miner, miner, sender=miner)
    desk.improved(ident, "b", 900_000)
    settle(ident)
    for account in (miner, scientist):
        sonar.claim(ident, account, account, sender=account)
        with reverts("sonar: nothing to claim"):
            sonar.claim(ident, account, account, sender=account)


@pytest.mark.parametrize("role", ["stranger", "rival_miner"])
def test_nobody_can_claim_what_is_not_theirs(desk, sonar, miner, role, request, settle):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    settle(ident)
    thief = request.getfixturevalue(role)
    for receiver in (thief, miner):
        with reverts("sonar: nothing to claim"):
            sonar.claim(ident, thief, receiver, sender=thief)
    with reverts("sonar: receiver is not the account"):
        sonar.claim(ident, miner, thief, sender=thief)


def test_credit_in_one_campaign_cannot_be_claimed_from_another(desk, sonar, miner, settle):
    rich, poor = desk.opened(), desk.opened()
    desk.improved(rich, "a", 900_000)
    settle(rich)
    with reverts("sonar: nothing to claim"):
        sonar.claim(poor, miner, miner, sender=miner)


def test_a_claim_can_be_sent_to_another_account(desk, sonar, chain, miner, settle):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    settle(ident)
    amount = sonar.claimable(ident, miner)
    heir = "0x1234567890123456789012345678901234567890"
    sonar.claim(ident, miner, heir, sender=miner)
    assert chain.provider.get_balance(heir) == amount


def test_a_claim_cannot_be_sent_to_nobody_or_to_sonar(desk, sonar, miner, settle):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000)
    settle(ident)
    with reverts("sonar: receiver is empty"):
        sonar.claim(ident, miner, NO_ONE, sender=miner)
    with reverts("sonar: receiver is Sonar"):
        sonar.claim(ident, miner, sonar, sender=miner)


def test_after_all_claims_nothing_is_left_when_the_target_was_reached(
    desk, sonar, miner, rival_miner, capsule, scientist, settle
):
    ident = desk.opened()
    for name, who in [("a", miner), ("b", rival_miner), ("c", miner), ("d", rival_miner), ("e", miner)]:
        desk.submit(ident, name, who)
    desk.report(
        ident,
        desk.gain("a", 400_000),
        desk.no_gain("b", rival_miner),
        desk.no_gain("c", verdict=3),
        desk.gain("d", 950_000, rival_miner),
    )
    settle(ident)
    sonar.reclaim(ident, 4, digest("e"), miner, sender=miner)
    for account in (miner, rival_miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
    assert sonar.balance == 0


def test_after_all_claims_nothing_is_left_when_the_capsule_fell_silent(
    desk, sonar, miner, rival_miner, capsule, scientist, stranger
):
    ident = desk.opened()
    desk.improved(ident, "a", 500_000)
    desk.submit(ident, "b", rival_miner)
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    sonar.reclaim(ident, 1, digest("b"), rival_miner, sender=rival_miner)
    assert sonar.owed(ident, capsule) == 0
    for account in (miner, rival_miner, scientist):
        sonar.claim(ident, account, account, sender=account)
    assert sonar.balance == 0


def test_one_account_in_every_role_but_capsule_claims_all_at_once(desk, sonar, scientist, capsule, settle):
    ident = desk.opened()
    desk.improved(ident, "a", 900_000, scientist)
    settle(ident)
    assert sonar.claimable(ident, scientist) == desk.usual.bounty + desk.usual.stake
    sonar.claim(ident, scientist, scientist, sender=scientist)
    sonar.claim(ident, capsule, capsule, sender=capsule)
    assert sonar.balance == 0


def test_the_end_of_one_campaign_leaves_the_money_of_another(desk, sonar, miner, scientist, capsule, settle):
    first, second = desk.opened(), desk.opened(bounty=1_000)
    desk.improved(first, "a", 900_000)
    desk.submit(second, "b")
    settle(first)
    for account in (miner, capsule, scientist):
        sonar.claim(first, account, account, sender=account)
    assert sonar.balance == 1_000 + desk.price(second)
