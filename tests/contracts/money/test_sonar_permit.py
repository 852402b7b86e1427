"""EIP-2612: a signature in place of a transaction that approves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import pytest

from tests.contracts.parties import Account, Contract, Project
from tests.contracts.sonar_desk import ETHER, NOTHING, Desk, TermsChanges, digest, reverts


@pytest.fixture
def token(project: Project, deployer: Account, scientist: Account, miner: Account) -> Contract:
    deployed = deployer.deploy(project.PermitToken)
    for account in (scientist, miner):
        deployed.mint(account, 1_000 * ETHER, sender=deployer)
    return deployed


@pytest.fixture
def create(desk: Desk, sonar: Contract, scientist: Account) -> Callable[..., bytes]:
    """Create a campaign in a token with a permit; its id."""

    def with_permit(
        token: Contract, signed: tuple[int, int, bytes, bytes], **changes: Unpack[TermsChanges]
    ) -> bytes:
        in_token = TermsChanges(asset=str(token))
        terms, salt = desk.with_terms(**(changes | in_token)), digest("salt")
        sonar.create_campaign_with_permit(terms.tuple(), salt, signed, sender=scientist)
        ident = bytes(sonar.campaign_id(scientist, terms.spec, salt))
        desk.terms[ident] = terms
        return ident

    return with_permit


def test_bounty_and_stake_need_no_approval_but_a_permit(
    desk, sonar, token, permit, create, scientist, capsule, miner
):
    ident = create(token, permit(token, scientist, desk.usual.bounty))
    sonar.open_campaign(ident, digest("key"), digest("model"), 0, sender=capsule)
    signed = permit(token, miner, desk.price(ident))
    assert sonar.submit_with_permit.call(ident, digest("a"), miner, signed, sender=miner) == 0
    (*_, event) = sonar.submit_with_permit(ident, digest("a"), miner, signed, sender=miner).events
    assert event.event_name == "Submitted"
    assert token.balanceOf(sonar) == desk.usual.bounty + desk.price(ident)
    assert token.allowance(scientist, sonar) == token.allowance(miner, sonar) == 0
    assert tuple(sonar.campaign(ident).terms) == desk.terms[ident].tuple()


def test_the_answer_to_a_campaign_with_permit_is_its_id(desk, sonar, token, permit, scientist):
    terms, signed = desk.with_terms(asset=str(token)), permit(token, scientist, desk.usual.bounty)
    answer = sonar.create_campaign_with_permit.call(terms.tuple(), digest("s"), signed, sender=scientist)
    assert bytes(answer) == bytes(sonar.campaign_id(scientist, terms.spec, digest("s")))


@pytest.mark.parametrize("wrong", ["amount", "signer", "deadline", "nonsense"])
def test_a_permit_that_is_wrong_takes_nothing(desk, sonar, token, permit, create, scientist, miner, wrong):
    deadline, *signature = permit(token, scientist, desk.usual.bounty)
    signed = {
        "amount": permit(token, scientist, desk.usual.bounty - 1),
        "signer": permit(token, miner, desk.usual.bounty),
        "deadline": (deadline + 1, *signature),
        "nonsense": (deadline, 27, digest("r"), digest("s")),
    }[wrong]
    with reverts():
        create(token, signed)
    assert token.balanceOf(sonar) == 0


def test_attack_a_permit_used_up_by_another(desk, sonar, token, permit, create, scientist, stranger):
    """A permit is public before it is mined: whoever sends it first only does what was wanted."""
    signed = permit(token, scientist, desk.usual.bounty)
    token.permit(scientist, sonar, desk.usual.bounty, *signed, sender=stranger)
    create(token, signed)
    assert token.balanceOf(sonar) == desk.usual.bounty


def test_attack_a_permit_of_another(desk, sonar, token, permit, scientist, miner, stranger):
    """The payer is the caller: the permit of somebody else pays nothing."""
    terms = desk.with_terms(asset=str(token))
    with reverts():
        sonar.create_campaign_with_permit(
            terms.tuple(), digest("s"), permit(token, scientist, terms.bounty), sender=stranger
        )
    assert token.balanceOf(scientist) == 1_000 * ETHER


@pytest.mark.parametrize("name", ["PlainToken", "SilentToken"])
def test_a_token_without_permits_takes_an_approval(desk, sonar, project, create, deployer, scientist, name):
    token = deployer.deploy(getattr(project, name))
    token.mint(scientist, desk.usual.bounty, sender=deployer)
    nothing = (0, 27, digest("r"), digest("s"))
    with reverts():
        create(token, nothing)
    token.approve(sonar, desk.usual.bounty, sender=scientist)
    create(token, nothing)


def test_campaigns_in_ether_take_no_permit(desk, sonar, scientist, miner):
    nothing = (0, 27, digest("r"), digest("s"))
    with reverts("sonar: value is not the bounty"):
        sonar.create_campaign_with_permit(desk.usual.tuple(), digest("s"), nothing, sender=scientist)
    ident = desk.opened()
    with reverts("sonar: value is not stake and fee"):
        sonar.submit_with_permit(ident, digest("a"), miner, nothing, sender=miner)


def test_attack_a_permit_that_re_enters(desk, sonar, project, create, deployer, scientist):
    """A token may do in `permit` what it likes, and finds everything locked."""
    token = deployer.deploy(project.ReentrantToken)
    token.mint(scientist, ETHER * 10, sender=deployer)
    token.approve(sonar, ETHER * 10, sender=scientist)
    token.arm_permit(sonar, sonar.register_capsule.encode_input(digest("anything")), sender=deployer)
    create(token, (0, 27, digest("r"), digest("s")))
    assert token.strikes() == 1
    assert bytes(sonar.certificate(token)) == NOTHING
    assert token.balanceOf(sonar) == desk.usual.bounty
