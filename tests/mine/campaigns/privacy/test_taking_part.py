"""Whether a mine takes part is seen by everybody, costs the asker nothing, and no noise is on it. So it must
not answer questions about single records: a scientist chooses by the schema which records fit, and counts
them by whether the mine submits.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mine_agent.cli import app
from pysonar.chain.contract.types import Verdict
from pysonar.protocol.schema import class_label, output_schema
from tests.mine.campaigns.mine_under_test import Mine
from tests.mine.campaigns.privacy.ledgers import charges, ledger_of
from tests.mine.campaigns.small_capsule import SmallCapsule

QUESTIONS = {
    "are all but one in a hundred of these two classes": ["red", "green"],
    "is anybody of a second class": ["blue", "violet"],
    "is anybody of these classes": ["violet", "black"],
}


def ask(small_capsule: SmallCapsule, classes: list[str], number: int) -> bytes:
    spec = small_capsule.spec(output_schema=output_schema("colour", class_label(classes)))
    return small_capsule.open(spec, salt=bytes([number]) * 32)


def test_under_a_budget_the_answer_is_the_noised_releases_and_charged_once(
    mine: Mine, small_capsule: SmallCapsule
) -> None:
    """Whatever fits is released; what is made of it knows no more, so asking again is answered alike."""
    asked = [ask(small_capsule, classes, number) for number, classes in enumerate(QUESTIONS.values())]
    mine.round()
    mine.round()
    charged = {entry.campaign: entry.key for entry in charges(mine)}
    assert set(charged) == set(asked)
    for campaign in asked:
        release = ledger_of(mine).release(charged[campaign])
        assert release is not None
        assert len(mine.submitted(campaign)) == (1 if release.most_rows >= 20 else 0)


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_noise_the_same_questions_are_answered(
    question: str, make_mine: Callable[..., Mine], small_capsule: SmallCapsule
) -> None:
    """The attack as it worked under a budget, too. Without noise it protects the owner, from fees for nothing
    and from a gradient of a single row.
    """
    mine = make_mine(privacy="none")
    campaign = ask(small_capsule, QUESTIONS[question], 1)
    assert len(mine.round()) == 1
    assert mine.submitted(campaign) == []


def test_the_fewest_records_and_the_delta_are_asked_of_the_registration(
    make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    lines = colours.read_text().splitlines(keepends=True)
    colours.write_text("".join(lines[:20]))  # 19 records; 20 are asked for by default
    mine = make_mine()
    campaign = ask(small_capsule, ["red", "green", "blue"], 1)
    (error,) = mine.errors()
    assert "has 19 usable records" in str(error)
    assert mine.submitted(campaign) == []


@pytest.mark.parametrize(("privacy", "changed", "again"), [
    ("differential", False, 1), ("differential", True, 1), ("none", False, 0), ("none", True, 1),
])  # fmt: skip
def test_under_a_budget_data_registered_anew_are_submitted_again_whether_or_not_they_changed(
    privacy: str,
    changed: bool,
    again: int,
    make_mine: Callable[..., Mine],
    small_capsule: SmallCapsule,
    colours: Path,
) -> None:
    """Else whoever judges the same version of a model twice sees whether a record was added in between."""
    mine = make_mine(privacy=privacy)
    campaign = ask(small_capsule, ["red", "green", "blue"], 1)
    mine.round()
    (event,) = mine.submitted(campaign)
    small_capsule.report(campaign, mine.address, event.update, Verdict.NO_GAIN)
    mine.round()
    if changed:
        colours.write_text(colours.read_text() + "0.5,0.5,0.5,red,someone\n")
    mine.connection.home.data().add("colours", colours, replace=True)
    mine.time += 1000
    assert mine.round() == []
    assert len(mine.submitted(campaign)) == 1 + again


@pytest.mark.parametrize("privacy", ["differential", "none"])
def test_the_owner_alone_is_told_beforehand_that_hardly_a_record_fits(
    privacy: str, make_mine: Callable[..., Mine], small_capsule: SmallCapsule, colours: Path
) -> None:
    colours.write_text(colours.read_text() + "0.5,0.5,0.5,violet,someone\n" * 3)
    mine = make_mine(privacy=privacy)
    label = class_label(["violet", "black"])
    label["openmined"]["unknown"] = "drop"
    campaign = small_capsule.open(small_capsule.spec(output_schema=output_schema("colour", label)))
    ask(small_capsule, ["red", "green", "blue"], 1)
    home = str(mine.connection.home.path)
    done = CliRunner().invoke(app, ["data", "check", "colours", "--home", home, "--format", "json"])
    assert done.exit_code == 0, done.output
    hardly, well = json.loads(done.stdout)["campaigns"]
    assert (hardly["campaign"], hardly["fits"], well["fits"]) == ("0x" + campaign.hex(), False, False)
    assert hardly["why_not"].startswith("3 records can be used, and least_records in policy.toml asks for 20")
    assert ("mine-agent refuse" in hardly["why_not"]) is (privacy == "differential")
    if privacy == "differential":
        refused = CliRunner().invoke(app, ["refuse", campaign.hex(), "--home", home])
        assert refused.exit_code == 0, refused.output
        mine.round()
        assert (mine.submitted(campaign), len(charges(mine))) == ([], 1)
