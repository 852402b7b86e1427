"""Campaigns whose bounty is in a token: planned in its units, approved exactly, escrowed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pysonar.chain.contract.tokens import Asset
from pysonar.chain.errors import TokensMissingError
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.roles import Transact
from tests.scientist.conftest import Scene
from tests.token_under_test import STRICT, UNIT, GivenToken


@pytest.fixture
def token(
    node: Anvil,
    deploy: Callable[..., str],
    transact: Transact,
    scientist: KeyfileSigner,
    stranger: KeyfileSigner,
) -> GivenToken:
    """A token of which the scientist holds 100."""
    made = GivenToken(node, deploy(node, STRICT), transact)
    made.give(stranger, scientist.address, 100 * UNIT)
    return made


@pytest.fixture
def paid_in(plan_values: JsonObject, token: GivenToken, owner: Scientist) -> Callable[..., Plan]:
    """`paid_in(**changes) -> Plan`: the plan of the tests, in the token."""

    def make(**changes: object) -> Plan:
        money = {"asset": token.address, "bounty": "10 USDX", "stake": "0.5 USDX", "fee": "1 units"}
        return plan_from(plan_values | money | changes, asset_at=owner.asset)

    return make


def test_a_bounty_in_tokens_is_approved_exactly_and_escrowed_once(
    owner: Scientist,
    reopen: Callable[[], Scientist],
    paid_in: Callable[..., Plan],
    scene: Scene,
    token: GivenToken,
) -> None:
    campaign = Campaign(owner, paid_in(), scene.records, name="in tokens").launch()
    terms = campaign.record.terms
    assert (terms.asset, terms.bounty, terms.stake, terms.fee) == (token.address, 10 * UNIT, UNIT // 2, 1)
    assert token.token.balance(scene.sonar.address) == 10 * UNIT
    assert token.token.allowance(owner.address, scene.sonar.address) == 0  # nothing is left approved
    assert scene.node.balance(scene.sonar.address) == 0
    assert Campaign(reopen(), paid_in(), scene.records, name="in tokens").launch().id == campaign.id
    assert len(scene.created()) == 1
    assert token.token.balance(owner.address) == 90 * UNIT


def test_an_old_approval_that_is_too_small_is_replaced(
    owner: Scientist, paid_in: Callable[..., Plan], scene: Scene, token: GivenToken, scientist: KeyfileSigner
) -> None:
    token.approve(scientist, scene.sonar.address, 3)
    Campaign(owner, paid_in(), scene.records).launch()
    assert token.token.balance(scene.sonar.address) == 10 * UNIT
    assert token.token.allowance(owner.address, scene.sonar.address) == 0


def test_a_refund_in_tokens_is_claimed(
    owner: Scientist, paid_in: Callable[..., Plan], scene: Scene, token: GivenToken
) -> None:
    campaign = Campaign(owner, paid_in(), scene.records).launch()
    assert "<td>0 USDX of 10 USDX</td>" in campaign._repr_html_()
    campaign.cancel()
    assert campaign.claim() == 10 * UNIT
    assert (token.token.balance(owner.address), token.token.balance(scene.sonar.address)) == (100 * UNIT, 0)
    assert campaign.claim() == 0


def test_who_holds_too_little_is_told_and_nothing_is_sent(
    owner: Scientist, paid_in: Callable[..., Plan], scene: Scene
) -> None:
    with pytest.raises(TokensMissingError, match=r"needs 100\.000001 USDX; 0\.000001 USDX are missing"):
        Campaign(owner, paid_in(bounty="100.000001 USDX"), scene.records).launch()
    assert owner.outbox.history() == []
    assert scene.created() == []


def test_ether_is_not_taken_for_the_token_in_a_plan(paid_in: Callable[..., Plan]) -> None:
    with pytest.raises(PlanError, match="bounty is '10 ETH'; expected an amount of the token"):
        paid_in(bounty="10 ETH")


def test_a_plan_in_tokens_needs_a_chain_to_ask(plan_values: JsonObject, token: GivenToken) -> None:
    with pytest.raises(PlanError, match="asset"):
        plan_from(plan_values | {"asset": token.address})
    with pytest.raises(PlanError, match="'ether', or a token's address"):
        plan_from(plan_values | {"asset": "USDX"})
    assert plan_from(plan_values | {"asset": "ether"}).asset.is_ether


@pytest.mark.parametrize("left_out", ["stake", "fee"])
def test_stake_and_fee_of_a_token_are_never_guessed(
    plan_values: JsonObject, token: GivenToken, owner: Scientist, left_out: str
) -> None:
    money = {"asset": token.address, "bounty": "10 USDX", "stake": "0", "fee": "0"}
    values = {key: value for key, value in (plan_values | money).items() if key != left_out}
    with pytest.raises(PlanError, match=f"{left_out} is missing; expected an amount of USDX"):
        plan_from(values, asset_at=owner.asset)
    assert plan_from(plan_values | money, asset_at=owner.asset).stake == 0


def test_another_asset_is_another_campaign(plan: Plan) -> None:
    """And a plan in ether is what it was before plans could name a token."""
    assert "asset" not in plan.as_mapping()
    other = replace(plan, asset=Asset("0x" + "11" * 20, "USDX", 6))
    assert other.as_mapping() != plan.as_mapping()
