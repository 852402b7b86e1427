"""Guards against luck that follow from the number of validation records and from the bounty."""

from __future__ import annotations

import pytest

from openmined_oracle.campaigns.operator_rules import published_terms
from openmined_oracle.home import CapsuleSettings
from pysonar.protocol.artifacts import DEFAULT_STEPS
from pysonar.protocol.artifacts.spec.least_gain import DEVIATIONS
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan_file import plan_from
from tests.json_types import JsonObject


@pytest.mark.parametrize(
    ("rows", "target", "least"),
    [(199, "90 %", 30_151), (10_000, "90 %", 5_000), (1, "90 %", 112_500), (20, "80 %", 100_000)],
)
def test_without_a_word_the_smallest_paid_gain_follows_from_the_records(
    plan_values: JsonObject, rows: int, target: str, least: int
) -> None:
    """0.4 square roots of them, in whole records; from half a per cent to an eighth of the target."""
    del plan_values["min_gain"]
    plan = plan_from(plan_values | {"target": target, "guiding_share": 0})
    assert plan.for_rows(rows).min_gain == least
    said = plan_from(plan_values | {"target": target, "min_gain": "0.1 %"})
    assert said.for_rows(rows).min_gain == 1_000


@pytest.mark.parametrize(
    ("rows", "guides", "least"), [(99, 0, 40_405), (100, 50, 100_000), (360, 180, 50_000)]
)
def test_without_a_word_half_of_many_records_only_guide(
    plan_values: JsonObject, rows: int, guides: int, least: int
) -> None:
    """And whoever says the smallest gain, or a share, has said it."""
    said = plan_from(plan_values).for_rows(rows)
    assert (said.guiding_share, said.min_gain) == (0, 10_000)
    del plan_values["min_gain"]
    plan = plan_from(plan_values).for_rows(rows)
    assert (plan.guiding_rows(rows), plan.min_gain) == (guides, least)
    assert plan_from(plan_values | {"guiding_share": 0}).for_rows(rows).guiding_rows(rows) == 0
    assert plan_from(plan_values | {"guiding_share": "10 %"}).for_rows(rows).guiding_share == 100_000


def test_where_rows_are_split_those_that_pay_are_counted(plan_values: JsonObject) -> None:
    del plan_values["min_gain"]
    plan = plan_from(plan_values | {"guiding_share": "50 %", "evaluations": 100})
    assert (plan.guiding_rows(360), plan.for_rows(360).min_gain) == (180, 50_000)
    assert plan.as_mapping()["guiding_share"] == 500_000
    assert "guiding_share" not in plan_from(plan_values).as_mapping()  # an earlier request stays the same
    with pytest.raises(PlanError, match="both sides of 1"):
        plan.guiding_rows(1)
    for key, bad in (("guiding_share", "91 %"), ("evaluations", -1), ("evaluations", 1 << 24)):
        with pytest.raises(PlanError, match=key):
            plan_from(plan_values | {key: bad})


def test_without_a_word_the_fee_is_a_share_of_the_bounty(plan_values: JsonObject) -> None:
    del plan_values["fee"]
    assert plan_from(plan_values | {"bounty": "10 ETH"}).fee == 2 * 10**16
    assert plan_from(plan_values | {"bounty": "0.1 ETH"}).fee == 10**15


@pytest.mark.parametrize("rows", [2, 20, 99, 100, 101, 360, 100_000])
def test_what_is_proposed_is_what_a_capsule_accepts_by_its_own_terms(
    plan_values: JsonObject, rows: int
) -> None:
    """One whose operator changed nothing, and one that asks for as much as the guards say themselves."""
    del plan_values["min_gain"], plan_values["fee"]
    plan = plan_from(plan_values).for_rows(rows)
    paying = rows - plan.guiding_rows(rows)
    terms = published_terms(CapsuleSettings(certificate="A"))
    assert list(terms.to_gain("logistic", plan.min_gain, paying)) == []
    assert list(terms.to_payment("0x" + "00" * 20, plan.bounty, plan.fee)) == []
    if rows >= 20:
        strict = published_terms(CapsuleSettings(certificate="A", least_gain_deviations=DEVIATIONS))
        assert list(strict.to_gain("logistic", plan.min_gain, paying)) == []
        assert list(strict.to_gain("logistic", plan.min_gain // 3, paying)) != []


def test_the_search_goes_far_where_the_size_of_scores_is_measured(plan_values: JsonObject) -> None:
    """Else the rest is paid to whoever multiplies the published model. What is said is kept."""
    assert plan_from(plan_values).steps == DEFAULT_STEPS
    assert plan_from(plan_values | {"metric": "log_loss"}).steps == (*DEFAULT_STEPS, 4.0, 8.0)
    assert plan_from(plan_values | {"metric": "log_loss", "steps": [0.5, 1]}).steps == (0.5, 1)
