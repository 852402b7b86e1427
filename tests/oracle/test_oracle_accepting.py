"""What a Capsule's operator wants to work for, at both edges of each rule. What may be unsound about a
campaign is in `test_oracle_declines.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openmined_oracle.accepting import check_room, check_terms
from openmined_oracle.errors import Decline, DeclinedError
from openmined_oracle.home import CAPSULE_FIELDS, CAPSULE_FILE, CapsuleSettings
from openmined_oracle.journal import SCHEMA, Journal
from pysonar.chain.database import open_database
from pysonar.chain.types import State, Terms
from pysonar.flat_toml import BadSettingError, read_toml

ETHER = 10**18
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
    return Journal(open_database(path, chain_id=1, genesis=bytes(32), contract=OTHER, schema=SCHEMA))


def declined(terms: Terms, rules: CapsuleSettings) -> Decline | None:
    try:
        check_terms(terms, rules)
    except DeclinedError as error:
        return error.reason
    return None


def test_without_rules_every_campaign_is_welcome() -> None:
    assert declined(replace(TERMS, bounty=1, fee=0), RULES) is None
    assert declined(replace(TERMS, asset=TOKEN), RULES) is None


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
    world: Any,
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
    with pytest.raises(DeclinedError) as full:
        check_room("mlp", rules, journal)
    assert full.value.reason is Decline.NETWORKS_FULL
    check_room("one_vs_rest", rules, journal)
    journal.close(bytes([1]) * 32)
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
        'least_fee = "much"',
        "max_networks = -1",
    ],
)
def test_a_rule_that_is_none_is_refused_by_name(tmp_path: Path, line: str) -> None:
    path = tmp_path / CAPSULE_FILE
    path.write_text(f'certificate = "{RULES.certificate}"\n{line}\n')
    with pytest.raises(BadSettingError, match=f"'{line.split(' ')[0]}'"):
        read_toml(path, CAPSULE_FIELDS)


def test_a_network_too_many_is_declined_until_another_has_ended(networks: Any) -> None:
    networks.home.capsule = replace(networks.home.capsule, max_networks=1)
    first, second = networks.opened(), networks.create()
    networks.run()
    assert networks.declined_for(second) == Decline.NETWORKS_FULL.value
    networks.node.advance_to(networks.record(first).terms.review_until)
    networks.run()
    assert networks.record(first).state is State.SETTLED
    assert networks.record(networks.opened()).state is State.OPEN
