"""What `import pysonar` offers, and what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import pysonar
from pysonar import Campaign, Plan, Scientist
from pysonar.scientist.errors import PlanError
from tests.json_types import JsonObject
from tests.scientist.conftest import Scene


def test_the_public_names_are_what_they_say() -> None:
    assert pysonar.__all__ == ["Campaign", "Estimator", "Plan", "Scientist"]
    for name in pysonar.__all__:
        assert getattr(pysonar, name).__name__ == name
        assert name in dir(pysonar)
        assert getattr(pysonar, name).__doc__
    assert not hasattr(pysonar, "campaign_of_nobody")


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, pysonar; sys.exit(any(name in sys.modules for name in ('web3', 'numpy', 'pyarrow')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_paths_may_be_text_and_begin_with_a_tilde(
    tmp_path: Path, home: Path, plan_values: JsonObject, validation_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "plan.json").write_text(json.dumps(plan_values))
    plan = Plan.load("~/plan.json")
    scientist = Scientist.open(f"~/{home.name}", "correct horse")
    assert Campaign(scientist, plan, f"~/{validation_csv.name}").understood().records.num_rows == 20


def test_validation_records_may_be_a_frame(owner: Scientist, plan: Plan, records: pa.Table) -> None:
    for form in (records, records.to_pandas(), records.to_pydict()):
        assert Campaign(owner, plan, form).understood().start_ppm == 500_000


def test_a_campaign_shows_what_it_is(owner: Scientist, scene: Scene) -> None:
    campaign = scene.campaign(owner, name="<b>ill</b>")
    assert repr(campaign) == "Campaign('<b>ill</b>', not launched)"
    assert "not launched yet" in campaign._repr_html_()
    campaign.launch()
    assert repr(campaign) == f"Campaign('<b>ill</b>', 0x{campaign.id.hex()}, requested)"
    shown = campaign._repr_html_()
    assert "&lt;b&gt;ill&lt;/b&gt;" in shown
    assert "REQUESTED" in shown
    assert "0 wei of 10 ETH" in shown


def test_an_algorithm_is_named_by_its_family(plan: Plan) -> None:
    given = {
        "title": "t", "input_schema": plan.input_schema, "output_schema": plan.output_schema,
        "capsule": plan.capsule, "bounty": "1 ETH", "target": "90 %",
    }  # fmt: skip
    assert Plan(**given, algorithm="logistic").algorithm.family == "logistic"  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="expected one of") as wrong:
        Plan(**given, algorithm="forest")  # type: ignore[arg-type]
    assert wrong.value.key == "algorithm"
