"""The owner's rules: each once kept beside once broken, at both edges of each bound."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mine_agent.privacy.budget import Budget
from mine_agent.rules.offer import Offer
from mine_agent.rules.policy import Limits, Policy
from mine_agent.rules.policy_file import FirstAnswers, load_policy, write_first_policy
from mine_agent.rules.refusals import refusals
from mine_agent.rules.rewards import Cost
from pysonar.files.flat_toml import BadSettingError, SettingsError
from pysonar.party.home.rules import ETHER_ADDRESS, Allowed
from tests.builders.changes import with_fields

SCIENTIST = "0x" + "aa" * 20
CAPSULE = "0x" + "cc" * 20
TOKEN = "0x" + "dd" * 20
OTHER = "0x" + "ee" * 20

OFFER = Offer(
    scientist=SCIENTIST,
    capsule=CAPSULE,
    asset=ETHER_ADDRESS,
    fields=("age", "bmi", "ill"),
    left=1_000_000,
    cost=Cost(stake=1000, fee=50, gas=100),
)
POLICY = Policy(
    scientists=Allowed.only([SCIENTIST]),
    capsules=Allowed.only([CAPSULE]),
    assets=Allowed.only([ETHER_ADDRESS]),
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
    assert broken(with_fields(POLICY, {rule: Allowed.any()})) == []
    assert broken(with_fields(POLICY, {rule: Allowed()})) == [rule]


def test_a_network_must_be_allowed_by_name() -> None:
    network = replace(OFFER, network=True)
    without = replace(POLICY, privacy=None)
    assert broken(without, network) == ["networks"]
    assert broken(replace(without, networks=True), network) == []


def test_no_network_is_trained_under_a_privacy_budget_and_the_reason_is_given() -> None:
    network, allowed = replace(OFFER, network=True), replace(POLICY, networks=True)
    (refusal,) = refusals(allowed, network)
    assert refusal.rule == "privacy"
    assert "cannot be bounded yet" in refusal.reason
    assert broken(replace(allowed, privacy=None), network) == []


@pytest.mark.parametrize("networks", [True, False])
def test_whether_networks_are_allowed_is_written_and_read(tmp_path: Path, networks: bool) -> None:
    path = tmp_path / "policy.toml"
    write_first_policy(path, FirstAnswers(networks=networks))
    assert load_policy(path).networks is networks


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


def test_a_campaign_that_asks_for_privacy_is_joined_under_a_budget_and_not_without() -> None:
    asking = replace(OFFER, floor=(1.0, 1e-5))
    assert broken(POLICY, asking) == []
    assert broken(replace(POLICY, privacy=None), asking) == ["privacy"]
    assert broken(replace(POLICY, privacy=None)) == []


@pytest.mark.parametrize("floor", [(1.0, 0.0), (1e-6, 1e-13)])
def test_a_floor_that_no_gaussian_noise_can_give_is_refused(floor: tuple[float, float]) -> None:
    assert broken(POLICY, replace(OFFER, floor=floor)) == ["privacy"]


def test_a_share_of_nothing_is_worth_it_only_if_it_costs_nothing() -> None:
    policy = replace(POLICY, minimum_reward=0, expected_share=Fraction(0))
    assert broken(policy) == ["expected_share"]
    assert broken(policy, replace(OFFER, cost=Cost(0, 0, 0))) == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def test_the_first_policy_denies_until_the_owner_allows(file: Path, tmp_path: Path) -> None:
    write_first_policy(file, FirstAnswers())
    assert broken(load_policy(file)) == ["scientists", "capsules", "fields"]
    assert file.stat().st_mode & 0o777 == 0o600
    allowed = FirstAnswers(scientists=("any",), capsules=("0x" + "CC" * 20,), fields=("any",))
    write_first_policy(tmp_path / "second.toml", allowed)
    assert broken(load_policy(tmp_path / "second.toml")) == []


def test_the_first_policy_says_the_defaults(file: Path) -> None:
    write_first_policy(file, FirstAnswers())
    assert load_policy(file) == replace(Policy(), assets=Allowed.only([ETHER_ADDRESS]))


def test_privacy_is_on_unless_the_owner_says_none(file: Path, tmp_path: Path) -> None:
    write_first_policy(file, FirstAnswers())
    assert load_policy(file).privacy == Budget(10.0, 3.0, 1e-6)
    older = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("privacy"))
    file.write_text(older)
    assert load_policy(file).privacy == Budget()
    write_first_policy(tmp_path / "none.toml", FirstAnswers(privacy="none"))
    assert load_policy(tmp_path / "none.toml").privacy is None


def test_the_owners_budget_is_written_and_read_and_can_be_edited(file: Path) -> None:
    write_first_policy(file, FirstAnswers(privacy_budget=2, privacy_price=0.5, privacy_delta=1e-9))
    assert load_policy(file).privacy == Budget(2.0, 0.5, 1e-9)
    file.write_text(file.read_text().replace("privacy_price = 0.5", "privacy_price = 2"))
    assert load_policy(file).privacy == Budget(2.0, 2.0, 1e-9)


@pytest.mark.parametrize(
    "line",
    [
        "privacy_budget = 0", "privacy_budget = -1", "privacy_budget = inf", "privacy_budget = nan",
        "privacy_budget = 1e6", "privacy_price = 0.0", "privacy_price = -inf", "privacy_price = 10.1",
        "privacy_delta = 0", "privacy_delta = 1", "privacy_delta = nan", "privacy_delta = 2e0",
        "privacy = 'no'", "privacy = false", "privacy_budget = 'ten'", "privacy_pirce = 3",
        "privacy_budget = 1e-12\nprivacy_price = 1e-12\nprivacy_delta = 1e-9",
    ],
)  # fmt: skip
def test_a_budget_that_means_nothing_is_refused_by_name(file: Path, line: str) -> None:
    file.write_text(line + "\n")
    with pytest.raises(SettingsError, match="privacy"):
        load_policy(file)


def test_the_first_policy_keeps_odd_column_names(file: Path) -> None:
    odd = ('a"b', "back\\slash", "tab\there", "zwölf", "\x7f")
    write_first_policy(file, FirstAnswers(fields=odd))
    assert load_policy(file).fields.names == frozenset(odd)


def test_a_policy_is_never_overwritten(file: Path) -> None:
    write_first_policy(file, FirstAnswers())
    with pytest.raises(FileExistsError):
        write_first_policy(file, FirstAnswers(scientists=("any",)))


@pytest.mark.parametrize(
    "answers",
    [
        FirstAnswers(scientists=("somebody",)),
        FirstAnswers(capsules=("any", CAPSULE)),
        FirstAnswers(assets=("usd",)),
        FirstAnswers(maximum_stake="1"),
        FirstAnswers(minimum_reward="-1 wei"),
        FirstAnswers(privacy="yes"),
        FirstAnswers(privacy_budget=float("inf")),
        FirstAnswers(privacy_price=11.0),
        FirstAnswers(privacy_delta=0.0),
    ],
)
def test_answers_the_file_may_not_hold_are_refused(file: Path, answers: FirstAnswers) -> None:
    with pytest.raises(BadSettingError):
        write_first_policy(file, answers)
    assert not file.exists()


def test_the_file_says_what_the_policy_does(file: Path) -> None:
    file.write_text(
        f"""
        scientists = ["{SCIENTIST.upper().replace("0X", "0x")}"]
        capsules = ["any"]
        assets = ["ether", "{TOKEN}"]
        fields = ["Age"]
        maximum_stake = "0.5 ether"
        minimum_reward = "7 wei"
        expected_share = 1
        stake_risk = 0.1
        auto_claim = false
        submissions = 3
        no_gain_in_a_row = 2
        no_gain_pause = 60
        time_margin = 0
        """
    )
    assert load_policy(file) == Policy(
        scientists=Allowed.only([SCIENTIST]),
        capsules=Allowed.any(),
        assets=Allowed.only([ETHER_ADDRESS, TOKEN]),
        fields=Allowed.only(["Age"]),
        maximum_stake=5 * 10**17,
        minimum_reward=7,
        expected_share=Fraction(1),
        stake_risk=Fraction(1, 10),
        auto_claim=False,
        limits=Limits(submissions=3, no_gain_in_a_row=2, no_gain_pause=60, time_margin=0),
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("scientists = [", "not TOML"),
        ("[allow]\nscientists = []", "'allow'"),
        ("scientist = []", "'scientist'"),
        ('scientists = "any"', "'scientists' is 'any'"),
        ('scientists = ["any", "0x00"]', "'scientists'"),
        ('capsules = ["0x1234"]', "0x1234"),
        ("fields = [1]", "'fields' is [1]"),
        ('fields = [""]', "'fields'"),
        ('assets = ["usd"]', "usd"),
        ('maximum_stake = "-1 ether"', "'maximum_stake'"),
        ('maximum_stake = "1"', "'maximum_stake'"),
        ("maximum_stake = 0.1", "'maximum_stake'"),
        ("expected_share = 1.01", "'expected_share'"),
        ("expected_share = nan", "expected_share is nan"),
        ("stake_risk = -0.01", "'stake_risk'"),
        ("auto_claim = 1", "'auto_claim'"),
        ("submissions = -1", "'submissions'"),
        ("submissions = true", "'submissions'"),
        ("no_gain_pause = 1000000001", "'no_gain_pause'"),
    ],
)
def test_a_faulty_file_is_refused_and_the_entry_named(file: Path, text: str, names: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"policy\.toml") as caught:
        load_policy(file)
    assert names in str(caught.value)


def test_a_missing_file_is_an_error_not_a_permission(file: Path) -> None:
    with pytest.raises(SettingsError, match="init"):
        load_policy(file)
