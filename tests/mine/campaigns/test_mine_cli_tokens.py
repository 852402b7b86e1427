"""Campaigns that pay in a token, from the command line: approved exactly, never more."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mine_agent.home import Home
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.contract.types import Verdict
from pysonar.chain.sending.signer import KeyfileSigner
from tests.conftest import Anvil
from tests.json_types import JsonObject
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.mine_commands import MineCommand
from tests.roles import Transact
from tests.token_under_test import STRICT, UNIT, GivenToken

STAKE, FEE, BOUNTY = 3 * UNIT, UNIT, 1000 * UNIT
NEEDED = STAKE + FEE


@pytest.fixture
def token(
    node: Anvil, sonar: Sonar, deploy: Callable[..., str], scientist: KeyfileSigner, transact: Transact
) -> GivenToken:
    """The scientist holds and has approved the bounty. It refuses to change an approval that is not zero."""
    made = GivenToken(node, deploy(node, STRICT), transact)
    made.give(scientist, scientist.address, BOUNTY)
    made.approve(scientist, sonar.address, BOUNTY)
    return made


@pytest.fixture
def campaign(small_capsule: SmallCapsule, token: GivenToken) -> bytes:
    return small_capsule.open(asset=token.address, bounty=BOUNTY, stake=STAKE, fee=FEE)


@pytest.fixture
def allows_tokens(home: Home) -> Home:
    home.save_policy(home.policy_file.read_text().replace('assets = ["ether"]', 'assets = ["any"]'))
    return home


def round_of(mine_agent: MineCommand, home: Home, node: Anvil) -> tuple[int, list[JsonObject]]:
    """One round, and its events; after which what it sent is mined."""
    result = mine_agent("run", "--once", "--home", home.path, "--format", "json")
    node.let_mine()
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_campaign_in_a_token_is_joined_with_an_exact_approval_and_earns_the_token(
    mine_agent: MineCommand,
    allows_tokens: Home,
    colours: object,
    token: GivenToken,
    campaign: bytes,
    small_capsule: SmallCapsule,
    miner: KeyfileSigner,
    scientist: KeyfileSigner,
) -> None:
    home, sonar = allows_tokens, small_capsule.sonar
    token.give(scientist, miner.address, NEEDED)
    token.approve(miner, sonar.address, 1)  # too little: set to zero first, as this token wants it
    assert mine_agent("data", "add", "colours", colours, "--home", home.path).exit_code == 0

    approved = []
    for _ in range(6):
        code, events = round_of(mine_agent, home, small_capsule.node)
        assert code == 0, events
        approved.append(token.token.allowance(miner.address, sonar.address))
        if sonar.campaign(campaign).submitted:
            break
    assert sonar.campaign(campaign).submitted == 1
    assert set(approved) <= {1, 0, NEEDED}
    assert approved[-1] == 0
    assert token.token.balance(miner.address) == 0

    (books,) = json.loads(mine_agent("earnings", "--home", home.path, "--format", "json").stdout)
    assert (books["asset"], books["staked"], books["submitted"]) == (token.address, str(NEEDED), 1)
    update = next(bytes.fromhex(event["update"][2:]) for event in events if event["event"] == "submitted")
    small_capsule.report(campaign, miner.address, update, Verdict.IMPROVED, 475_000)
    small_capsule.settle(campaign)
    assert mine_agent("claim", "--home", home.path).exit_code == 0
    assert token.token.balance(miner.address) == BOUNTY // 2 + STAKE


def test_a_mine_without_enough_of_the_token_approves_nothing_and_says_what_is_missing(
    mine_agent: MineCommand,
    allows_tokens: Home,
    colours: object,
    token: GivenToken,
    campaign: bytes,
    small_capsule: SmallCapsule,
    miner: KeyfileSigner,
    scientist: KeyfileSigner,
) -> None:
    token.give(scientist, miner.address, NEEDED - 1)
    mine_agent("data", "add", "colours", colours, "--home", allows_tokens.path)
    code, events = round_of(mine_agent, allows_tokens, small_capsule.node)
    (problem,) = [event for event in events if event["event"] == "problem"]
    assert (code, problem["error"]) == (1, "TokensMissingError")
    assert "0.000001 USDX are missing" in problem["reason"]
    assert token.token.allowance(miner.address, small_capsule.sonar.address) == 0
    assert small_capsule.sonar.campaign(campaign).submitted == 0
