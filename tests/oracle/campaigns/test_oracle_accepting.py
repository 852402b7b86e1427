"""What a Capsule's operator wants to work for, at both edges of each rule. What may be unsound about a
campaign is in `test_oracle_declines.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from openmined_oracle.campaigns.operator_rules import (
    DECLINE_GAS,
    check_room,
    check_scientist,
    check_spec,
    check_terms,
)
from openmined_oracle.errors import Decline, DeclinedError, NotReadyError
from openmined_oracle.home import CAPSULE_FILE, CapsuleSettings, Home
from openmined_oracle.journal import SCHEMA, Journal
from pysonar.chain.address import checksum
from pysonar.chain.contract.types import CampaignRecord, State, Terms
from pysonar.chain.database import open_database
from pysonar.chain.node import rpc
from pysonar.files.flat_toml import BadSettingError, read_settings
from pysonar.protocol.artifacts import Validation
from pysonar.protocol.cid import Cid
from tests.builders.terms import ETHER, terms_of
from tests.json_types import JsonObject
from tests.oracle.capsule_world import World
from tests.oracle.networks.network_world import MadeUpNetworkWorld

DAY = 86_400
TOKEN = checksum("0x" + "dd" * 20)
OTHER = "0x" + "ee" * 20
RULES = CapsuleSettings(certificate="0" * 40)
TERMS = terms_of(OTHER, bounty=ETHER)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    path = tmp_path / "capsule.sqlite"
    return Journal(open_database(path, chain_id=1, genesis=bytes(32), contract=OTHER, tables=[SCHEMA]))


def declined(terms: Terms, rules: CapsuleSettings) -> Decline | None:
    try:
        check_terms(terms, rules)
    except DeclinedError as error:
        return error.reason
    return None


def test_at_first_a_campaign_in_ether_must_pay_for_its_place_and_no_token_is_welcome() -> None:
    least = replace(TERMS, bounty=10**16, fee=10**14)
    assert declined(least, RULES) is None
    assert declined(replace(least, bounty=10**16 - 1), RULES) is Decline.BOUNTY_SMALL
    assert declined(replace(least, fee=10**14 - 1), RULES) is Decline.FEE_SMALL
    assert declined(replace(TERMS, asset=TOKEN), RULES) is Decline.ASSET_UNWANTED


@pytest.mark.parametrize(
    ("least", "reason"), [("1 ether", None), ("1000000000000000001 wei", Decline.BOUNTY_SMALL)]
)
def test_the_least_bounty(least: str, reason: Decline | None) -> None:
    assert declined(TERMS, replace(RULES, least_bounty=least)) is reason


@pytest.mark.parametrize(
    ("least", "reason"), [("0.001 ether", None), ("0.001000000000000001 ether", Decline.FEE_SMALL)]
)
def test_the_least_fee(least: str, reason: Decline | None) -> None:
    assert declined(TERMS, replace(RULES, least_fee=least)) is reason


@pytest.mark.parametrize(
    ("assets", "asset", "reason"),
    [
        (["ether"], TERMS.asset, None),
        (["ether"], TOKEN, Decline.ASSET_UNWANTED),
        ([TOKEN.lower()], TOKEN, None),
        ([TOKEN], OTHER, Decline.ASSET_UNWANTED),
        ([TOKEN], TERMS.asset, Decline.ASSET_UNWANTED),
        ([], TERMS.asset, Decline.ASSET_UNWANTED),
        (["any"], OTHER, None),
    ],
)
def test_the_assets(assets: tuple[str, ...], asset: str, reason: Decline | None) -> None:
    assert declined(replace(TERMS, asset=asset), replace(RULES, assets=assets)) is reason


def test_amounts_of_a_token_are_not_compared_with_ether() -> None:
    rules = replace(RULES, assets=(TOKEN,), least_bounty="2 ether", least_fee="1 ether")
    assert declined(replace(TERMS, asset=TOKEN, bounty=1), rules) is None


def test_a_campaign_below_the_least_bounty_is_declined_on_chain_before_anything_is_fetched(
    world: World,
) -> None:
    world.home.capsule = replace(world.home.capsule, least_bounty="1.000000000000000001 ether")
    campaign = world.create(world.store.put(b"no spec at all"))
    world.run()
    assert world.declined_for(campaign) == (
        f"{Decline.BOUNTY_SMALL.value}: 1 ETH; needs 1.000000000000000001 ETH at least"
    )
    assert world.record(campaign).state is State.SETTLED
    assert world.sonar.claimable(campaign, world.scientist.address) == ETHER
    world.home.capsule = replace(world.home.capsule, least_bounty="1 ether")
    assert world.record(world.opened()).state is State.OPEN


def test_room_for_networks(journal: Journal) -> None:
    rules = replace(RULES, max_networks=2)
    for number in (1, 2):
        check_room("mlp", rules, journal)
        journal.add_campaign(bytes([number]) * 32, OTHER, bytes(32))
        journal.decide_opening(bytes([number]) * 32, bytes(32), bytes(32), 0, network=True)
    with pytest.raises(NotReadyError, match="2 are open"):
        check_room("mlp", rules, journal)
    check_room("one_vs_rest", rules, journal)
    journal.release_network(bytes([1]) * 32)
    check_room("mlp", rules, journal)


def test_other_campaigns_take_no_room_and_none_is_counted_twice(journal: Journal) -> None:
    journal.add_campaign(b"a" * 32, OTHER, bytes(32))
    journal.decide_opening(b"a" * 32, bytes(32), bytes(32), 0)
    journal.decide_opening(b"a" * 32, bytes(32), bytes(32), 0, network=True)  # the first decision stands
    assert journal.open_networks() == 0
    journal.add_campaign(b"b" * 32, OTHER, bytes(32))
    for _ in range(2):
        journal.decide_opening(b"b" * 32, bytes(32), bytes(32), 0, network=True)
    assert journal.open_networks() == 1


@pytest.mark.parametrize(
    "line",
    [
        'assets = ["any", "ether"]',
        'assets = ["bitcoin"]',
        'least_bounty = "1"',
        'least_bounty = "-1 ether"',
        'least_bounty = "79228162514.264337593543950336 ether"',  # the contract holds less than 2^96 wei
        'least_fee = "much"',
        "max_networks = -1",
    ],
)
def test_a_rule_that_is_none_is_refused_by_name(tmp_path: Path, line: str) -> None:
    path = tmp_path / CAPSULE_FILE
    path.write_text(f'certificate = "{RULES.certificate}"\n{line}\n')
    with pytest.raises(BadSettingError, match=f"'{line.split(' ')[0]}'"):
        read_settings(path, CapsuleSettings)


def open_networks(world: World) -> int:
    agent = world.agent()
    try:
        return int(agent.context.journal.open_networks())
    finally:
        agent.close()


@pytest.fixture
def one_at_a_time(networks: MadeUpNetworkWorld) -> MadeUpNetworkWorld:
    networks.home.capsule = replace(networks.home.capsule, max_networks=1)
    return networks


def test_a_network_too_many_waits_until_another_has_ended(one_at_a_time: MadeUpNetworkWorld) -> None:
    networks = one_at_a_time
    first, now = networks.opened(), networks.sonar.now()
    second = networks.create(submit_until=now + 9 * DAY, review_until=now + 10 * DAY)
    networks.run()
    assert networks.record(second).state is State.REQUESTED
    assert "1 are open" in (networks.problem(second) or "")
    networks.node.advance_to(networks.record(first).terms.review_until)
    networks.run()
    networks.run()
    assert (networks.record(first).state, networks.record(second).state) == (State.SETTLED, State.OPEN)


def test_what_is_full_says_so_before_it_fetches_and_measures(networks: MadeUpNetworkWorld) -> None:
    networks.home.capsule = replace(networks.home.capsule, max_networks=0)
    nobody_has_it = Validation(Cid(b"\x09" * 32), bytes(32), 60)
    campaign = networks.create(replace(networks.spec(), validation=nobody_has_it))
    networks.run()
    assert "0 are open" in (networks.problem(campaign) or "")


def test_a_cancelled_network_gives_its_place_back(one_at_a_time: MadeUpNetworkWorld) -> None:
    networks = one_at_a_time
    networks.run()
    campaign = networks.create()
    networks.node.fund(networks.capsule.address, 0)
    networks.run()  # decided, but there is no ether to open it with
    assert open_networks(networks) == 1
    networks.transact(networks.node, networks.scientist, networks.sonar.calls.cancel(campaign))
    networks.node.fund(networks.capsule.address)
    networks.run()
    assert open_networks(networks) == 0


def test_a_network_that_a_re_org_takes_gives_its_place_back(one_at_a_time: MadeUpNetworkWorld) -> None:
    networks = one_at_a_time
    networks.run()
    gone = networks.create()
    depth = 1 + rpc.block_number(networks.node.web3) - networks.block_of("CampaignCreated", gone)
    networks.node.fund(networks.capsule.address, 0)
    networks.run()
    networks.node.reorg(depth)
    networks.node.rpc("anvil_dropAllTransactions")
    networks.node.fund(networks.capsule.address)
    networks.node.mine(2)
    networks.run()
    assert open_networks(networks) == 0
    assert networks.record(networks.opened()).state is State.OPEN


def test_a_lost_database_counts_the_networks_that_the_chain_has(one_at_a_time: MadeUpNetworkWorld) -> None:
    networks = one_at_a_time
    networks.opened()
    for path in networks.home.path.glob("capsule.sqlite*"):
        path.unlink()
    second = networks.create()
    networks.run()
    assert open_networks(networks) == 1
    assert networks.record(second).state is State.REQUESTED


# --- scientist, length, family, least gain ---------------------------------------------------------------


def record_of(world: World) -> CampaignRecord:
    return world.record(world.create())


def scientist_declined(record: CampaignRecord, rules: CapsuleSettings, now: int) -> Decline | None:
    try:
        check_scientist(record, rules, now)
    except DeclinedError as error:
        return error.reason
    return None


def test_scientists_that_are_not_named_and_campaigns_that_are_too_long_are_declined(world: World) -> None:
    record = record_of(world)
    owner, ends = record.owner, record.terms.review_until
    assert scientist_declined(record, RULES, ends - 395 * DAY) is None
    assert scientist_declined(record, RULES, ends - 395 * DAY - 1) is Decline.TOO_LONG
    ten = replace(RULES, max_days=10)
    assert scientist_declined(record, ten, ends - 10 * DAY) is None
    assert scientist_declined(record, ten, ends - 10 * DAY - 1) is Decline.TOO_LONG
    for named, reason in (
        ((owner,), None),
        ((owner.lower(), OTHER), None),
        ((OTHER,), Decline.SCIENTIST_UNWANTED),
        ((), Decline.SCIENTIST_UNWANTED),
    ):
        assert scientist_declined(record, replace(RULES, scientists=named), ends - DAY) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"families": ("one_vs_rest",)}, None),
        ({"families": ("linear", "ridge")}, Decline.FAMILY_UNWANTED),
        ({"least_gain_deviations": 0.4}, None),
        ({"least_gain_deviations": 0.52}, Decline.GAIN_SMALL),
    ],
)
def test_families_and_gains_that_pay_for_luck(
    world: World, changes: JsonObject, reason: Decline | None
) -> None:
    """60 records: 0.4 square roots of them are 3.1, so 4 records or 66,667 ppm; 0.52 are more than 4."""
    terms = replace(TERMS, min_gain=66_667)
    if reason is None:
        check_spec(world.spec(), terms, replace(RULES, **changes))
    else:
        with pytest.raises(DeclinedError) as caught:
            check_spec(world.spec(), terms, replace(RULES, **changes))
        assert caught.value.reason is reason
    if "least_gain_deviations" in changes:
        with pytest.raises(DeclinedError):
            check_spec(world.spec(), replace(terms, min_gain=66_666), replace(RULES, **changes))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('families = ["tree"]', "families"),
        ('families = ["any", "linear"]', "families"),
        ('scientists = ["bob"]', "scientists"),
        ("max_days = 0", "max_days"),
        ("max_days = 396", "max_days"),
        ("least_gain_deviations = -0.1", "least_gain_deviations"),
        ('decline_budget = "much"', "decline_budget"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(tmp_path: Path, line: str, key: str) -> None:
    (tmp_path / CAPSULE_FILE).write_text(f'certificate = "{"0" * 40}"\n{line}\n')
    with pytest.raises(BadSettingError, match=key):
        read_settings(tmp_path / CAPSULE_FILE, CapsuleSettings)


# --- what declines may cost ------------------------------------------------------------------------------


def test_declines_cost_no_more_a_day_than_was_said(world: World) -> None:
    """Room for two: the third waits for the next day, though it is asked for again and again."""
    price = DECLINE_GAS * rpc.gas_price(world.node.web3)
    rules = replace(
        world.home.capsule, decline_budget=f"{price * 2 + price // 2} wei", least_bounty="2 ether"
    )
    world.home = Home(world.home.path, world.home.settings, rules)
    campaigns = [world.create() for _ in range(3)]
    for _ in range(2):
        world.run()
    states = [world.record(campaign).state for campaign in campaigns]
    assert states == [State.SETTLED, State.SETTLED, State.REQUESTED]
    assert "declines of the last 24 hours" in str(world.problem(campaigns[2]))
    world.node.advance(DAY - 60)
    world.run()
    assert world.record(campaigns[2]).state is State.REQUESTED


def test_the_budget_of_declines_is_counted_over_a_day_and_once_for_each(journal: Journal) -> None:
    def count(number: int, now: int, wei: int = 40) -> bool:
        return journal.count_decline(bytes([number]) * 32, now, wei, since=now - DAY, budget=100)

    assert [count(1, 1000), count(2, 1000), count(3, 1000)] == [True, True, False]
    assert count(1, 1000)  # again: it is counted already
    assert count(3, 1000, 20)  # to the wei
    assert not count(4, 1000 + DAY - 1, 1)
    assert count(4, 1000 + DAY, 100)
