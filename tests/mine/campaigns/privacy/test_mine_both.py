"""An owner changes from one mine to the other and back in the middle of a campaign, on the same home."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mine_agent.home import Home
from mine_agent.operation.at_work import read_at_work
from mine_agent.rules.policy_file import FirstAnswers
from pysonar.chain.contract.types import Verdict
from pysonar.party.home.passphrase import PASSPHRASE_VARIABLE
from tests.json_types import JsonObject
from tests.mine.campaigns.small_capsule import SmallCapsule
from tests.mine.conftest import PASSPHRASE
from tests.mine.mine_commands import Told, by_node, in_python, is_built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_built(), reason="Mine.js is not built: make build/stamps/mine-js"),
]


def events(told: Told) -> list[JsonObject]:
    assert told.exit_code == 0, told.output
    found = [json.loads(line) for line in told.stdout.splitlines()]
    return [event for event in found if event["event"] != "progress"]


def test_an_owner_changes_to_the_other_mine_and_back_in_a_campaign(
    make_home: Callable[..., Home],
    colours: Path,
    small_capsule: SmallCapsule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    home = make_home(answers=FirstAnswers(scientists=("any",), capsules=("any",), fields=("any",)))
    campaign = small_capsule.open()
    once = ("run", "--once", "--home", home.path, "--format", "json")
    by_node("data", "add", "colours", colours, "--home", home.path)

    first = events(by_node(*once))
    assert [event["event"] for event in first] == ["started", "training", "submitted", "stopped"]
    assert 0 < first[2]["epsilon"] <= 3
    seen = read_at_work(home.at_work_file)
    assert seen.stopped
    assert seen.looked_at is not None
    assert [one["event"] for one in seen.happenings] == ["started", "training", "submitted", "stopped"]
    assert all(one["sentence"] for one in seen.happenings)
    while small_capsule.sonar.campaign(campaign).submitted == 0:
        time.sleep(0.02)
    # The Python mine knows what the other submitted, and submits nothing twice.
    assert [event["event"] for event in events(in_python(*once))] == ["started", "stopped"]
    known = [one["event"] for one in read_at_work(home.at_work_file).happenings]
    assert known == ["started", "training", "submitted", "stopped", "started", "stopped"]

    update = bytes.fromhex(first[2]["update"][2:])
    difference = small_capsule.envelope(campaign, home.address, update).gradient.decrypt(small_capsule.key)
    assert np.abs(difference).max() > 0
    small_capsule.report(campaign, home.address, update, Verdict.IMPROVED, 475_000)
    second = events(in_python(*once))
    assert [event["event"] for event in second] == [
        "started", "verdict", "training", "submitted", "stopped",
    ]  # fmt: skip
    while small_capsule.sonar.campaign(campaign).submitted == 1:
        time.sleep(0.02)
    assert [event["event"] for event in events(by_node(*once))] == ["started", "stopped"]

    # One release served both, and each explains what the other decided.
    ledger = json.loads(by_node("ledger", "--home", home.path, "--format", "json").stdout)
    assert [entry["what"] for entry in ledger["entries"]] == [
        "opened", "charged", "released", "submitted", "submitted",
    ]  # fmt: skip
    asked = ("explain", campaign.hex(), "--home", home.path, "--format", "json")
    explained, same = json.loads(in_python(*asked).stdout), json.loads(by_node(*asked).stdout)
    assert [(one["answer"], one["replay"]) for one in explained] == [("train", "the same")] * 2
    assert [(one["answer"], one["replay"]) for one in same] == [("train", "the same")] * 2
    for by_python, by_js in zip(explained, same, strict=True):
        assert [rule for rule in by_python["rules"] if rule["rule"] != "minimum_per_hour"] == by_js["rules"]
