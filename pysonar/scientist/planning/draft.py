"""`sonar campaign draft`: a commented plan from a table of the scientist's own.

Fields get kind, clip, center and scale, the label its classes. Families and numbers of steps are tried in
plain numbers, half of the records being a mine's and half the validation set, and the recommended ones are
written down with their reason, what they reached, and how long a mine's visit takes. The target is what that
mine reached: short of a target that they do not reach, mines' last gains are as small as luck, and not paid.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openmined_syft.errors import SyftError
from openmined_syft.judging.plain_campaign import climb
from openmined_syft.models import Rows
from openmined_syft.schemes.expected import expected_costs
from pysonar.protocol.amounts import format_ppm
from pysonar.protocol.artifacts.spec.least_gain import FEE_SHARE_PPM, LEAST_SPLIT, USUAL_GUIDES
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.columns import (
    Drafted,
    Skipped,
    classes_of,
    field_of,
    label_of,
    scaled,
    values_of,
)
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.scientist.planning.rehearsal import plain_campaign
from pysonar.tables import CsvFile, read_records
from pysonar.tables.understanding import TableSeen, understand

MOST_ROWS = 4_000
RARE = 0.75
"""Above this share of one class, accuracy rewards a model that always names it."""
RARE_LIMIT = """\
# how often a record of the class is above one of another, wherever you draw the line between them later;
# "balanced_accuracy" draws it, and pays whoever shifts it without a record: see docs/noise-mining.md"""
BETTER = 20_000
"""A feature map must be better by so much (ppm) to be worth its longer visits."""
FOURIER = 256
RULE_STEPS = (8, 30)
"""Steps of gradient descent that are tried. Few amplify no noise; with fewer than eight the first mine leaves
what any direction finds, and guesses are paid (docs/noise-mining.md).
"""
MAPPED_STEPS = 8
"""Steps with which random features are tried: once, since it takes seconds."""
AS_GOOD = 10_000
"""Fewer steps are taken if they reach the best within so much (ppm)."""
NAMED = 3
"""Fields that the title names."""
PLACEHOLDER = "0x" + "11" * 20


@dataclass(frozen=True)
class Trial:
    """One family on half of the records, measured on the other half; accuracies in ppm."""

    family: str
    parameters: Mapping[str, Any]
    steps: int
    start: int
    reached: int

    @property
    def name(self) -> str:
        """For people."""
        mapped = " on Fourier features" if "features" in self.parameters else ""
        return f"{self.family}{mapped}, {self.steps} steps a visit"


def draft(
    path: Path,
    *,
    label: str | None = None,
    title: str | None = None,
    capsule: str | None = None,
    guiding_share: int | None = None,
    evaluations: int | None = None,
) -> str:
    """The plan, as TOML with comments.

    Args:
        label: the column to predict; by default one with a usual name ("label", "target", ...), else the
            last.
        guiding_share, evaluations: guards of the plan, ppm and submissions; None leaves them unsaid.

    Raises:
        SchemaError: the file is not a table. PlanError: nothing in it can be predicted, or be learned from.
    """
    source = CsvFile(path)
    seen = understand(source)
    numeric = [column.name for column in seen.columns if column.kind in ("integer", "number")]
    numbers = values_of(source, numeric) if numeric else {}
    try:
        target = label_of(seen, label)
    except KeyError:
        names = ", ".join(seen.names[:12])
        raise PlanError(str(path), "label", label, f"a column to predict, one of {names}") from None
    classes = classes_of(target)
    entry: dict[str, object] = {"name": target.name}
    if classes is not None and len(classes) >= 2:
        entry["classes"] = classes
    elif target.name in numbers and numbers[target.name].size:
        entry |= scaled(numbers[target.name])
    else:
        expected = "a column of numbers, or one with 2 to 32 different values; see --label"
        raise PlanError(str(path), "label", target.name, expected)
    columns = [
        field_of(column, seen.rows, numbers.get(column.name))
        for column in seen.columns
        if column.name != target.name
    ]
    fields = [column for column in columns if isinstance(column, Drafted)]
    if not fields:
        raise PlanError(str(path), "fields", None, "columns to learn from, besides the label")
    values: dict[str, Any] = {
        "title": title or _title(target.name, [field.name for field in fields]),
        "capsule": capsule or PLACEHOLDER,
        "bounty": "1 ETH",
        "target": "90 %",
        "label": entry,
        "fields": [{"name": field.name, **field.entry} for field in fields],
    }
    metric, why = _metric(target.words if classes else None, seen.rows)
    values["metric"] = metric
    trials = _trials(values, source)
    best = _plan_of(values, trials[0])
    guards = _guards(guiding_share, evaluations)
    return _written(values, best, why, trials, columns, seen, path, capsule, guards)


