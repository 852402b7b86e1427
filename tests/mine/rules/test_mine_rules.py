"""The rules about time, purposes, data sets, number of campaigns, earnings and the owner's word: each kept
beside broken, at both edges of each bound.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mine_agent.rules.hours import DAY, Hours, Span, hours_of, minute_of_day, parse_span
from mine_agent.rules.offer import APPROVED, REFUSED, Offer
from mine_agent.rules.policy import Policy
from mine_agent.rules.policy_file import (
    FirstAnswers,
    PolicyFile,
    load_policy,
    parse_policy,
    write_first_policy,
)
from mine_agent.rules.refusals import refusals, rule_checks
from mine_agent.rules.rewards import LATEST, Cost, expected_payout
from pysonar.files.flat_toml import BadSettingError, as_toml
from pysonar.party.home.rules import Allowed
from tests.builders.changes import with_fields

EVERYTHING = Policy(
    scientists=Allowed.any(), capsules=Allowed.any(), assets=Allowed.any(), fields=Allowed.any()
)
OFFER = Offer(
    scientist="0x" + "aa" * 20,
    capsule="0x" + "cc" * 20,
    asset="0x" + "00" * 20,
    fields=("age", "ill"),
    left=1_000_000,
    cost=Cost(stake=1000, fee=50, gas=100),
    data="patients",
    purpose="health",
    submit_window=3600,
    review_window=7200,
    minute=12 * 60,
)


def broken(offer: Offer = OFFER, **rules: object) -> list[str]:
    return broken_by(rules, offer)


def broken_by(rules: Mapping[str, object], offer: Offer = OFFER) -> list[str]:
    policy = with_fields(EVERYTHING, rules)
    return [refusal.rule for refusal in refusals(policy, offer)]


TOKEN = replace(OFFER, asset="0x" + "dd" * 20, symbol="USDX", decimals=6, visit_seconds=60.0)


def test_rules_in_ether_are_not_set_against_a_token_and_its_amounts_are_told_in_its_unit() -> None:
    in_ether = replace(OFFER, visit_seconds=60.0)
    rules = {"maximum_stake": 999, "minimum_reward": 1_000_001, "minimum_per_hour": 10**18}
    assert sorted(broken(in_ether, **rules)) == sorted(rules)
    assert broken(TOKEN, **rules) == []
    said = " ".join(f"{check.wants} {check.found}" for check in rule_checks(EVERYTHING, TOKEN))
    assert "of the 1 USDX left to earn" in said
    assert "0.00016 USDX of fee and risk to the stake" in said
    assert "ETH" not in said
    assert "wei" not in said
    unknown = " ".join(
        check.found for check in rule_checks(EVERYTHING, replace(TOKEN, symbol=None, decimals=0))
    )
    assert "1000000 units of 0xdddddd...dddd left" in unknown


def test_rules_that_the_owner_never_set_forbid_nothing() -> None:
    assert broken() == []
    assert broken(replace(OFFER, begun=True, others=999)) == []


@pytest.mark.parametrize(("rule", "name"), [("data_sets", "patients"), ("purposes", "health")])
def test_named_data_sets_and_purposes_are_allowed_and_no_others(rule: str, name: str) -> None:
    assert broken_by({rule: Allowed.only([name, "x"])}) == []
    assert broken_by({rule: Allowed.only(["x"])}) == [rule]
    assert broken_by({rule: Allowed()}) == [rule]


def test_a_spec_that_says_no_purpose_needs_that_to_be_allowed() -> None:
    unstated = replace(OFFER, purpose="unstated")
    assert broken(unstated, purposes=Allowed.only(["health"])) == ["purposes"]
    assert broken(unstated, purposes=Allowed.only(["health", "unstated"])) == []


def test_before_the_spec_is_known_no_rule_minds_what_it_would_say() -> None:
    unknown = replace(OFFER, data=None, purpose=None, fields=(), minute=None, submit_window=None)
    rules = {"purposes": Allowed(), "data_sets": Allowed(), "fields": Allowed(), "hours": Hours(())}
    assert broken(unknown, **rules) == []


@pytest.mark.parametrize(
    ("rule", "seconds"), [("minimum_submit_window", 3600), ("minimum_review_window", 7200)]
)
def test_a_window_may_equal_the_minimum_but_not_be_shorter(rule: str, seconds: int) -> None:
    assert broken_by({rule: seconds}) == []
    assert broken_by({rule: seconds + 1}) == [rule]


def test_a_campaign_that_was_begun_is_not_left_when_its_time_runs_out() -> None:
    assert broken(replace(OFFER, begun=True), minimum_submit_window=10_000) == []


def test_so_many_campaigns_at_a_time_and_those_that_were_begun_go_on() -> None:
    assert broken(replace(OFFER, others=2), maximum_campaigns=3) == []
    assert broken(replace(OFFER, others=3), maximum_campaigns=3) == ["maximum_campaigns"]
    assert broken(replace(OFFER, others=3, begun=True), maximum_campaigns=3) == []


def test_an_hour_of_computing_may_earn_the_minimum_but_not_less() -> None:
    # a quarter of 1,000,000 less fee 50, gas 100 and 1/100 of the stake of 1,000, twice an hour
    offer = replace(OFFER, visit_seconds=1800.0)
    assert broken(offer, minimum_per_hour=2 * (250_000 - 160)) == []
    assert broken(offer, minimum_per_hour=2 * (250_000 - 160) + 1) == ["minimum_per_hour"]
    assert broken(OFFER, minimum_per_hour=10**18) == []  # not measured yet


def test_the_margin_comes_on_top_of_the_cost() -> None:
    offer = replace(OFFER, left=960)  # 240 expected, 160 of cost
    assert broken(offer, margin=Fraction(1, 2)) == []
    assert broken(replace(offer, left=959), margin=Fraction(1, 2)) == ["expected_share"]


def test_submissions_without_gain_lower_what_is_expected_until_it_no_longer_pays() -> None:
    # 1,000 expected at first, and each submission costs 160
    offer, seen = replace(OFFER, left=4000), []
    for count in range(5):
        judged = replace(offer, payouts=(0,) * count, spent=160 * count, begun=True)
        seen.append(broken(judged))
    assert seen == [[], [], ["margin"], ["margin"], ["margin"]]


def test_good_payouts_long_ago_do_not_excuse_bad_ones_now() -> None:
    offer = replace(OFFER, left=600, begun=True, spent=160 * 6)
    assert broken(replace(offer, payouts=(10_000, 10_000, 0, 0, 0, 0))) == ["expected_share"]
    assert broken(replace(offer, payouts=(0, 0, 10_000, 10_000, 0, 0))) == []


@given(
    left=st.integers(0, 10**30),
    share=st.fractions(0, 1),
    payouts=st.lists(st.integers(0, 10**30), max_size=8),
)
def test_no_submission_is_expected_to_earn_more_than_is_left(
    left: int, share: Fraction, payouts: list[int]
) -> None:
    found = expected_payout(left, share, payouts)
    assert 0 <= found <= left
    assert found == expected_payout(left, share, payouts[-LATEST:])
    assert expected_payout(left, share, [*payouts[-LATEST + 1 :], 0]) <= expected_payout(
        left, share, payouts[-LATEST + 1 :]
    )


@given(
    payouts=st.lists(st.integers(0, 10**6), max_size=20),
    left=st.integers(0, 10**6),
    fee=st.integers(1, 10**5),
    gas=st.integers(0, 10**5),
    margin=st.fractions(0, 2),
)
def test_no_campaign_costs_more_than_it_paid_and_was_hoped_to_pay(
    payouts: list[int], left: int, fee: int, gas: int, margin: Fraction
) -> None:
    """Submits as long as the rules let it; whatever the verdicts, the loss stays within one expectation."""
    policy, cost = replace(EVERYTHING, margin=margin, minimum_reward=0), Cost(0, fee, gas)
    earned: list[int] = []
    spent = 0
    for payout in payouts:
        offer = replace(OFFER, left=left, cost=cost, payouts=tuple(earned), spent=spent, begun=bool(earned))
        if refusals(policy, offer):
            break
        spent += fee + gas
        assert spent <= sum(earned) + expected_payout(left, policy.expected_share, earned)
        paid = min(payout, left)
        left -= paid
        earned.append(paid)


def test_nothing_is_joined_unasked_if_the_owner_wants_to_be_asked() -> None:
    assert broken(ask_first=True) == ["ask_first"]
    (refusal,) = refusals(replace(EVERYTHING, ask_first=True), OFFER)
    assert refusal.for_now
    assert "mine-agent approve" in refusal.reason
    assert broken(replace(OFFER, word=APPROVED), ask_first=True) == []


def test_a_refused_campaign_stays_refused_whether_or_not_the_owner_is_asked() -> None:
    assert broken(replace(OFFER, word=REFUSED), ask_first=True) == ["ask_first"]
    assert broken(replace(OFFER, word=REFUSED)) == ["ask_first"]


def test_an_approval_overrides_no_other_rule() -> None:
    assert broken(replace(OFFER, word=APPROVED), ask_first=True, purposes=Allowed()) == ["purposes"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("22:00-06:00", (22 * 60, 23 * 60 + 59, 0, 5 * 60 + 59), (6 * 60, 21 * 60 + 59)),
        ("08:30-12:00", (8 * 60 + 30, 11 * 60 + 59), (8 * 60 + 29, 12 * 60)),
        ("00:00-24:00", (0, DAY - 1), ()),
        ("18:00-00:00", (18 * 60, DAY - 1), (0, 17 * 60 + 59)),
    ],
)
def test_hours_begin_at_their_first_minute_and_end_before_their_last(
    text: str, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    hours = hours_of([text])
    assert all(minute in hours for minute in inside)
    assert not any(minute in hours for minute in outside)
    for minute in inside:
        assert broken(replace(OFFER, minute=minute), hours=hours) == []
    for minute in outside:
        assert broken(replace(OFFER, minute=minute), hours=hours) == ["hours"]


@given(st.integers(0, DAY - 1), st.integers(0, DAY - 1))
def test_a_span_and_its_reverse_share_the_day(one: int, other: int) -> None:
    if one == other:
        return
    forth, back = Span(one, other), Span(other, one)
    assert all((minute in forth) != (minute in back) for minute in range(DAY))
    assert parse_span(str(forth)) == forth


@pytest.mark.parametrize(
    "text", ["", "22-6", "22:00", "24:00-06:00", "22:60-23:00", "10:00-10:00", "1:00-2:00", "09:00-24:01"]
)
def test_what_is_no_span_of_hours_is_refused_with_the_file_and_the_key(text: str, tmp_path: Path) -> None:
    assert parse_span(text) is None
    path = tmp_path / "policy.toml"
    path.write_text(f'hours = ["{text}"]\n')
    with pytest.raises(BadSettingError, match=r"policy\.toml: the setting 'hours'.*'22:00-06:00'"):
        load_policy(path)


def test_hours_are_those_of_this_machines_clock() -> None:
    at = time.mktime((2026, 3, 4, 21, 7, 30, 0, 0, -1))
    assert minute_of_day(at) == 21 * 60 + 7


def test_an_unknown_purpose_in_the_rules_is_an_error_and_no_rule(tmp_path: Path) -> None:
    with pytest.raises(BadSettingError, match="healthcare"):
        parse_policy('purposes = ["healthcare"]', "policy.toml")
    assert "health" in parse_policy('purposes = ["health"]', "policy.toml").purposes


def test_every_new_rule_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    answers = FirstAnswers(
        data_sets=("patients",), purposes=("health", "research"), ask_first=True, hours=("22:00-06:00",),
        minimum_submit_window=60, minimum_review_window=120, maximum_campaigns=3,
        minimum_per_hour="0.5 ether", margin=0.25, memory_mb=64,
    )  # fmt: skip
    write_first_policy(path, answers)
    policy = load_policy(path)
    assert policy.data_sets == Allowed.only(["patients"])
    assert policy.purposes == Allowed.only(["health", "research"])
    assert policy.ask_first
    assert policy.hours == hours_of(["22:00-06:00"])
    assert (policy.minimum_submit_window, policy.minimum_review_window) == (60, 120)
    assert (policy.maximum_campaigns, policy.minimum_per_hour) == (3, 5 * 10**17)
    assert (policy.margin, policy.memory) == (Fraction(1, 4), 64 << 20)
    assert policy.text == path.read_text()


def test_a_file_of_an_older_release_keeps_its_meaning(tmp_path: Path) -> None:
    assert parse_policy("", "policy.toml") == replace(PolicyFile().policy(), text="")
    assert broken(OFFER) == [] == broken(OFFER, data_sets=Allowed.any(), purposes=Allowed.any())
    assert parse_policy(as_toml(PolicyFile()), "policy.toml") == PolicyFile().policy()


def test_each_rule_says_what_it_wants_and_what_it_found() -> None:
    checks = rule_checks(EVERYTHING, replace(OFFER, visit_seconds=2.0))
    assert len({check.rule for check in checks}) == len(checks)
    assert all(check.wants and check.found and check.passed for check in checks)


def test_an_offer_is_the_same_after_the_journal() -> None:
    full = replace(
        OFFER, floor=(3.0, 1e-5), payouts=(1, 0, 10**30), spent=7, word=APPROVED, visit_seconds=1.5
    )
    for offer in (OFFER, full):
        assert Offer.from_json(offer.to_json()) == offer


def test_an_auditor_opens_gradients_only_where_the_owner_names_them() -> None:
    first, second = "QmPK1s3pNYLi9ERiq3BDxKa4XosgWwFRQUydHUtz4YgpqB", "Qm" + "1" * 44
    audited = replace(OFFER, auditor=first)
    assert broken(audited) == ["auditors"]
    assert broken(audited, auditors=Allowed.only([second])) == ["auditors"]
    assert broken(audited, auditors=Allowed.only([first])) == []
    assert broken(audited, auditors=Allowed.any()) == []
    assert broken(OFFER, auditors=Allowed()) == []
    (told,) = [check for check in rule_checks(EVERYTHING, audited) if check.rule == "auditors"]
    assert "who gets to open your gradients" in str(told.reason)
    assert parse_policy(f'auditors = ["{first}"]', "policy.toml").auditors == Allowed.only([first])
    with pytest.raises(BadSettingError, match="CIDs of certificates"):
        parse_policy('auditors = ["somebody"]', "policy.toml")
