"""The owner's rules: each once kept beside once broken, at both edges of each bound."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from mine_agent.amounts import parse_amount, show_amount
from mine_agent.errors import AmountError, PolicyError
from mine_agent.policy import ETHER, Allowed, Limits, Offer, Policy, refusals
from mine_agent.policy_file import FirstAnswers, first_policy, load_policy, parse_policy
from mine_agent.rewards import Cost

SCIENTIST = "0x" + "aa" * 20
CAPSULE = "0x" + "cc" * 20
TOKEN = "0x" + "dd" * 20
OTHER = "0x" + "ee" * 20

OFFER = Offer(
    scientist=SCIENTIST,
    capsule=CAPSULE,
    asset=ETHER,
    fields=("age", "bmi", "ill"),
    left=1_000_000,
    cost=Cost(stake=1000, fee=50, gas=100),
)
POLICY = Policy(
    scientists=Allowed.only([SCIENTIST]),
    capsules=Allowed.only([CAPSULE]),
    assets=Allowed.only([ETHER]),
    fields=Allowed.only(["age", "bmi", "ill", "name"]),
    maximum_stake=1000,
    minimum_reward=1_000_000,
)


def broken(policy: Policy, offer: Offer = OFFER) -> list[str]:
    return [refusal.rule for refusal in refusals(policy, offer)]


def test_a_policy_that_allows_all_that_is_asked_refuses_nothing() -> None:
    assert broken(POLICY) == []


def test_a_policy_that_says_nothing_denies_by_every_list() -> None:
    assert broken(Policy()) == ["scientists", "capsules", "assets", "fields"]


@pytest.mark.parametrize("rule", ["scientists", "capsules", "assets", "fields"])
def test_any_allows_and_an_empty_list_denies(rule: str) -> None:
    assert broken(replace(POLICY, **{rule: Allowed.any()})) == []
    assert broken(replace(POLICY, **{rule: Allowed()})) == [rule]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("scientists", {"scientist": OTHER}),
        ("capsules", {"capsule": OTHER}),
        ("assets", {"asset": TOKEN}),
        ("fields", {"fields": ("age", "salary")}),
    ],
)
def test_what_is_not_listed_is_refused_by_its_own_rule_only(rule: str, change: dict[str, object]) -> None:
    assert broken(POLICY, replace(OFFER, **change)) == [rule]  # type: ignore[arg-type]


def test_the_label_must_be_allowed_like_any_field() -> None:
    without_label = replace(POLICY, fields=Allowed.only(["age", "bmi"]))
    (refusal,) = refusals(without_label, OFFER)
    assert refusal.rule == "fields"
    assert "ill" in refusal.reason
    assert "age," not in refusal.reason.split("(")[0]


def test_a_thousand_forbidden_fields_are_not_all_listed() -> None:
    asked = tuple(f"f{number}" for number in range(1000))
    (refusal,) = refusals(replace(POLICY, fields=Allowed()), replace(OFFER, fields=asked))
    assert "and 995 more" in refusal.reason


def test_the_stake_may_equal_the_maximum_but_not_pass_it() -> None:
    assert broken(POLICY, replace(OFFER, cost=Cost(1000, 50, 100))) == []
    assert broken(POLICY, replace(OFFER, cost=Cost(1001, 50, 100))) == ["maximum_stake"]


def test_what_is_left_may_equal_the_minimum_but_not_be_below_it() -> None:
    assert broken(POLICY, replace(OFFER, left=1_000_000)) == []
    assert broken(POLICY, replace(OFFER, left=999_999)) == ["minimum_reward"]


def test_the_expected_share_must_cover_fee_gas_and_risk() -> None:
    # 1/4 of 640 = 160 = 50 fee + 100 gas + 1/100 of 1000 stake
    policy = replace(POLICY, minimum_reward=0, expected_share=Fraction(1, 4), stake_risk=Fraction(1, 100))
    assert broken(policy, replace(OFFER, left=640)) == []
    assert broken(policy, replace(OFFER, left=639)) == ["expected_share"]


def test_a_share_of_nothing_is_worth_it_only_if_it_costs_nothing() -> None:
    policy = replace(POLICY, minimum_reward=0, expected_share=Fraction(0))
    assert broken(policy) == ["expected_share"]
    assert broken(policy, replace(OFFER, cost=Cost(0, 0, 0))) == []


def test_the_first_policy_denies_until_the_owner_allows() -> None:
    assert broken(parse_policy(first_policy(FirstAnswers()), source="first")) == [
        "scientists",
        "capsules",
        "fields",
    ]
    allowed = FirstAnswers(
        scientists=("any",), capsules=(CAPSULE.upper().replace("0X", "0x"),), fields=("any",)
    )
    assert broken(parse_policy(first_policy(allowed), source="first")) == []


def test_the_first_policy_keeps_odd_column_names() -> None:
    odd = ('a"b', "back\\slash", "tab\there", "zwölf")
    policy = parse_policy(first_policy(FirstAnswers(fields=odd)), source="first")
    assert policy.fields.names == frozenset(odd)


def test_the_file_says_what_the_policy_does() -> None:
    policy = parse_policy(
        f"""
        [allow]
        scientists = ["{SCIENTIST}"]
        capsules = ["any"]
        assets = ["ether", "{TOKEN}"]
        fields = ["age"]
        [money]
        maximum_stake = "0.5 ether"
        minimum_reward = 7
        expected_share = "1"
        stake_risk = "0"
        auto_claim = false
        [limits]
        submissions = 3
        no_gain_in_a_row = 2
        no_gain_pause = 60
        time_margin = 0
        """,
        source="test",
    )
    assert policy == Policy(
        scientists=Allowed.only([SCIENTIST]),
        capsules=Allowed.any(),
        assets=Allowed.only([ETHER, TOKEN]),
        fields=Allowed.only(["age"]),
        maximum_stake=5 * 10**17,
        minimum_reward=7,
        expected_share=Fraction(1),
        stake_risk=Fraction(0),
        auto_claim=False,
        limits=Limits(submissions=3, no_gain_in_a_row=2, no_gain_pause=60, time_margin=0),
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[allow", "not TOML"),
        ("[alow]\nscientists = []", "'alow' is unknown"),
        ("allow = 1", "'allow' is unknown"),
        ("[allow]\nscientist = []", "no 'scientist'"),
        ('[allow]\nscientists = "any"', "scientists is 'any'"),
        ('[allow]\nscientists = ["any", "0x00"]', "either"),
        ('[allow]\ncapsules = ["0x1234"]', "'0x1234' is not"),
        ("[allow]\nfields = [1]", "fields is [1]"),
        ('[allow]\nassets = ["usd"]', "'usd' is not"),
        ('[money]\nmaximum_stake = "-1 ether"', "maximum_stake"),
        ("[money]\nmaximum_stake = 0.1", "maximum_stake"),
        ("[money]\nmaximum_stake = true", "maximum_stake"),
        ('[money]\nexpected_share = "1.01"', "expected_share"),
        ("[money]\nexpected_share = 0.5", "expected_share"),
        ('[money]\nstake_risk = "1/3"', "stake_risk"),
        ("[money]\nauto_claim = 1", "auto_claim"),
        ("[limits]\nsubmissions = -1", "submissions"),
        ("[limits]\nsubmissions = true", "submissions"),
        ("[limits]\nno_gain_pause = 1000000001", "no_gain_pause"),
    ],
)
def test_a_faulty_file_is_refused_and_the_entry_named(text: str, names: str) -> None:
    with pytest.raises(PolicyError, match="policy-under-test") as caught:
        parse_policy(text, source="policy-under-test")
    assert names in str(caught.value)


def test_a_missing_file_is_an_error_not_a_permission(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PolicyError, match="does not exist"):
        load_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize(
    ("text", "wei"),
    [("1 wei", 1), ("0", 0), (5, 5), ("0.01 ether", 10**16),
     ("30 gwei", 30 * 10**9), ("1.5 ETH", 15 * 10**17),
     ("0.000000000000000001 ether", 1), (str(2**256 - 1), 2**256 - 1),

     ("12345678901234567890.123456789012345678 ether", 12345678901234567890123456789012345678)],
)  # fmt: skip
def test_amounts_are_exact(text: str | int, wei: int) -> None:
    assert parse_amount(text) == wei


@pytest.mark.parametrize(
    "text",
    ["", "ether", "1 euro", "-1 wei", "0.5 wei", "0.0000000000000000001 ether", "1e3 wei",
     "nan ether", "1,5 ether",
     str(2**256), -1, True, 0.5, None],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: object) -> None:
    with pytest.raises(AmountError):
        parse_amount(text)  # type: ignore[arg-type]


def test_amounts_are_shown_in_full() -> None:
    shown = [show_amount(wei) for wei in (0, 1, 10**18, -15 * 10**17)]
    assert shown == ["0 ETH", "0.000000000000000001 ETH", "1 ETH", "-1.5 ETH"]
