"""Where somebody without a record would be paid after the first honest mine, nothing is escrowed unless it is
meant.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.csv import write_csv

from pysonar import Campaign
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.scientist.planning.rehearsal import rehearse
from pysonar.scientist.planning.rehearsal.free_riding import FreeRiding
from tests.builders.terms import ETHER
from tests.json_types import JsonObject
from tests.scientist.conftest import Scene
from tests.scientist.shell import Shell

FIELDS = [f"x{number}" for number in range(12)]


def people(rows: int = 600) -> pa.Table:
    """One in ten is ill, and half of the fields say a little of it."""
    random = np.random.default_rng(5)
    ill = np.arange(rows) % 10 == 0
    told = {name: random.normal(size=rows) + 0.8 * ill * (at % 2) for at, name in enumerate(FIELDS)}
    return pa.table({**told, "ill": ill.astype(int)})


BALANCED = {
    "family": "logistic", "metric": "balanced_accuracy", "target": "90 %", "rule": {"steps": 20},
    "fields": [{"names": FIELDS, "clip": [-4, 4]}],
}  # fmt: skip


@pytest.fixture
def balanced(plan_values: JsonObject) -> Plan:
    """What a scientist may write against the advice."""
    del plan_values["min_gain"], plan_values["fee"]
    return plan_from(plan_values | BALANCED).for_rows(600)


def test_a_shift_that_balanced_accuracy_pays_is_refused_with_the_metric_to_take(balanced: Plan) -> None:
    done = rehearse(balanced, people(), 0)
    assert done.free_riding is not None
    assert done.free_riding.column == 0
    with pytest.raises(
        PlanError, match=r"after the first mine a submission that only names 1 more"
    ) as refused:
        done.require_no_free_riding()
    assert 'metric = "auc"' in str(refused.value)
    assert "--allow-free-riding" in str(refused.value)
    assert sum("--allow-free-riding" in line for line in done.warnings()) == 1
    by_order = rehearse(replace(balanced, metric="auc"), people(), 0)
    by_order.require_no_free_riding()
    assert by_order.free_riding is None


@pytest.mark.parametrize(("left", "refused"), [(17_999, False), (18_000, True)])
def test_a_fiftieth_of_the_bounty_is_refused_and_less_is_said(
    balanced: Plan, left: int, refused: bool
) -> None:
    """Of a target of 90 %, by which the contract divides."""
    seen = replace(rehearse(balanced, people(), 0), free_riding=FreeRiding("is a guess", left))
    if refused:
        with pytest.raises(PlanError, match=r'is left with 0\.2 ETH; metric = "auc" asks'):
            seen.require_no_free_riding()
    else:
        seen.require_no_free_riding()
    asked = [line for line in seen.warnings() if "is a guess" in line]
    assert [line.endswith("wants --allow-free-riding for that") for line in asked] == [refused]


def test_a_search_that_ends_too_early_is_refused_with_the_steps_to_take(plan_values: JsonObject) -> None:
    del plan_values["min_gain"], plan_values["fee"]
    of = {"family": "logistic", "metric": "log_loss", "target": "60 %", "rule": {"steps": 8}}
    random = np.random.default_rng(0)
    ill = np.arange(400) % 2
    table = pa.table(
        {
            "height": 1.7 + 0.3 * (ill - 0.5) + random.normal(0, 0.05, 400),
            "weight": 60 + 15 * (ill - 0.5) + random.normal(0, 5, 400),
            "smoker": random.random(400) > 0.5,
            "ill": ill,
        }
    )
    short = rehearse(plan_from(plan_values | of | {"steps": [0.125, 0.25, 0.5]}).for_rows(400), table, 0)
    with pytest.raises(PlanError, match=r"only makes its scores larger.*steps = \[0.5, 1, 2, 4, 8\]"):
        short.require_no_free_riding()
    rehearse(plan_from(plan_values | of).for_rows(400), table, 0).require_no_free_riding()


def test_nothing_is_escrowed_for_it_though_a_program_says_yes(
    owner: Scientist, balanced: Plan, scene: Scene
) -> None:
    campaign = Campaign(owner, balanced, people(), name="riding")
    with pytest.raises(PlanError, match="what takes no record is 'paid'; expected nothing of it"):
        campaign.launch(few_records=True)
    assert owner.connection.journal.all() == []
    assert scene.node.balance(scene.sonar.address) == 0
    campaign.launch(allow_free_riding=True)
    assert scene.node.balance(scene.sonar.address) == balanced.bounty
    campaign.launch()  # its bounty is there: nobody asks again


def test_the_command_line_wants_it_said_also_with_yes(
    sonar_command: Shell, plan_values: JsonObject, tmp_path: Path, scene: Scene
) -> None:
    del plan_values["min_gain"], plan_values["fee"]
    plan, records = tmp_path / "plan.json", tmp_path / "records.csv"
    plan.write_text(json.dumps(plan_values | BALANCED))
    write_csv(people(), records)
    create = ("campaign", "create", str(plan), "--validation", str(records), "--yes")
    refused = sonar_command(*create, "--few-records")
    assert refused.exit_code == 1
    assert "say --allow-free-riding" in " ".join(refused.stderr.split())
    assert scene.node.balance(scene.sonar.address) == 0
    meant = sonar_command(*create, "--allow-free-riding")
    assert meant.exit_code == 0, meant.output
    assert scene.node.balance(scene.sonar.address) == 10 * ETHER