def _guards(guiding_share: int | None, evaluations: int | None) -> list[str]:
    """What stands between the scientist and those who guess, beside the smallest gain and the fee."""
    said = f'"{format_ppm(USUAL_GUIDES if guiding_share is None else guiding_share)}"'
    lines = [f"guiding_share = {said}"]
    if guiding_share is None:
        lines = [
            f"# of {LEAST_SPLIT} records or more a share that only guides the steps: guiding_share = {said}"
        ]
    return lines if evaluations is None else [*lines, f"evaluations = {evaluations}"]


def _title(label: str, fields: Sequence[str]) -> str:
    """What data owners read first: not the file's name, which says nothing to them."""
    more = f" and {len(fields) - NAMED} more" if len(fields) > NAMED else ""
    return f"{label[:40]} from {', '.join(name[:40] for name in fields[:NAMED])}{more}"


def _metric(words: Mapping[str, int] | None, rows: int) -> tuple[str, str]:
    if words is None:
        return "r2", "share of the label's variation that is explained"
    most, name = max((count, name) for name, count in words.items())
    if most > RARE * rows:
        return (
            "auc",
            f"{most / rows:.0%} of the records are {name!r}",
        )
    return "accuracy", "share of records whose class is named"


def _trials(values: dict[str, Any], source: CsvFile) -> list[Trial]:
    """The recommended trial first."""
    classes = values["label"].get("classes")
    plain = "ridge" if classes is None else "logistic" if len(classes) == 2 else "one_vs_rest"
    count = len(values["fields"])
    mapped = {"features": {"name": "fourier", "count": FOURIER, "gamma": float(f"{0.3 / count:.1g}")}}
    useless = plain == "ridge" or values["metric"] == "auc"  # TABLES.md: nothing on attrition
    schema = plan_from({**values, "family": plain}).schema
    table, _ = read_records(source, schema)
    rows = Rows(schema.encode(table), schema.encode_labels(table))
    trials = []
    for parameters in [{}] if useless else [{}, mapped]:
        tried = [
            _tried(plan_from({**values, "family": plain, "parameters": parameters, "rule": {"steps": steps}}),
                   rows, steps)
            for steps in ((MAPPED_STEPS,) if parameters else RULE_STEPS)
        ]  # fmt: skip
        best = max(trial.reached for trial in tried)
        trials.append(next(trial for trial in tried if trial.reached >= best - AS_GOOD))
    trials.sort(key=lambda trial: trial.reached - (BETTER if trial.parameters else 0), reverse=True)
    return trials


def _plan_of(values: dict[str, Any], trial: Trial) -> Plan:
    chosen = {"family": trial.family, "parameters": trial.parameters, "rule": {"steps": trial.steps}}
    return plan_from({**values, **chosen})


def _tried(plan: Plan, rows: Rows, steps: int) -> Trial:
    order = np.random.default_rng(0).permutation(len(rows.y))[:MOST_ROWS]
    half = len(order) // 2
    if half < 2:
        raise PlanError("the table", "records", len(rows.y), "at least 4 records")
    mine, own = order[:half], order[half:]
    campaign = plain_campaign(plan, plan.algorithm, Rows(rows.X[own], rows.y[own]))
    try:
        done = climb(
            campaign,
            {"": Rows(rows.X[mine], rows.y[mine])},
            target=1_000_000,
            min_gain=plan.min_gain,
            most_evaluations=8,
        )
    except SyftError as error:
        raise PlanError("the table", "fields", str(error), "columns that a mine can learn from") from None
    return Trial(plan.algorithm.family, plan.algorithm.parameters, steps, done.start, done.best)


