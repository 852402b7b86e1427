"""ERC-20 campaigns: every kind of token is refused or handled, and never mis-accounted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.parties import Account, Contract, Project
from tests.contracts.sonar_desk import BURN, ETHER, NO_ONE, digest, reverts

RICHES = 1_000 * ETHER


@pytest.fixture
def issue(
    project: Project,
    deployer: Account,
    sonar: Contract,
    scientist: Account,
    miner: Account,
    rival_miner: Account,
) -> Callable:
    """Deploy a mock token; everybody has plenty and has approved Sonar."""

    def deploy(name: str) -> Contract:
        token = deployer.deploy(getattr(project, name))
        for account in (scientist, miner, rival_miner):
            token.mint(account, RICHES, sender=deployer)
            token.approve(sonar, RICHES, sender=account)
        return token

    return deploy


@pytest.fixture
def token(issue: Callable) -> Contract:
    return issue("PlainToken")


def spent(token: Contract, account: Account) -> int:
    return RICHES - token.balanceOf(account)


@pytest.mark.parametrize("name", ["PlainToken", "SilentToken", "FalseToken"])
def test_a_campaign_in_a_token_runs_to_its_end(
    desk, sonar, issue, name, scientist, miner, rival_miner, capsule, stranger
):
    token = issue(name)
    ident = desk.opened(asset=str(token))
    assert sonar.campaign(ident).terms.asset == token
    assert token.balanceOf(sonar) == spent(token, scientist) == desk.usual.bounty
    for update, who in [("a", miner), ("b", rival_miner), ("c", miner), ("d", rival_miner), ("e", miner)]:
        desk.submit(ident, update, who)
    assert spent(token, miner) == 3 * desk.price(ident)
    desk.report(
        ident,
        desk.gain("a", 400_000),
        desk.no_gain("b", rival_miner),
        desk.no_gain("c", verdict=3),
        desk.gain("d", 950_000, rival_miner),
    )
    sonar.claim(ident, rival_miner, rival_miner, sender=rival_miner)
    sonar.deliver(ident, digest("result"), sender=capsule)
    sonar.settle(ident, sender=stranger)
    sonar.reclaim(ident, 4, digest("e"), miner, sender=miner)
    for account in (miner, rival_miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
    assert token.balanceOf(sonar) == sonar.balance == 0
    assert token.balanceOf(BURN) == desk.usual.stake
    assert token.balanceOf(capsule) == 4 * desk.usual.fee


def test_a_campaign_in_a_token_takes_no_ether(desk, sonar, token, scientist, miner):
    terms = desk.with_terms(asset=str(token))
    with reverts("sonar: value is not the bounty"):
        sonar.create_campaign(terms.tuple(), digest("salt"), value=terms.bounty, sender=scientist)
    ident = desk.opened(asset=str(token))
    with reverts("sonar: value is not stake and fee"):
        sonar.submit(ident, digest("a"), miner, value=desk.price(ident), sender=miner)


def test_a_campaign_in_ether_takes_no_token(desk, sonar, token, miner):
    ident = desk.opened()
    with reverts("sonar: value is not stake and fee"):
        sonar.submit(ident, digest("a"), miner, sender=miner)
    assert spent(token, miner) == 0


def test_tokens_that_were_not_approved_are_not_taken(desk, sonar, token, scientist, miner):
    ident = desk.opened(asset=str(token))
    for account in (scientist, miner):
        token.approve(sonar, 0, sender=account)
    with reverts():
        desk.requested(asset=str(token))
    with reverts():
        desk.submit(ident, "a")
    assert sonar.campaign(ident).submitted == 0


def test_a_campaign_in_a_token_may_ask_for_no_stake_and_no_fee(desk, sonar, token, miner):
    ident = desk.opened(asset=str(token), stake=0, fee=0)
    desk.submit(ident, "a")
    assert sonar.campaign(ident).submitted == 1
    assert spent(token, miner) == 0


def test_a_submission_that_costs_nothing_calls_no_token(desk, sonar, issue, deployer):
    """Some tokens refuse to move nothing."""
    token = issue("MoodyToken")
    ident = desk.opened(asset=str(token), stake=0, fee=0)
    token.spoil(2, b"", sender=deployer)
    desk.submit(ident, "a")
    assert sonar.campaign(ident).submitted == 1


def test_the_smallest_bounty_is_taken(desk, sonar, issue):
    token = issue("PlainToken")
    desk.requested(asset=str(token), bounty=1)
    assert token.balanceOf(sonar) == 1


@pytest.mark.parametrize("where", ["stranger", "sonar"])
def test_an_asset_without_a_token_is_refused(desk, where, request):
    with reverts():
        desk.requested(asset=str(request.getfixturevalue(where)))


def test_a_token_that_answers_false_is_refused(desk, sonar, issue, deployer):
    token = issue("FalseToken")
    ident = desk.opened(asset=str(token))
    token.refuse(True, sender=deployer)
    with reverts("sonar: token refused"):
        desk.requested(asset=str(token))
    with reverts("sonar: token refused"):
        desk.submit(ident, "a")


def test_a_claim_that_the_token_answers_with_false_is_kept(desk, sonar, issue, deployer, scientist):
    token = issue("FalseToken")
    ident = desk.requested(asset=str(token))
    sonar.cancel(ident, sender=scientist)
    token.refuse(True, sender=deployer)
    with reverts("sonar: token refused"):
        sonar.claim(ident, scientist, scientist, sender=scientist)
    assert sonar.owed(ident, scientist) == desk.usual.bounty
    token.refuse(False, sender=deployer)
    sonar.claim(ident, scientist, scientist, sender=scientist)
    assert spent(token, scientist) == 0


def test_a_token_that_lies_about_a_transfer_is_refused(desk, issue):
    with reverts("sonar: token did not arrive in full"):
        desk.requested(asset=str(issue("LyingToken")))


def test_a_token_that_charges_a_fee_is_refused(desk, sonar, issue, deployer, miner):
    token = issue("ChargingToken")
    ident = desk.opened(asset=str(token))
    token.charge(1, 0, sender=deployer)
    with reverts("sonar: token did not arrive in full"):
        desk.requested(asset=str(token))
    with reverts("sonar: token did not arrive in full"):
        desk.submit(ident, "a")
    assert (token.balanceOf(sonar), spent(token, miner)) == (desk.usual.bounty, 0)


def test_a_fee_charged_to_the_receiver_of_a_claim_is_the_receivers(desk, sonar, issue, deployer, scientist):
    token = issue("ChargingToken")
    first, second = desk.requested(asset=str(token)), desk.requested(asset=str(token))
    sonar.cancel(first, sender=scientist)
    token.charge(1, 0, sender=deployer)
    sonar.claim(first, scientist, scientist, sender=scientist)
    assert token.balanceOf(sonar) == desk.terms[second].bounty
    assert spent(token, scientist) == desk.terms[second].bounty + 1


def test_a_fee_charged_to_sonar_is_not_paid_from_other_campaigns(desk, sonar, issue, deployer, scientist):
    token = issue("ChargingToken")
    first, second = desk.requested(asset=str(token)), desk.requested(asset=str(token))
    sonar.cancel(first, sender=scientist)
    token.charge(0, 1, sender=deployer)
    with reverts("sonar: token charged the sender"):
        sonar.claim(first, scientist, scientist, sender=scientist)
    assert token.balanceOf(sonar) == desk.terms[first].bounty + desk.terms[second].bounty
    token.charge(0, 0, sender=deployer)
    sonar.claim(first, scientist, scientist, sender=scientist)
    assert token.balanceOf(sonar) == desk.terms[second].bounty


def test_a_paused_token_delays_claims_and_nothing_else(
    desk, sonar, issue, deployer, scientist, miner, capsule, stranger
):
    token = issue("PausingToken")
    ident = desk.opened(asset=str(token))
    desk.submit(ident, "a")
    desk.submit(ident, "b")
    token.pause(True, sender=deployer)
    with reverts("token: paused"):
        desk.submit(ident, "c")
    desk.report(ident, desk.no_gain("a", verdict=3), desk.gain("b", 900_000))
    sonar.deliver(ident, digest("result"), sender=capsule)
    sonar.settle(ident, sender=stranger)
    with reverts("token: paused"):
        sonar.claim(ident, miner, miner, sender=miner)
    token.pause(False, sender=deployer)
    for account in (miner, capsule, scientist):
        sonar.claim(ident, account, account, sender=account)
    sonar.claim(ident, BURN, BURN, sender=stranger)
    assert token.balanceOf(sonar) == 0


def test_a_token_that_refuses_the_burn_address_delays_no_settlement(
    desk, sonar, issue, deployer, scientist, capsule, stranger
):
    token = issue("PausingToken")
    token.block_receiver(BURN, sender=deployer)
    ident = desk.opened(asset=str(token))
    desk.submit(ident, "a")
    desk.report(ident, desk.no_gain("a", verdict=3))
    desk.at(desk.terms[ident].review_until)
    sonar.settle(ident, sender=stranger)
    sonar.claim(ident, scientist, scientist, sender=scientist)
    with reverts("token: paused"):
        sonar.claim(ident, BURN, BURN, sender=stranger)
    assert token.balanceOf(sonar) == sonar.owed(ident, BURN) == desk.usual.stake
    token.block_receiver(NO_ONE, sender=deployer)
    sonar.claim(ident, BURN, BURN, sender=stranger)
    assert (token.balanceOf(sonar), token.balanceOf(BURN)) == (0, desk.usual.stake)


def test_campaigns_in_different_assets_keep_their_money_apart(desk, sonar, issue, scientist):
    first, second = issue("PlainToken"), issue("PlainToken")
    in_first, in_second = desk.requested(asset=str(first)), desk.requested(asset=str(second))
    in_ether = desk.requested()
    sonar.cancel(in_first, sender=scientist)
    sonar.claim(in_first, scientist, scientist, sender=scientist)
    assert first.balanceOf(sonar) == 0
    assert second.balanceOf(sonar) == desk.terms[in_second].bounty
    assert sonar.balance == desk.terms[in_ether].bounty


SHORT, TWO, MOST = bytes(31), (2).to_bytes(32), b"\xff" * 32


@pytest.mark.parametrize("moment", ["create", "claim"])
@pytest.mark.parametrize(
    ("call", "answer"),
    [(1, b""), (1, SHORT), (1, MOST), (2, b""), (2, SHORT), (2, TWO), (3, b""), (3, SHORT), (3, MOST)],
)
def test_a_token_that_breaks_off_is_refused(desk, sonar, issue, scientist, deployer, call, answer, moment):
    """Any of the three calls that a payment makes may fail or answer nonsense."""
    token = issue("MoodyToken")
    ended = desk.requested(asset=str(token))
    sonar.cancel(ended, sender=scientist)
    attempts = {
        "create": lambda: desk.requested(asset=str(token)),
        "claim": lambda: sonar.claim(ended, scientist, scientist, sender=scientist),
    }
    token.spoil(call, answer, sender=deployer)
    before = token.held(sonar)
    with reverts():
        attempts[moment]()
    assert token.held(sonar) == before == sonar.claimable(ended, scientist)
    token.spoil(0, b"", sender=deployer)
    attempts[moment]()


@pytest.mark.parametrize("call", ["register_capsule", "campaign"])
@pytest.mark.parametrize("moment", ["create", "submit", "claim"])
def test_a_token_cannot_re_enter(desk, sonar, issue, scientist, deployer, moment, call):
    """Not even with calls that are open to anybody and harmless: everything is locked."""
    token = issue("ReentrantToken")
    ident = desk.opened(asset=str(token))
    ended = desk.requested(asset=str(token))
    sonar.cancel(ended, sender=scientist)
    attempts = {
        "create": lambda: desk.requested(asset=str(token)),
        "submit": lambda: desk.submit(ident, "a"),
        "claim": lambda: sonar.claim(ended, scientist, scientist, sender=scientist),
    }
    token.arm(sonar, getattr(sonar, call).encode_input(digest("anything")), sender=deployer)
    before = token.balanceOf(sonar)
    with reverts():
        attempts[moment]()
    assert token.balanceOf(sonar) == before
    token.arm(NO_ONE, b"", sender=deployer)
    attempts[moment]()
