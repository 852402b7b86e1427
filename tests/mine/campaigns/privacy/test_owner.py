"""What the owner of a mine sees of its ledger and says about it; a mine killed around a release."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from mine_agent.cli import app
from mine_agent.privacy.budget import Budget
from mine_agent.privacy.errors import LedgerDamagedError
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.ledgers import charges
from tests.mine.campaigns.small_capsule import SmallCapsule


def test_the_owner_sees_the_ledger_as_table_json_and_picture(
    mine: Mine, small_capsule: SmallCapsule, tmp_path: Path
) -> None:
    small_capsule.open()
    mine.round()
    home, picture = str(mine.connection.home.path), tmp_path / "budget.svg"
    shown = CliRunner().invoke(app, ["ledger", "--home", home, "--picture", str(picture)])
    assert shown.exit_code == 0, shown.output
    assert "charged" in shown.output
    answer = json.loads(CliRunner().invoke(app, ["ledger", "--home", home, "--format", "json"]).stdout)
    assert [entry["what"] for entry in answer["entries"]] == ["opened", "charged", "released", "submitted"]
    assert answer["spent_rho"] == str(Budget().price_rho)
    assert (answer["budget_epsilon"], answer["releases_left"]) == (10.0, 7)
    assert 2.9 < answer["spent_epsilon"] <= 3.0
    root = ElementTree.fromstring(picture.read_text())  # noqa: S314 - our own file
    assert root.tag.endswith("svg")
    assert "epsilon" in root[0].text  # type: ignore[operator]
    assert not any(node.tag.endswith(("script", "image")) for node in root.iter())
    listed = json.loads(CliRunner().invoke(app, ["campaigns", "--home", home, "--format", "json"]).stdout)
    assert listed[0]["privacy"].startswith("epsilon up to 3 at delta 1e-06")


def test_after_a_loss_the_owner_says_so_and_everything_counts_as_spent(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    small_capsule.open()
    mine.round()
    home = mine.connection.home.path
    (home / "ledger.sqlite").unlink()
    with pytest.raises(LedgerDamagedError, match="--start-anew"):
        mine.connection.home.privacy_ledger(2_000_000_000)
    begun = CliRunner().invoke(app, ["ledger", "--home", str(home), "--start-anew", "--format", "json"])
    assert begun.exit_code == 0, begun.output
    assert json.loads(begun.stdout)["releases_left"] == 0


DRIVER = """
import importlib, os, signal, sys
module, attribute, moment = sys.argv[1:4]
sys.argv = ["mine-agent", *sys.argv[4:]]
owner, name = attribute.split(".")
holder = getattr(importlib.import_module(module), owner)
wrapped = getattr(holder, name)
def deadly(*arguments, **named):
    if moment == "after":
        wrapped(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(holder, name, deadly)
from mine_agent.cli import app
app()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attribute", "moment", "charged"),
    [
        ("charge", "before", 0),
        ("charge", "after", 1),
        ("keep", "before", 1),
        ("keep", "after", 1),
        ("note", "after", 1),
    ],
)
def test_a_mine_killed_around_a_release_has_charged_for_what_it_drew_and_goes_on(
    mine: Mine, small_capsule: SmallCapsule, attribute: str, moment: str, charged: int
) -> None:
    campaign, home = small_capsule.open(), mine.connection.home
    environment = {**os.environ, "OPENMINED_PASSPHRASE": "a passphrase of the tests"}
    arguments = [
        "mine_agent.privacy.ledger",
        f"Ledger.{attribute}",
        moment,
        "run",
        "--once",
        "--home",
        str(home.path),
    ]
    killed = subprocess.run([sys.executable, "-c", DRIVER, *arguments], env=environment, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(charges(mine)) == charged
    assert mine.submitted(campaign) == []
    mine.time = 4e9
    assert mine.round() == []
    assert len(mine.submitted(campaign)) == 1
    stored = attribute == "note" or (attribute, moment) == ("keep", "after")
    assert len(charges(mine)) == (charged if stored else charged + 1)
