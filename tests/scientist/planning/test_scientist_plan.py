"""Plans and plan files: each error names file, key, value, and what would have been right."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
import tomli_w

from pysonar.protocol.artifacts import FromCampaign
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan_file import plan_from, read_plan
from pysonar.scientist.planning.slips import slips
from tests.json_types import JsonObject

TOML = """
title = "Who is ill?"
family = "one_vs_rest"
capsule = "0x00000000000000000000000000000000000000AA"
bounty = "10 ETH"
target = "90 %"

[rule]
steps = 7

[label]
name = "ill"
classes = ["no", "yes"]

[[fields]]
names = ["a", "b"]
clip = [-1, 1]

[[fields]]
name = "c"
kind = "category"
values = ["x", "y", "z"]

[[fields]]
name = "d"
kind = "integer"
clip = [0, 10]
scale = 5
"""


def test_a_file_with_every_kind_of_field(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(TOML)
    plan = read_plan(path, {"fee": "5 wei"})
    assert (plan.bounty, plan.target, plan.fee, plan.stake) == (10**19, 900_000, 5, 10**16)
    assert plan.schema.field_names == ("a", "b", "c", "d")
    assert plan.schema.n_features == 6
    assert plan.algorithm.rule["steps"] == 7
    assert plan.family.weights_shape == (7, 2)
    assert (plan.metric, plan.key_bits, plan.min_gain) == ("accuracy", 3072, 5_000)
    assert read_plan(path).as_mapping() == read_plan(path).as_mapping()
    assert read_plan(path).as_mapping() != plan.as_mapping()


GAPS = TOML.replace("scale = 5\n", "scale = 5\nmissing = { value = 3 }\n").replace(
    'values = ["x", "y", "z"]', 'values = ["x", "y", "z"]\nmissing = { value = "z" }\nunknown = "drop"'
)


def test_what_becomes_of_gaps_is_said_beside_the_field(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(GAPS.replace('classes = ["no", "yes"]', 'classes = ["no", "yes"]\nmissing = "drop"'))
    schema = read_plan(path).schema
    fields = {field.name: field for field in (*schema.fields, schema.label)}
    assert fields["d"].missing.value == 3
    assert fields["c"].missing.value == "z"
    assert fields["c"].unknown.drop
    assert fields["ill"].missing.drop
    assert fields["a"].missing.strict


@pytest.mark.parametrize(
    ("said", "key"),
    [('missing = { value = "x" }', "d.openmined.missing"), ('unknown = "drop"', "d.openmined.unknown")],
)
def test_a_gap_rule_that_the_field_cannot_have_names_the_field(tmp_path: Path, said: str, key: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(TOML.replace("scale = 5\n", f"scale = 5\n{said}\n"))
    with pytest.raises(PlanError, match=key):
        read_plan(path)


def test_a_purpose_is_one_of_the_closed_list_and_goes_into_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('purpose = "health"\n' + TOML)
    plan = read_plan(path)
    assert plan.purpose == "health"
    path.write_text(TOML)
    assert read_plan(path).purpose == "unstated"
    assert plan.as_mapping() != read_plan(path).as_mapping()
    path.write_text('purpose = "healthy"\n' + TOML)
    with pytest.raises(PlanError, match="purpose is 'healthy'; expected one of research, health"):
        read_plan(path)


def test_json_says_the_same(tmp_path: Path, plan_values: JsonObject) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_values))
    assert read_plan(path).as_mapping() == plan_from(plan_values).as_mapping()


def test_whole_schemas_may_stand_there(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values)
    documents = {"input_schema": plan.input_schema, "output_schema": plan.output_schema}
    rest = {key: value for key, value in plan_values.items() if key not in ("fields", "label")}
    assert plan_from(rest | documents).as_mapping() == plan.as_mapping()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"titel": "x"}, "titel"),
        ({"title": None}, "title"),
        ({"title": 7}, "title"),
        ({"capsule": "0x12"}, "capsule"),
        ({"bounty": "10"}, "bounty"),
        ({"bounty": 0}, "bounty"),
        ({"bounty": 1 << 96}, "bounty"),
        ({"target": "101 %"}, "target"),
        ({"target": 0.9}, "target"),
        ({"min_gain": "0"}, "min_gain"),
        ({"min_gain": "91 %"}, "min_gain"),
        ({"submit_for": "1y"}, "submit_for"),
        ({"submit_for": "366d"}, "submit_for"),
        ({"review_for": "31d"}, "review_for"),
        ({"review_for": "3599s"}, "review_for"),
        ({"max_pending": 0}, "max_pending"),
        ({"max_pending": True}, "max_pending"),
        ({"family": "forest"}, "family"),
        ({"rule": {"steps": 0}}, "rule"),
        ({"rule": {"name": "adam"}}, "rule.name"),
        ({"rule": {"name": "proximal", "rho": 0.0005}}, "rule"),
        ({"rule": 5}, "rule"),
        ({"steps": []}, "steps"),
        ({"fields": []}, "fields"),
        ({"fields": [{"clip": [0, 1]}]}, "fields[0].name"),
        ({"fields": [{"name": "a"}]}, "fields[0].clip"),
        ({"fields": [{"name": "a", "clip": [0]}]}, "fields[0].clip"),
        ({"fields": [{"name": "a", "kind": "image"}]}, "fields[0].kind"),
        ({"fields": [{"name": "a", "clip": [0, 1], "unit": "m"}]}, "fields[0].unit"),
        ({"fields": [{"names": ["a", "a"], "clip": [0, 1]}]}, "fields[0].name"),
        ({"label": {"classes": [0, 1]}}, "label.name"),
        ({"label": {"name": "ill", "classes": [0, 1], "clip": [0, 1]}}, "label.clip"),
        ({"continue_from": "0x12"}, "continue_from"),
        ({"continue_from": "0x" + "12" * 32}, "start"),
        ({"privacy_floor": {"epsilon": -1}}, "privacy_floor"),
        ({"auditor_certificate": "Qm"}, "auditor_certificate"),
    ],
)
def test_what_is_wrong_is_named(plan_values: JsonObject, change: JsonObject, key: str) -> None:
    plan_from(plan_values)  # it was right before
    with pytest.raises(PlanError, match="expected") as wrong:
        plan_from(plan_values | change)
    assert wrong.value.key == key


def test_both_edges(plan_values: JsonObject) -> None:
    edges = {
        "bounty": (1 << 96) - 1,
        "target": "100 %",
        "min_gain": "100 %",
        "submit_for": "365d",
        "review_for": "30d",
        "max_pending": (1 << 24) - 1,
        "start_tolerance": "0",
    }
    assert plan_from(plan_values | edges).bounty == (1 << 96) - 1
    least = {
        "bounty": 1,
        "target": 1,
        "min_gain": 1,
        "submit_for": "1s",
        "review_for": "1h",
        "max_pending": 1,
    }
    assert plan_from(plan_values | least).submit_for == 1


def test_a_family_that_cannot_learn_the_label(plan_values: JsonObject) -> None:
    with pytest.raises(PlanError, match="linear"):
        plan_from(plan_values | {"family": "linear"})


def test_an_earlier_campaign_to_continue(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values | {"continue_from": "0x" + "12" * 32, "start": "85 %"})
    assert plan.initial == FromCampaign(b"\x12" * 32)
    assert plan.start == 850_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.toml", b"title = "),
        ("plan.toml", b"\x80\x81"),
        ("plan.json", b"{"),
        ("plan.json", b"[]"),
        ("plan.toml", b"#" * (1024 * 1024 + 1)),
    ],
)
def test_a_file_that_is_no_plan(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PlanError, match=name):
        read_plan(tmp_path / name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bounty", 2),
        ("bounty", 2e18),
        ("stake", 1),
        ("fee", True),
        ("target", 90),
        ("target", 0.9),
        ("min_gain", 5000),
        ("start", 1),
        ("start_tolerance", 2),
        ("submit_for", 7),
        ("review_for", 3600),
    ],
)
@pytest.mark.parametrize("ending", ["json", "toml"])
def test_a_number_without_its_unit_is_refused_in_a_file(
    tmp_path: Path, plan_values: JsonObject, key: str, value: object, ending: str
) -> None:
    path = tmp_path / f"plan.{ending}"
    changed = plan_values | {key: value}
    path.write_text(json.dumps(changed) if ending == "json" else tomli_w.dumps(changed))
    with pytest.raises(PlanError, match="text with its unit, such as") as wrong:
        read_plan(path)
    assert (wrong.value.key, wrong.value.value) == (key, value)
    path.write_text(json.dumps(plan_values | {"stake": 0, "fee": 0}))
    read_plan(path.rename(tmp_path / "right.json"), {"bounty": 5})  # options are parsed already


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"title": "a", "bounty": "1 ETH", "bounty": "2 ETH"}', "'bounty' appears twice"),
        ('{"title": "a", "weight_bound": NaN}', "weight_bound is nan"),
        ('{"fields": [{"name": "a", "clip": [0, Infinity]}]}', r"fields\[0\].clip\[1\] is inf"),
        ("[" * 100_000, "levels of brackets"),
    ],
)
def test_json_that_says_two_things_or_nothing_is_no_plan(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(PlanError, match=why):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_plan_as_an_editor_saved_it(tmp_path: Path, codec: str) -> None:
    (tmp_path / "plan.toml").write_bytes(TOML.encode(codec))
    (tmp_path / "plain.toml").write_text(TOML)
    assert read_plan(tmp_path / "plan.toml").as_mapping() == read_plan(tmp_path / "plain.toml").as_mapping()


def test_names_are_the_same_in_whatever_form_accents_were_typed(tmp_path: Path) -> None:
    text = TOML.replace('"ill"', '"größe"')
    for form in ("NFC", "NFD"):
        (tmp_path / f"{form}.toml").write_text(unicodedata.normalize(form, text))
    plans = [read_plan(tmp_path / f"{form}.toml") for form in ("NFC", "NFD")]
    assert plans[0].schema.label_name == plans[1].schema.label_name == "gr\u00f6\u00dfe"


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("weight_bound", "8"),
        ("weight_bound", 0),
        ("weight_bound", True),
        ("difference_norm", -1.0),
        ("difference_norm", float("inf")),
        ("pay_by_gap", "yes"),
        ("pay_by_gap", 1),
    ],
)
def test_values_of_another_type_are_named(plan_values: JsonObject, key: str, bad: object) -> None:
    with pytest.raises(PlanError, match="expected") as wrong:
        plan_from(plan_values | {key: bad})
    assert wrong.value.key == key


GWEI = 10**9


@pytest.mark.parametrize(
    ("change", "price", "says"),
    [
        ({}, GWEI, []),
        ({"bounty": "60000 gwei", "min_gain": "90 %"}, GWEI, ["earns 0.00006 ETH, and the gas"]),
        ({"bounty": "59999 gwei"}, GWEI, ["less than the gas of claiming it, 0.00006 ETH"]),
        ({"bounty": "2 wei"}, 0, []),
        ({"submit_for": "60s"}, GWEI, []),
        ({"submit_for": "59s"}, GWEI, ["mines have 59s"]),
        ({"bounty": "2 wei", "submit_for": "7s"}, GWEI, ["less than", "mines have 7s"]),
    ],
)
def test_terms_that_look_like_a_slip(
    plan_values: JsonObject, change: JsonObject, price: int, says: list[str]
) -> None:
    said = slips(plan_from(plan_values | change), gas_price=price)
    assert len(said) == len(says)
    for sentence, words in zip(said, says, strict=True):
        assert words in sentence


def wide(plan_values: JsonObject, inputs: int) -> JsonObject:
    """The plan with so many inputs."""
    names = [f"x{number}" for number in range(inputs)]
    return plan_values | {"fields": [{"names": names, "clip": [-1, 1]}]}


def under(plan_values: JsonObject, scheme: str, **others: object) -> JsonObject:
    """The plan under a scheme, with its default size of key."""
    rest = {name: value for name, value in plan_values.items() if name != "key_bits"}
    return rest | {"scheme": scheme, **others}


def test_the_scheme_is_the_plans_to_choose(plan_values: JsonObject) -> None:
    assert plan_from(plan_values).algorithm.scheme == "paillier"
    plan = plan_from(under(plan_values, "rlwe"))
    assert (plan.algorithm.scheme, plan.key_bits) == ("rlwe", 8192)
    for scheme in ("ckks", "rot13"):
        with pytest.raises(PlanError, match="paillier, rlwe"):
            plan_from(under(plan_values, scheme))
    with pytest.raises(PlanError, match="8192, for scheme rlwe"):
        plan_from(under(plan_values, "rlwe", key_bits=2048))


def test_another_scheme_is_advised_where_it_is_better(plan_values: JsonObject) -> None:
    assert plan_from(plan_values).advice == ""
    assert 'scheme = "rlwe"' in plan_from(wide(plan_values, 784)).advice
    assert plan_from(under(wide(plan_values, 784), "rlwe")).advice == ""
    assert 'scheme = "paillier"' in plan_from(under(plan_values, "rlwe")).advice


@pytest.mark.parametrize("scheme", ["paillier", "rlwe"])
def test_a_size_that_no_scheme_carries_is_refused_before_any_bounty_is_in_escrow(
    plan_values: JsonObject, scheme: str
) -> None:
    plan_from(under(wide(plan_values, 4096), scheme))
    many = wide(plan_values, 4000) | {
        "family": "one_vs_rest",
        "label": {"name": "y", "classes": [*range(150)]},
    }
    with pytest.raises(PlanError, match=f"too large for {scheme}: [0-9]+ x 150 is the largest") as refused:
        plan_from(under(many, scheme))
    assert "no scheme carries it" in str(refused.value)
