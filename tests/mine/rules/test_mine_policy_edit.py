"""Rules changed one by one: the file says the new ones, and all else in it stays as its owner wrote it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mine_agent.rules.policy_edit import digest_of, edited, rule_rows
from mine_agent.rules.policy_file import PolicyFile, parse_policy
from pysonar.files.flat_toml import SettingsError, as_toml, parse_settings

OWN = """# why I am careful
scientists = [
    "any",   # for now
]
capsules = ["any"]
# half a cent
minimum_reward = "0.5 ether"   # a lot
"""
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "scientists": st.sampled_from([[], ["any"], ["0x" + "ab" * 20]]),
        "ask_first": st.booleans(),
        "margin": st.floats(0, 1000),
        "submissions": st.integers(0, 10**9),
        "minimum_reward": st.sampled_from(["1 ether", "3 gwei"]),
        "hours": st.sampled_from([["any"], ["22:00-06:00", "12:00-13:00"], []]),
    },
)


@given(changes=CHANGES, text=st.sampled_from([OWN, "", as_toml(PolicyFile()), OWN.rstrip()]))
@settings(max_examples=60, deadline=None)
def test_the_new_text_gives_the_old_rules_with_those_changed(changes: dict[str, object], text: str) -> None:
    made = {name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()}
    wanted = dataclasses.replace(parse_settings(text, PolicyFile, "it"), **made)  # type: ignore[arg-type]
    assert parse_settings(edited(text, changes), PolicyFile, "it") == wanted


def test_remarks_and_other_rules_stay_as_they_were() -> None:
    assert edited(OWN, {"capsules": []}) == OWN.replace('capsules = ["any"]', "capsules = []")
    several_lines = edited(OWN, {"scientists": []})
    assert several_lines.startswith("# why I am careful\nscientists = []\ncapsules")
    assert edited(OWN, {"ask_first": True}) == OWN + "ask_first = true\n"
    assert edited(OWN, {}) == OWN


@pytest.mark.parametrize(
    "wrong", [{"scientist": []}, {"ask_first": "yes"}, {"scientists": ["bob"]}, {"margin": -1}]
)
def test_what_is_no_rule_or_no_value_of_one_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        edited(OWN, wrong)


def test_every_rule_is_listed_with_its_value_and_what_it_may_be() -> None:
    rows = {row["rule"]: row for row in rule_rows(OWN)}
    assert list(rows) == [field.name for field in dataclasses.fields(PolicyFile)]
    assert (rows["scientists"]["kind"], rows["scientists"]["value"]) == ("list", ["any"])
    assert (rows["ask_first"]["kind"], rows["ask_first"]["value"]) == ("flag", False)
    assert (rows["margin"]["kind"], rows["submissions"]["kind"]) == ("number", "whole")
    assert rows["privacy"]["choices"] == ["differential", "none"]
    assert all(row["about"] and row["expected"] for row in rows.values())


def test_another_text_has_another_digest_though_its_rules_are_the_same() -> None:
    assert parse_policy(OWN, "it") == parse_policy(OWN + "# x\n", "it")
    assert digest_of(OWN) != digest_of(OWN + "# x\n")
