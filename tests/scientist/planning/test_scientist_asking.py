"""A Capsule is asked beforehand: what its operator would decline is refused before anything is in escrow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from openmined_oracle.campaigns.operator_rules import published_terms
from openmined_oracle.home import CapsuleSettings
from pysonar.protocol.artifacts import Spec
from pysonar.protocol.artifacts.capsule_terms import NOTATION, CapsuleTerms
from pysonar.protocol.cid import Cid
from pysonar.scientist.campaign import Campaign
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import PlanError
from tests.json_types import JsonObject
from tests.scientist.conftest import Judge, Scene
from tests.scientist.shell import Shell

OPEN = replace(
    published_terms(CapsuleSettings(certificate="0" * 40)), least_fee=3, max_rows=20, max_weights=8
)
"""What the plan of these tests just meets."""


def announce(judge: Judge, said: str) -> None:
    """Register the certificate with something in the place of its terms."""
    cid = judge.store.put(judge.key.certificate_with(NOTATION, said).to_bytes())
    judge.send(judge.sonar.calls.register_capsule(cid.digest))


def publish(judge: Judge, terms: CapsuleTerms) -> None:
    announce(judge, terms.to_bytes().decode())


@pytest.fixture
def arguments(tmp_path: Path, plan_values: JsonObject, validation_csv: Path) -> tuple[str, ...]:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_values))
    return (str(path), "--validation", str(validation_csv))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"least_fee": 4}, ("fee", "3 wei", "4 wei at least", "least_fee")),
        ({"least_bounty": 10 * 10**18 + 1}, ("bounty", "10 ETH", "least_bounty")),
        ({"assets": ("0x" + "dd" * 20,)}, ("asset", "ether", "assets")),
        ({"families": ("linear", "ridge")}, ("family", "one_vs_rest", "linear, ridge", "families")),
        ({"max_rows": 19}, ("validation", "20 records", "19 at most", "max_rows")),
        ({"max_weights": 7}, ("model's size", "8 weights", "max_weights")),
        ({"least_gain_deviations": 0.4}, ("min_gain", "1 %", "10 % at least", "least_gain_deviations")),
    ],
)
def test_a_term_that_is_not_met_is_named_before_escrow(
    change: JsonObject, words: tuple[str, ...], sonar_command: Shell, arguments: tuple[str, ...], scene: Scene
) -> None:
    publish(scene.judge, replace(OPEN, **change))
    for command in ("create", "check"):
        refused = sonar_command("campaign", command, *arguments)
        assert refused.exit_code == 1, refused.output
        assert all(word in refused.stderr for word in words), refused.stderr
    assert scene.node.balance(scene.sonar.address) == 0


def test_where_rows_are_split_the_gain_is_held_against_those_that_pay(
    sonar_command: Shell, plan_values: JsonObject, validation_csv: Path, judge: Judge, tmp_path: Path
) -> None:
    """Two of twenty records are 10 %, two of the ten that pay are 20 %: Capsule asks for the latter."""
    publish(judge, replace(OPEN, least_gain_deviations=0.4))
    path = tmp_path / "plan.json"
    whole = plan_values | {"min_gain": "10 %"}
    for values, exit_code in ((whole, 0), (whole | {"guiding_share": "50 %"}, 1)):
        path.write_text(json.dumps(values))
        done = sonar_command("campaign", "check", str(path), "--validation", str(validation_csv))
        assert done.exit_code == exit_code, done.output
        assert ("20 % at least" in done.stderr) == bool(exit_code), done.stderr


def test_terms_that_are_just_met_let_the_campaign_open(
    sonar_command: Shell, arguments: tuple[str, ...], scene: Scene
) -> None:
    publish(scene.judge, OPEN)
    assert sonar_command("campaign", "check", *arguments).exit_code == 0
    created = sonar_command.json("campaign", "create", *arguments)
    publish(scene.judge, replace(OPEN, least_fee=4))  # later: the campaign is in escrow, and is the same one
    assert sonar_command.json("campaign", "create", *arguments)["campaign"] == created["campaign"]
    assert scene.node.balance(scene.sonar.address) == 10 * 10**18


@pytest.mark.parametrize("said", [None, "{}", "no JSON", '{"format":"openmined/capsule_terms/9"}'])
def test_a_capsule_without_terms_that_can_be_read_is_a_sentence_and_no_refusal(
    said: str | None, sonar_command: Shell, arguments: tuple[str, ...], judge: Judge
) -> None:
    if said is not None:
        announce(judge, said)
    done = sonar_command("campaign", "create", *arguments)
    assert done.exit_code == 0, done.output
    assert "has published no terms" in done.stderr


def test_a_list_of_scientists_is_spoken_of(
    sonar_command: Shell, arguments: tuple[str, ...], judge: Judge
) -> None:
    publish(judge, replace(OPEN, scientists_listed=True))
    done = sonar_command("campaign", "check", *arguments)
    assert done.exit_code == 0, done.output
    assert "only for scientists on its operator's list" in done.stderr


def test_python_is_refused_as_the_command_line_is(owner: Scientist, scene: Scene) -> None:
    publish(scene.judge, replace(OPEN, least_fee=4))
    with pytest.raises(PlanError, match="least_fee"):
        scene.campaign(owner).launch()
    assert scene.node.balance(scene.sonar.address) == 0
    publish(scene.judge, replace(OPEN, max_days=1))
    scene.campaign(owner).launch()
    assert scene.node.balance(scene.sonar.address) == scene.plan.bounty


def test_records_that_measure_nothing_are_refused_before_escrow(owner: Scientist, scene: Scene) -> None:
    """Capsule would decline them, and a constant answer would earn the whole bounty."""
    label = scene.records.column_names.index("ill")
    same = scene.records.set_column(label, "ill", pa.array([1] * scene.records.num_rows))
    with pytest.raises(PlanError, match="ill is 1; expected at least two different labels"):
        Campaign(owner, scene.plan, same, name="same").launch()
    assert owner.connection.journal.named("same") is None
    assert owner.outbox.unfinished() == []


def test_a_split_and_a_number_of_evaluations_are_said_at_the_command_line(
    sonar_command: Shell, arguments: tuple[str, ...], scene: Scene
) -> None:
    """Eight of the twenty records guide the search; a share that leaves none, or too few, is refused before
    escrow.
    """
    publish(scene.judge, OPEN)
    for share, words in (
        ("1 %", "leaves records on both sides of 20"),
        ("91 %", "guiding_share"),
        ("50 %", "24 or more"),
    ):
        refused = sonar_command("campaign", "create", *arguments, "--guiding-share", share)
        assert refused.exit_code == 1, refused.output
        assert words in refused.stderr
    assert sonar_command("campaign", "create", *arguments, "--evaluations", "-1").exit_code == 2
    assert scene.node.balance(scene.sonar.address) == 0
    options = ("--guiding-share", "40 %", "--evaluations", "40")
    created = sonar_command.json("campaign", "create", *arguments, *options)
    record = scene.sonar.campaign(bytes.fromhex(created["campaign"][2:]))
    cid = Cid.from_bytes32(record.terms.spec)
    validation = Spec.parse(scene.judge.store.get(cid, max_bytes=1 << 20)).validation
    assert (validation.rows, validation.guiding_rows, validation.evaluations) == (20, 8, 40)
