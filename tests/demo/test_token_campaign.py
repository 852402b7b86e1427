"""A campaign that is paid in a token, from plan to claim, by public commands in processes of their own."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts._demo.parties import Parties, Party
from tests.token_under_test import STRICT, UNIT, GivenToken

BOUNTY, STAKE, FEE = 100 * UNIT, 2 * UNIT, UNIT // 4

PLAN = """
title = "Who is heavy?"
family = "one_vs_rest"
key_bits = 2048
capsule = "{capsule}"
asset = "{token}"
bounty = "100 USDX"
stake = "2 USDX"
fee = "0.25 USDX"
target = "85 %"
submit_for = "1h"
review_for = "1h"

[[fields]]
name = "weight"
clip = [30, 150]
center = 60
scale = 10

[[fields]]
name = "height"
clip = [1.0, 2.2]
center = 1.7
scale = 0.2

[label]
name = "ill"
classes = [0, 1]
"""


def write_people(path: Path, rows: int, seed: int) -> Path:
    """People of whom those above 60 kg have the label 1."""
    chosen = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["weight", "height", "ill"])
        for number in range(rows):
            ill = number % 2
            writer.writerow([round(chosen.uniform(62, 95) if ill else chosen.uniform(35, 58), 1),
                             round(chosen.uniform(1.5, 2.0), 2), ill])  # fmt: skip
    return path


def allow(party: Party, file: str, token: str) -> None:
    """As the owner does it: name the token among the assets."""
    path = party.home / file
    text, changed = re.subn(r"(?m)^assets = .*$", f'assets = ["ether", "{token}"]', path.read_text())
    path.write_text(text if changed else f'{text}assets = ["ether", "{token}"]\n')


@pytest.fixture
def parties(tmp_path: Path, node: Any, sonar: Any) -> Iterator[Parties]:
    """A scientist, a Capsule and a mine, with ether for gas and nothing else."""
    with Parties(tmp_path, mines=1) as people:
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


@pytest.mark.rehearsal
def test_a_campaign_in_a_token_from_plan_to_claim(
    parties: Parties, tmp_path: Path, node: Any, sonar: Any, deploy: Any, transact: Any, stranger: Any
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
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.format(capsule=address[capsule.name], token=token.address))
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
