"""A plan drafted from a table is one that works, and its reference names every key there is."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pysonar.protocol.schema import SchemaError
from pysonar.scientist.cli import app
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.draft import PLACEHOLDER, draft
from pysonar.scientist.planning.plan_file import _OTHER, _PLAIN, plan_from
from pysonar.scientist.planning.reference import KEYS, page
from tests.json_types import JsonObject


def people(path: Path, rows: int = 120, *, rare: float = 0.5) -> Path:
    """A messy table: an id, a date, a constant, a category with gaps, a number with gaps, semicolons."""
    random = np.random.default_rng(0)
    height, weight = random.normal(1.7, 0.1, rows), random.normal(70, 10, rows)
    told = (height - 1.7) / 0.1 + (weight - 70) / 10
    ill = told > np.quantile(told, 1 - rare)
    lines = ["id;Height (m);weight;blood;born;country;smoker;visits;Ill?"]
    for n in range(rows):
        blood = ["A", "B", "0", ""][n % 4]
        kilos = "" if n % 30 == 5 else f"{weight[n]:.1f}".replace(".", ",")
        metres = f"{height[n]:.2f}".replace(".", ",")
        smoker = "yes" if n % 3 else "no"
        sick = "ill" if ill[n] else "well"
        lines.append(f"{n + 1};{metres};{kilos};{blood};2001-02-{n % 28 + 1:02};DE;{smoker};{n % 7};{sick}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def values(text: str) -> JsonObject:
    return tomllib.loads(text) | {"capsule": PLACEHOLDER}


def test_a_draft_leaves_the_guards_against_luck_to_the_defaults_or_says_them(tmp_path: Path) -> None:
    path = people(tmp_path / "people.csv")
    unsaid = plan_from(values(draft(path, label="Ill?")))
    assert (unsaid.gain_by_rows, unsaid.guides_by_rows, unsaid.fee) == (True, True, 2 * 10**15)
    assert unsaid.for_rows(200).guiding_share == 500_000
    said = plan_from(values(draft(path, label="Ill?", guiding_share=250_000, evaluations=80)))
    assert (said.guiding_share, said.evaluations, said.guides_by_rows) == (250_000, 80, False)


def test_a_messy_table_becomes_a_plan_that_says_what_was_done(tmp_path: Path) -> None:
    text = draft(people(tmp_path / "people.csv"), label="Ill?")
    plan = plan_from(values(text))
    assert plan.schema.classes == ("ill", "well")
    assert plan.algorithm.family == "logistic"
    assert set(plan.schema.field_names) == {"Height (m)", "weight", "blood", "smoker", "visits"}
    for said in (
        "'id' is left out: it numbers the records",
        "'born' is left out: it holds dates",
        "'country' is left out: all records have the same value",
        "4 of 120 records have none",
        "a mine's visit takes about",
        "logistic, 8 steps a visit: 51.6666 % ->",
    ):
        assert said in text
    fields = {field["name"]: field for field in values(text)["fields"]}
    assert fields["blood"]["values"] == ["0", "A", "B", "missing"]
    assert fields["blood"]["missing"] == {"value": "missing"}
    assert fields["weight"]["missing"] == {"value": fields["weight"]["center"]}
    assert abs(fields["weight"]["center"] - 70) < 3
    assert 8 <= fields["weight"]["scale"] <= 12
    assert fields["smoker"]["kind"] == "boolean"


def test_gaps_that_only_mines_have_have_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "age,blood,smoker,ill\n" + "30,A,yes,no\n40,B,no,yes\n51,A,no,yes\n" * 20, encoding="utf-8"
    )
    age, blood, smoker = values(draft(path))["fields"]
    assert age["missing"] == {"value": age["center"]}
    assert (blood["missing"], smoker["missing"]) == ("drop", "drop")


def test_the_target_is_what_a_mine_of_half_the_records_reaches(tmp_path: Path) -> None:
    text = draft(people(tmp_path / "people.csv"), label="Ill?")
    (reached,) = (float(line.split()[-2]) for line in text.splitlines() if line.startswith("#   logistic, "))
    target = float(values(text)["target"].split()[0])
    assert reached - 1 < target <= reached
    assert values(text)["rule"]["steps"] in (8, 30)


def test_no_single_record_is_in_a_plan(tmp_path: Path) -> None:
    path = people(tmp_path / "people.csv")
    text = path.read_text(encoding="utf-8") + "121;1,70;77,7777;A;2001-02-01;DE;no;3;ill\n"
    path.write_text(text, encoding="utf-8")
    assert "77.7" not in draft(path, label="Ill?")


def test_a_clip_takes_in_what_several_records_reach_and_no_typing_error(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(7)
    incomes, visits = np.exp(random.normal(10.4, 0.45, 500)), random.poisson(0.7, 500)
    path = tmp_path / "people.csv"
    rows = [f"{incomes[n]:.2f},{visits[n]},{('a', 'b')[n % 2]}" for n in range(500)]
    path.write_text("income,visits,group\n" + "\n".join([*rows, "9999999,77,a"]) + "\n", encoding="utf-8")
    income, number = values(draft(path))["fields"]
    assert incomes.max() * 0.8 < income["clip"][1] < 3 * incomes.max()  # the typing error is not taken in
    assert visits.max() - 1 <= number["clip"][1] < 10
    reached = (np.sort(incomes)[-6] - income["center"]) / income["scale"]
    assert reached <= 4.05
    assert number["kind"] == "number"  # others count in fractions


def test_the_title_says_what_is_learned_and_never_the_files_name(tmp_path: Path) -> None:
    plan = plan_from(values(draft(people(tmp_path / "validation.csv"), label="Ill?")))
    assert plan.title == "Ill? from Height (m), weight, blood and 2 more"


def test_one_outlier_moves_neither_center_nor_scale(tmp_path: Path) -> None:
    plain = values(draft(people(tmp_path / "people.csv"), label="Ill?"))["fields"]
    path = tmp_path / "people.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("1;1,", "1;1001,", 1), encoding="utf-8")
    (height, *_), (before, *_) = values(draft(path, label="Ill?"))["fields"], plain
    assert height["center"] == pytest.approx(before["center"], abs=0.02)
    assert height["scale"] == pytest.approx(before["scale"], rel=0.2)


def test_a_rare_class_is_measured_by_auc_which_no_shift_of_a_bias_moves(tmp_path: Path) -> None:
    text = draft(people(tmp_path / "people.csv", 400, rare=0.2), label="Ill?")
    assert 'metric = "auc"' in text
    assert "80% of the records are 'well'" in text
    assert "wherever you draw the line" in text
    assert "Fourier" not in text


def test_a_number_is_predicted_by_ridge_with_center_and_scale(tmp_path: Path) -> None:
    text = draft(people(tmp_path / "people.csv"), label="Height (m)")
    label = values(text)["label"]
    assert (label["name"], 'family = "ridge"' in text) == ("Height (m)", True)
    assert label["center"] == pytest.approx(1.7, abs=0.03)
    assert label["clip"][0] < 1.5 < 1.9 < label["clip"][1]


@pytest.mark.parametrize(
    ("content", "label", "error", "says"),
    [
        (
            "a,b\n1,2\n3,4\n5,6\n7,8\n",
            "c",
            PlanError,
            "label is 'c'; expected a column to predict, one of a, b",
        ),
        ("a,b\n1,x\n2,x\n3,x\n4,x\n", "b", PlanError, "2 to 32 different values"),
        ("label\nx\ny\nx\ny\n", None, PlanError, "columns to learn from"),
        ("a,b\n1.5,x\n2.5,y\n", None, PlanError, "at least 4 records"),
        ("", None, SchemaError, "header"),
    ],
)
def test_a_table_without_a_plan_in_it_is_refused(
    tmp_path: Path, content: str, label: str | None, error: type[Exception], says: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=says):
        draft(path, label=label)


def test_the_command_line_drafts_and_checks_without_a_home(tmp_path: Path) -> None:
    data, out = people(tmp_path / "people.csv"), tmp_path / "plan.toml"
    run = CliRunner().invoke
    drafted = run(app, ["campaign", "draft", str(data), "--label", "Ill?", "--out", str(out)])
    assert drafted.exit_code == 0, drafted.output
    assert f"check {out} --validation {data}" in drafted.output
    again = run(app, ["campaign", "draft", str(data), "--label", "Ill?", "--out", str(out)])
    assert again.exit_code == 1
    assert "already exists" in again.output

    checked = run(
        app,
        ["campaign", "check", str(out), "--validation", str(data), "--format", "json"],
        env={"COLUMNS": "80"},
    )
    assert checked.exit_code == 0, checked.output
    found = json.loads(checked.stdout)
    assert (found["family"], found["capsule"]) == ("logistic", None)
    assert found["rehearsal"]["rehearsed_ppm"] > 900_000
    assert found["validation"]["records"] == 120
    assert "does not name a Capsule yet" in found["remarks"][0]

    out.write_text(out.read_text(encoding="utf-8").replace('"1 ETH"', "1"), encoding="utf-8")
    wrong = run(app, ["campaign", "check", str(out)])
    assert wrong.exit_code == 1
    assert "text with its unit" in wrong.output


def test_the_reference_has_every_key_and_its_example_is_a_plan() -> None:
    assert sorted(key.name for key in KEYS) == sorted(_PLAIN + _OTHER)
    toml = page().split("```toml\n")[1].split("```")[0]
    example = tomllib.loads(toml)
    own = {key.name for key in KEYS} - {"input_schema", "output_schema"}
    assert own - set(example) == set()
    for key in ("capsule", "continue_from", "auditor_certificate", "parameters"):
        del example[key]  # shortened, or of another family
    plan = plan_from({**example, "capsule": PLACEHOLDER, "key_bits": 8192})
    assert plan.title == "Irises"