def _written(
    values: dict[str, Any],
    plan: Plan,
    why: str,
    trials: Sequence[Trial],
    columns: Sequence[Drafted | Skipped],
    seen: TableSeen,
    path: Path,
    capsule: str | None,
    guards: Sequence[str],
) -> str:
    best = trials[0]
    least = best.start + max(20_000, plan.for_rows(seen.rows).min_gain)
    target = max(-(-least // 10_000), min(990_000, best.reached) // 10_000)
    lines = [
        f"# Drafted from {path.name}: {seen.rows} records, {len(seen.names)} columns. Correct it, then:",
        "#   sonar campaign check PLAN --validation FILE.csv     rehearses it, and sends nothing",
        "#   sonar campaign create PLAN --validation FILE.csv    escrows the bounty",
        "# Every key is explained in docs/plan.md. A plan is public: numbers below are rounded on purpose.",
        "",
        f"title = {_text(values['title'])}",
        'description = ""                # for data owners: what for, in which units',
        f"capsule = {_text(capsule)}"
        if capsule
        else '# capsule = "0x..."            # or --capsule at `create`',
        "",
        f"# Tried here, half of the records as a mine's and half to measure on ({plan.metric}):",
    ]
    lines += [
        f"#   {trial.name}: {format_ppm(trial.start)} -> {format_ppm(trial.reached)}" for trial in trials
    ]
    lines += [f"family = {_text(best.family)}{_reason(best, trials)}"]
    lines += _run_time(plan)
    lines += [
        f"metric = {_text(plan.metric)}          # {why}",
        *([RARE_LIMIT] if plan.metric == "auc" else []),
        "",
        'bounty = "1 ETH"                # goes into escrow; what nobody earns comes back',
        f'target = "{target} %"                # start: {format_ppm(best.start)}; as far as it came above.',
        "# Mines with more records may reach a higher one; but just below one that they do not reach, gains",
        "# are as small as luck, and are not paid. At a lower one the campaign ends earlier",
        "pay_by_gap = true               # the way from start to target is worth the whole bounty",
        'stake = "0.01 ETH"              # of each submission; comes back unless it is unusable',
        'submit_for = "7d"               # how long mines may submit, if the target is not reached before;',
        "# to try it on your own machine: sonar campaign create PLAN --submit-for 15m",
        'review_for = "2d"               # how long Capsule may judge after that',
        "",
        "# Against those who guess (docs/noise-mining.md): unsaid, min_gain follows from how many records",
        f"# measure, and fee is {FEE_SHARE_PPM / 10_000:g} % of the bounty for each submission.",
        *guards,
        "",
    ]
    lines += [
        "[rule]",
        f"steps = {best.steps}                       # of gradient descent a visit; few, since most mines",
        "# add noise, which more steps amplify. Try it: sonar campaign simulate PLAN --epsilon 3",
        "",
    ]
    parameters = {key: value for key, value in best.parameters.items() if key == "features"}
    if parameters:
        lines += ["[parameters]", f"features = {_inline(parameters['features'])}", ""]
    lines += ["[label]", *(f"{key} = {_value(value)}" for key, value in values["label"].items()), ""]
    lines += [
        "# A number counts as (value - center) / scale, cut at clip; the same for everybody. A gap counts as",
        '# what `missing` says; the record is left out where that is "drop".',
    ]
    for column in columns:
        if isinstance(column, Skipped):
            lines += [f"# {column.name!r} is left out: {column.why}", ""]
        else:
            remark = f"      # {column.remark}" if column.remark else ""
            lines += ["[[fields]]", f"name = {_text(column.name)}{remark}"]
            lines += [f"{key} = {_value(value)}" for key, value in column.entry.items()] + [""]
    text = "\n".join(lines)
    plan_from(tomllib.loads(text) | ({} if capsule else {"capsule": PLACEHOLDER}))  # what is drafted is read
    return text


def _reason(best: Trial, trials: Sequence[Trial]) -> str:
    if best.family == "ridge":
        return "      # linear, with a small penalty: what a table of numbers needs first"
    if len(trials) == 1:
        return "      # straight lines: random features and networks did no better where a class is rare"
    other = trials[1]
    if best.parameters:
        return f"      # random features see bends: {format_ppm(best.reached - other.reached)} better here"
    return "      # straight lines do: random features bring no more than 2 % here"


def _run_time(plan: Plan) -> list[str]:
    rows, columns = plan.family.weights_shape
    advised = plan.advice
    scheme = "rlwe" if advised else plan.algorithm.scheme
    try:
        cost = expected_costs([rows - 1], columns, None, plan.weight_bound, [scheme])[0].estimate
    except SyftError as error:
        return [f"# how long a visit takes cannot be said: {error}"]
    said = [
        f"# a mine's visit takes about {max(0.01, cost.visit_seconds):.2g} s on this machine, encrypted;"
        f" {cost.model_bytes / 1e6:.2g} MB come, {cost.gradient_bytes / 1e6:.2g} MB go"
    ]
    return [f'scheme = "{scheme}"', *said] if advised else said


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return _inline(value)
    return json.dumps(value, ensure_ascii=False)


def _inline(table: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in table.items()) + " }"
