"""What a Capsule's operator wants to work for, at both edges of each rule. What may be unsound about a
campaign is in `test_oracle_declines.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openmined_oracle.campaigns.operator_rules import check_room, check_terms
from openmined_oracle.errors import Decline, DeclinedError, NotReadyError
from openmined_oracle.home import CAPSULE_FILE, CapsuleSettings
from openmined_oracle.journal import SCHEMA, Journal
from pysonar.chain.contract.types import State, Terms
from pysonar.chain.database import open_database
from pysonar.chain.node import rpc
from pysonar.files.flat_toml import BadSettingError, read_settings
from pysonar.protocol.artifacts import Validation
from pysonar.protocol.cid import Cid
from tests.oracle.capsule_world import World
from tests.oracle.network_world import MadeUpNetworkWorld

ETHER = 10**18
DAY = 86_400
TOKEN = "0x" + "Dd" * 20
OTHER = "0x" + "ee" * 20
RULES = CapsuleSettings(certificate="0" * 40)
TERMS = Terms(
    spec=bytes(32), capsule=OTHER, bounty=ETHER, target=900_000, min_gain=1, submit_until=1, review_until=2,
    fee=ETHER // 1000,
)  # fmt: skip


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
def test_the_assets(assets: list[str], asset: str, reason: Decline | None) -> None:
    assert declined(replace(TERMS, asset=asset), replace(RULES, assets=assets)) is reason


def test_amounts_of_a_token_are_not_compared_with_ether() -> None:
    rules = replace(RULES, assets=[TOKEN], least_bounty="2 ether", least_fee="1 ether")
    assert declined(replace(TERMS, asset=TOKEN, bounty=1), rules) is None


def test_a_campaign_below_the_least_bounty_is_declined_on_chain_before_anything_is_fetched(
    world: World,
) -> None:
    world.home.capsule = replace(world.home.capsule, least_bounty="1.000000000000000001 ether")
    campaign = world.create(world.store.put(b"no spec at all"))
    world.run()
    assert world.declined_for(campaign) == Decline.BOUNTY_SMALL.value
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
def one_at_a_time(networks: MadeUpNetworkWorld) -> Any:
    networks.home.capsule = replace(networks.home.capsule, max_networks=1)
    return networks


def test_a_network_too_many_waits_until_another_has_ended(one_at_a_time: Any) -> None:
    networks = one_at_a_time
    first, now = networks.opened(), networks.sonar.now()
    second = networks.create(submit_until=now + 9 * DAY, review_until=now + 10 * DAY)
    networks.run()
    assert networks.record(second).state is State.REQUESTED
    assert "1 are open" in networks.problem(second)
    networks.node.advance_to(networks.record(first).terms.review_until)
    networks.run()
    networks.run()
    assert (networks.record(first).state, networks.record(second).state) == (State.SETTLED, State.OPEN)


def test_what_is_full_says_so_before_it_fetches_and_measures(networks: MadeUpNetworkWorld) -> None:
    networks.home.capsule = replace(networks.home.capsule, max_networks=0)
    nobody_has_it = Validation(Cid(b"\x09" * 32), bytes(32), 60)
    campaign = networks.create(replace(networks.spec(), validation=nobody_has_it))
    networks.run()
    assert "0 are open" in networks.problem(campaign)


def test_a_cancelled_network_gives_its_place_back(one_at_a_time: Any) -> None:
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


def test_a_network_that_a_re_org_takes_gives_its_place_back(one_at_a_time: Any) -> None:
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


def test_a_lost_database_counts_the_networks_that_the_chain_has(one_at_a_time: Any) -> None:
    networks = one_at_a_time
    networks.opened()
    for path in networks.home.path.glob("capsule.sqlite*"):
        path.unlink()
    second = networks.create()
    networks.run()
    assert open_networks(networks) == 1
    assert networks.record(second).state is State.REQUESTED
