"""Nothing that cannot work is escrowed: a campaign is rehearsed on the scientist's own records first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pysonar import Campaign
from pysonar.protocol.artifacts import FromCampaign
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.noise import USUAL_DELTA, USUAL_EPSILON, expected_noise
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.scientist.planning.rehearsal import paid, rehearse
from tests.json_types import JsonObject


def table(rows: int, *, share: float = 0.5, seed: int = 0) -> pa.Table:
    """Records of people; whether they are ill hangs on height and weight."""
    random = np.random.default_rng(seed)
    height, weight = random.normal(1.7, 0.1, rows), random.normal(70, 10, rows)
    told = (height - 1.7) / 0.1 + (weight - 70) / 10 + random.normal(0, 0.3, rows)
    ill = (told > np.quantile(told, 1 - share)).astype(int)
    smoker = random.random(rows) > 0.5
    return pa.table({"height": height, "weight": weight, "smoker": smoker, "ill": ill})


def number_plan(plan_values: JsonObject, label: JsonObject) -> Plan:
    """The label is a number between 0 and 400, such as a progression of diabetes."""
    of = {"family": "ridge", "target": "60 %", "label": {"name": "progression", "clip": [0, 400], **label}}
    return plan_from(plan_values | of)


def progression(rows: int) -> pa.Table:
    people = table(rows)
    values = 150 + 700 * (people.column("height").to_numpy() - 1.7) + people.column("weight").to_numpy()
    return people.append_column("progression", pa.array(values))


def test_a_campaign_that_works_is_rehearsed_to_its_target(plan: Plan) -> None:
    done = rehearse(plan, table(200), 0)
    assert done.start == 500_000
    assert done.reached is not None
    assert done.reached >= 900_000
    assert done.visits >= 1
    assert (done.slips(), done.warnings()) == ([], [])


@pytest.mark.usefixtures("seeded_noise")
def test_what_mines_noise_will_cost_is_rehearsed_too(plan_values: JsonObject) -> None:
    usual = rehearse(plan_from(plan_values), table(1500), 0)
    assert usual.epsilon == USUAL_EPSILON
    assert usual.noised is not None
    assert usual.reached is not None
    worst, median, best = usual.noised
    assert worst <= median <= best
    assert median > usual.reached - 100_000
    floor = {"privacy_floor": {"epsilon": 0.01, "delta": 1e-6}}
    hidden = rehearse(plan_from(plan_values | floor), table(1500), 0)
    assert hidden.epsilon == 0.01
    assert hidden.noised is not None
    assert hidden.noised[1] < median - 100_000
    assert hidden.as_row()["rehearsed_noised_ppm"] == list(hidden.noised)
    loose = plan_from(plan_values | {"privacy_floor": {"epsilon": 9, "delta": 1e-5}})
    assert expected_noise(loose) == (
        USUAL_EPSILON,
        USUAL_DELTA,
    )  # no mine makes less noise than it is used to


def test_the_usual_noise_is_what_mines_have_by_default() -> None:
    from mine_agent.privacy.defaults import DEFAULT_DELTA, DEFAULT_PRICE

    assert (USUAL_EPSILON, USUAL_DELTA) == (DEFAULT_PRICE, DEFAULT_DELTA)


def test_a_bounty_can_pay_only_what_lies_between_start_and_target(plan_values: JsonObject) -> None:
    by_target = rehearse(plan_from(plan_values | {"target": "80 %"}), table(200), 0)
    assert by_target.most_paid == 10**19 * 300_000 // 800_000
    assert by_target.per_point == 10**19 * 10_000 // 800_000
    assert by_target.per_record == 10**19 * 5_000 // 800_000
    by_gap = rehearse(plan_from(plan_values | {"target": "80 %", "pay_by_gap": True}), table(200), 0)
    assert by_gap.most_paid == 10**19
    assert paid(by_gap.plan, 500_000, 650_000) == 5 * 10**18
    assert paid(by_gap.plan, 500_000, 990_000) == 10**19
    assert paid(by_gap.plan, 500_000, 400_000) == 0


def test_a_label_without_scale_that_stops_every_mine_is_refused(plan_values: JsonObject) -> None:
    with pytest.raises(PlanError, match=r"no mine could train it .*center and scale") as refused:
        rehearse(number_plan(plan_values, {}), progression(100), 0)
    assert refused.value.key == "label"
    scaled = rehearse(number_plan(plan_values, {"center": 220, "scale": 70}), progression(100), 0)
    assert scaled.reached is not None
    assert scaled.reached > 600_000


def test_a_target_that_the_start_leaves_no_room_for_is_refused(plan_values: JsonObject) -> None:
    allowed = plan_from(plan_values | {"target": "60 %", "min_gain": "10 %"})
    assert rehearse(allowed, table(200), 0).start == 500_000
    for change in ({"min_gain": "100001 ppm"}, {"target": "20 %"}):
        with pytest.raises(PlanError, match=r"start of 50 %.*Capsule cannot open") as refused:
            rehearse(plan_from(plan_values | {"target": "60 %"} | change), table(200), 0)
        assert refused.value.key == "target"


def test_a_start_that_capsule_would_not_measure_is_refused(plan_values: JsonObject) -> None:
    near = plan_from(plan_values | {"start": "51 %", "start_tolerance": "1 %"})
    assert rehearse(near, table(200), near.start or 0).start == 500_000
    far = plan_from(plan_values | {"start": "510001 ppm", "start_tolerance": "1 %"})
    with pytest.raises(PlanError, match="50 %, as it is on these records"):
        rehearse(far, table(200), far.start or 0)


def test_a_privacy_floor_that_no_mine_can_meet_is_refused(plan_values: JsonObject) -> None:
    wide = [{"names": [f"x{n}" for n in range(10)], "clip": [-4, 4]}]
    floor = {"privacy_floor": {"epsilon": 3.0, "delta": 1e-6}}
    network = plan_values | {"family": "mlp", "rule": {}, "fields": wide, "key_bits": 16384} | floor
    with pytest.raises(PlanError, match="no mine can state a bound"):
        rehearse(plan_from(network), table(20), 0)
    assert rehearse(plan_from(plan_values | floor), table(200), 0).start == 500_000


def test_few_records_that_decide_over_much_are_refused_with_how_many_it_takes(plan: Plan) -> None:
    enough = rehearse(plan, table(12), 0)
    enough.require_enough_records()
    few = rehearse(plan, table(10), 0)
    with pytest.raises(
        PlanError, match="is 10; expected 12 or more, since 10 of them decide over 10 ETH"
    ) as refused:
        few.require_enough_records()
    assert "--few-records" in str(refused.value)
    assert any("10 of them decide over 10 ETH" in sentence for sentence in few.warnings())
    assert not any("decide over" in sentence for sentence in enough.warnings())


def test_records_that_only_guide_decide_over_nothing(plan: Plan) -> None:
    """Both edges, where half of them guide: of 24 records 12 pay, of 22 only 11."""
    split = replace(plan, guiding_share=500_000)
    rehearse(split, table(24), 0).require_enough_records()
    with pytest.raises(PlanError, match="is 22; expected 24 or more, since 11 of them decide over 10 ETH"):
        rehearse(split, table(22), 0).require_enough_records()


def test_a_rare_class_that_nobody_can_earn_on_is_asked_back_with_the_metric_to_take(
    plan_values: JsonObject,
) -> None:
    people = table(200, share=0.06, seed=4).drop_columns(["weight"])
    noisy = people.append_column("weight", pa.array(np.random.default_rng(1).normal(70, 10, 200)))
    unclear = noisy.set_column(0, "height", pa.array(np.random.default_rng(2).normal(1.7, 0.1, 200)))
    values = plan_values | {"target": "99 %", "min_gain": "2 %"}
    (slip,) = rehearse(plan_from(values), unclear, 0).slips()
    assert 'metric = "auc"' in slip
    balanced = rehearse(plan_from(values | {"metric": "balanced_accuracy"}), unclear, 0)
    assert balanced.start == 500_000
    assert (
        "one class has 6% of the records: on such tables models ended 6 to 10 points"
        in balanced.warnings()[-1]
    )
    mapped = {"features": {"name": "fourier", "count": 16, "gamma": 0.1}}
    on_features = plan_from(values | {"metric": "balanced_accuracy", "parameters": mapped})
    assert "random features learned nothing" in rehearse(on_features, unclear, 0).warnings()[-1]


def test_a_target_beyond_what_its_own_records_teach_is_said(plan_values: JsonObject) -> None:
    guarded = {"target": "100 %", "min_gain": "6 %", "fee": "0.02 ETH"}
    (warning,) = rehearse(plan_from(plan_values | guarded), table(200), 0).warnings()
    assert "not the target of 100 %" in warning
    assert "ETH" in warning


def test_a_target_a_point_beyond_is_not_warned_of(plan_values: JsonObject) -> None:
    """Both edges: so far a drafted plan aims, and its check does not object."""
    found = replace(rehearse(plan_from(plan_values), table(200), 0), reached=880_000, noised=None)
    for target, said in ((890_000, 0), (890_001, 1)):
        plan = replace(found.plan, target=target)
        assert sum("not the target" in one for one in replace(found, plan=plan).warnings()) == said


def test_a_network_is_compared_with_the_linear_model(plan_values: JsonObject) -> None:
    random = np.random.default_rng(0)
    wide = {f"x{n}": random.normal(size=150) for n in range(9)}
    linear = pa.table({**wide, "ill": (np.sum(list(wide.values()), axis=0) > 0).astype(int)})
    fields = [{"names": list(wide), "clip": [-4, 4]}]
    network = plan_values | {"family": "mlp", "rule": {}, "fields": fields, "key_bits": 16384}
    done = rehearse(plan_from(network), linear, 0)
    assert done.plain_reached is not None
    assert 'family = "logistic"' in done.warnings()[-1]
    unbiased = rehearse(plan_from(network | {"parameters": {"bias": False}}), linear, 0)
    assert "networks without bias ended 4 to 23 points below" in unbiased.warnings()[-1]


def test_an_earlier_campaigns_model_is_taken_at_its_word(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values | {"continue_from": "0x" + "11" * 32, "start": "70 %"})
    assert isinstance(plan.initial, FromCampaign)
    done = rehearse(plan, table(200), 700_000)
    assert (done.start, done.reached) == (700_000, None)
    with pytest.raises(PlanError, match="Capsule cannot open"):
        rehearse(plan, table(200), 895_000)


def test_launching_what_cannot_work_sends_nothing(owner: Scientist, plan_values: JsonObject) -> None:
    campaign = Campaign(owner, number_plan(plan_values, {}), progression(100))
    with pytest.raises(PlanError, match="no mine could train it"):
        campaign.launch()
    assert owner.connection.journal.all() == []
    assert owner.outbox.unfinished() == []


def test_what_takes_no_record_and_is_paid_is_said_with_what_to_do(plan_values: JsonObject) -> None:
    """A first model that names the rarer class: whoever says the other one would be paid for it."""
    usual = {"fee": "0.02 ETH", "target": "95 %", "min_gain": "5 %"}
    people = table(300, share=0.8)
    before = [
        line for line in rehearse(plan_from(plan_values | usual), people, 0).warnings() if "before" in line
    ]
    (said,) = before
    assert "only names" in said
    assert "list the most frequent class first among the label's" in said
    assert rehearse(plan_from(plan_values | usual), table(300), 0).unearned is None


@pytest.mark.parametrize("rows", [40, 99, 100])
def test_fewer_records_than_any_guard_can_hold_are_refused_where_the_guards_are_left_to_them(
    plan_values: JsonObject, rows: int
) -> None:
    del plan_values["min_gain"]
    rehearsed = rehearse(plan_from(plan_values).for_rows(rows), table(rows), 0)
    if rows < 100:
        with pytest.raises(
            PlanError, match=f"is {rows}; expected 100 or more, since of so few, guesses find"
        ):
            rehearsed.require_enough_records()
        assert sum("guesses find" in line for line in rehearsed.warnings()) == 1
    else:
        rehearsed.require_enough_records()


@pytest.mark.parametrize(("rows", "said"), [(99, "so few"), (100, '"50 %"'), (199, '"50 %"'), (200, "")])
def test_few_records_are_said_to_be_within_reach_of_luck(plan: Plan, rows: int, said: str) -> None:
    lines = [line for line in rehearse(plan, table(rows), 0).warnings() if "guesses" in line]
    assert len(lines) == bool(said)
    assert all(said in line for line in lines)
