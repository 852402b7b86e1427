"""A campaign that is paid in a token, from plan to claim, by public commands in processes of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.sending.signer import KeyfileSigner
from scripts._demo.parties import Parties, Party
from tests.conftest import Anvil
from tests.demo.small_campaign import write_people, write_plan
from tests.roles import Transact
from tests.token_under_test import STRICT, UNIT, GivenToken

BOUNTY, STAKE, FEE = 100 * UNIT, 2 * UNIT, UNIT // 4


def allow(party: Party, file: str, token: str) -> None:
    """As the owner does it: name the token among the assets."""
    path = party.home / file
    text, changed = re.subn(r"(?m)^assets = .*$", f'assets = ["ether", "{token}"]', path.read_text())
    path.write_text(text if changed else f'{text}assets = ["ether", "{token}"]\n')


@pytest.fixture
def parties(tmp_path: Path, node: Anvil, sonar: Sonar) -> Iterator[Parties]:
    """A scientist, a Capsule and a mine, with ether for gas and nothing else."""
    with Parties(tmp_path, ["mine-agent"]) as people:
        store = f"embedded:{tmp_path / 'store'}"
        settings = (
            "--rpc",
            node.url,
            "--contract",
            sonar.address,
            "--confirmations",
            "0",
            "--poll-seconds",
            "0.2",
        )
        people.init(settings, dict.fromkeys(people.names, store), privacy="none")
        for address in people.addresses.values():
            node.fund(address)
        yield people


@pytest.mark.slow
def test_a_campaign_in_a_token_from_plan_to_claim(
    parties: Parties,
    tmp_path: Path,
    node: Anvil,
    sonar: Sonar,
    deploy: Callable[..., str],
    transact: Transact,
    stranger: KeyfileSigner,
) -> None:
    token = GivenToken(node, deploy(node, STRICT), transact)
    scientist, capsule, (mine,) = parties.scientist, parties.capsule, parties.mines
    address = parties.addresses
    token.give(stranger, address[scientist.name], BOUNTY)
    token.give(stranger, address[mine.name], 3 * STAKE)
    allow(capsule, "capsule.toml", token.address)
    allow(mine, "policy.toml", token.address)
    mine.run("data", "add", "people", str(write_people(tmp_path / "mine.csv", 200, seed=1)))

    capsule.start("run")
    parties.wait_until(lambda: sonar.certificate(address[capsule.name]) is not None, "Capsule to register")
    plan = write_plan(
        tmp_path / "plan.toml",
        address[capsule.name],
        asset=token.address,
        bounty="100 USDX",
        stake="2 USDX",
        fee="0.25 USDX",
    )
    validation = write_people(tmp_path / "validation.csv", 100, seed=2)
    created = scientist.ask(
        "campaign", "create", str(plan), "--name", "heavy", "--validation", str(validation)
    )
    campaign = bytes.fromhex(created["campaign"][2:])
    assert (created["asset"], created["bounty"]) == (token.address, str(BOUNTY))
    assert token.token.balance(sonar.address) == BOUNTY

    mine.start("run")
    scientist.run("campaign", "watch", "heavy", "--timeout", "4m")
    assert "100 USDX" in scientist.run("campaign", "show", "heavy")
    claimed = scientist.ask("campaign", "claim", "heavy")
    parties.wait_until(
        lambda: not any(sonar.owed(campaign, who) for who in address.values()), "all claims", 120
    )

    record = sonar.campaign(campaign)
    refund = BOUNTY - record.paid
    assert record.best >= 850_000
    assert record.paid > 0
    assert sum(int(row["amount"]) for row in claimed) == refund
    assert token.token.balance(address[scientist.name]) == refund
    assert token.token.balance(address[capsule.name]) == FEE * record.evaluated
    assert token.token.balance(address[mine.name]) == 3 * STAKE + record.paid - FEE * record.evaluated
    assert (token.token.balance(sonar.address), node.balance(sonar.address)) == (0, 0)
    for who in address.values():
        assert token.token.allowance(who, sonar.address) == 0

    (books,) = json.loads(mine.run("earnings", "--format", "json"))
    assert (books["asset"], books["gas"] > "0") == (token.address, True)
    assert int(books["net"]) == int(books["promised"]) - int(books["spent"])
    assert int(books["spent"]) == int(books["burned"]) + int(books["fees"])  # gas is of another currency
    assert "USDX" in mine.run("earnings")
    listed = capsule.run("campaigns")
    assert "100 USDX" in listed
    assert "ETH" not in listed
    assert "gwei" not in listed
