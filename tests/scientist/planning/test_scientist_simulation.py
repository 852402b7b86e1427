"""Many mines, before there is a campaign: payouts are the contract's, gradients what mines would send."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from openmined_syft.judging.plain_campaign import Climb, FreeRider, PlainCampaign
from openmined_syft.models import Learnable, Rows
from pysonar import Campaign
from pysonar.scientist.cli.campaign.simulated import picture
from pysonar.scientist.connection import Scientist
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning import noise
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import plan_from
from pysonar.scientist.planning.rehearsal import encoded
from pysonar.scientist.planning.simulation import (
    CREATE_GAS,
    DELIVER_GAS,
    GAIN_GAS,
    NO_GAIN_GAS,
    OPEN_GAS,
    SECONDS_EACH,
    SETTLE_GAS,
    simulate,
)
from tests.json_types import JsonObject
from tests.noting import noting
from tests.scientist.planning.test_scientist_rehearsal import table

GAS = Path(__file__).parents[3] / "snapshots" / "gas.json"


def test_payouts_are_the_contracts_and_nothing_is_lost(plan: Plan) -> None:
    done = simulate(plan, table(200), table(300, seed=1), mines=5)
    start, best = done.climb.start, done.climb.best
    assert (start, best) == (500_000, 900_000)
    assert sum(done.earned) == plan.bounty * (best - start) // plan.target
    assert sum(done.by_mine.values()) == sum(done.earned)
    assert all(earned > 0 for earned in done.earned)
    row = done.as_row()
    assert int(row["paid"]) + int(row["refund"]) == plan.bounty
    assert int(row["fees"]) == plan.fee * done.climb.evaluations
    assert row["first_share"] == done.earned[0] / sum(done.earned)
    assert (done.rows, row["mines"]) == (60, 5)


def test_what_mines_earned_is_counted_in_tenths_and_drawn(plan: Plan) -> None:
    done = simulate(plan, table(200), table(300, seed=1), mines=5)
    bins = done.as_row()["earnings"]
    assert bins == done.histogram
    assert (bins[0]["up_to"], bins[0]["mines"]) == ("0", 5 - len(done.by_mine))
    assert sum(entry["mines"] for entry in bins) == 5
    assert len(bins) == 11
    assert int(bins[-1]["up_to"]) == max(done.by_mine.values())
    drawn = ElementTree.fromstring(picture(done))  # noqa: S314 - our own
    rectangles = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(rectangles) == 1 + len(bins)
    words = " ".join(drawn.itertext())
    assert "5 mines: 50 % to 90 %" in words
    assert "target" in words


def test_a_campaign_that_pays_nobody_is_counted_and_drawn(plan: Plan) -> None:
    nobody = replace(
        simulate(plan, table(200), table(300, seed=1), mines=5), climb=Climb(500_000, np.zeros((1, 1)))
    )
    assert nobody.histogram == [{"up_to": "0", "mines": 5}]
    assert "0 evaluations" in picture(nobody)


def test_the_same_seed_is_the_same_campaign_and_another_shares_out_anew(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values | {"target": "97 %"})
    runs = [
        simulate(plan, table(200), table(120, seed=1), mines=12, seed=seed).as_row() for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_mines_whose_records_teach_nothing_earn_nothing(plan: Plan) -> None:
    random = table(100, seed=3)
    shuffled = random.set_column(3, "ill", pa.array([n % 2 for n in range(100)]))
    done = simulate(plan, table(400), shuffled, mines=1)
    assert done.climb.best < 700_000
    assert done.climb.evaluations <= 20


@pytest.mark.usefixtures("seeded_noise")
def test_noise_costs_accuracy_most_where_a_mine_has_few_records(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values | {"target": "99 %", "rule": {"steps": 3}})

    def best(records: int, epsilon: float | None) -> int:
        done = simulate(plan, table(300), table(records, seed=1), mines=1, epsilon=epsilon)
        assert done.as_row()["epsilon"] == epsilon
        return done.climb.best

    # One draw says little: the medians of five lie 250,000 ppm apart.
    few, many = (median(best(records, 0.1) for _ in range(5)) for records in (30, 3000))
    assert few < many - 50_000
    assert few < best(30, None) - 50_000


@pytest.mark.usefixtures("seeded_noise")
def test_what_the_noise_costs_and_what_it_comes_to_alone_is_told_beside_it(
    plan_values: JsonObject,
) -> None:
    plan = plan_from(plan_values | {"target": "99 %"})
    exact = simulate(plan, table(200), table(2000, seed=1), mines=2)
    assert (exact.without_noise, exact.single_records) == (None, None)
    few = [simulate(plan, table(200), table(2000, seed=1), mines=2, epsilon=3.0) for _ in range(5)]
    assert {done.without_noise for done in few} == {exact.climb.best}
    # Two mines: their records teach, two directions of nothing but noise do not.
    assert median(done.climb.best for done in few) > median(done.single_records or 0 for done in few) + 50_000
    crowd = [simulate(plan, table(200), table(60, seed=1), mines=30, epsilon=0.001) for _ in range(3)]
    # Thirty directions of nothing but noise lead far: what is told beside it says so.
    assert median(done.climb.best for done in crowd) > 800_000
    assert median(done.single_records or 0 for done in crowd) > 800_000


def test_a_campaign_is_simulated_before_it_is_launched(owner: Scientist, plan: Plan, tmp_path: Path) -> None:
    campaign = Campaign(owner, plan, table(200))
    done = campaign.simulate(table(300, seed=1), mines=5)
    assert done.as_row() == simulate(campaign._plan or plan, table(200), table(300, seed=1), mines=5).as_row()
    file = tmp_path / "data.csv"
    pyarrow.csv.write_csv(table(300, seed=1), file)
    assert campaign.simulate(str(file), mines=5).climb.best == done.climb.best
    assert owner.outbox.history() == []


def test_each_mine_draws_its_noise_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[object, ...]] = []
    monkeypatch.setattr(noise, "exact_sums", noting(noise.exact_sums, drawn))
    rows = Rows(*encoded(plan, table(30)))
    releases = noise.Releases(plan, {"a": rows, "b": rows}, 3.0)
    assert releases["a"] is releases["a"] is not releases["b"]
    assert len(drawn) == 2


def test_more_mines_than_records_and_noise_for_a_network_are_refused(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values)
    assert simulate(plan, table(50), table(20), mines=20).mines == 20
    with pytest.raises(PlanError, match="1 to 20, the number of records"):
        simulate(plan, table(50), table(20), mines=21)
    fields = [{"names": [f"x{n}" for n in range(9)], "clip": [-4, 4]}]
    network = plan_from(plan_values | {"family": "mlp", "rule": {}, "fields": fields, "key_bits": 16384})
    records = pa.table({**{f"x{n}": [0.1, 0.2] for n in range(9)}, "ill": [0, 1]})
    with pytest.raises(PlanError, match="nothing bounds it"):
        simulate(network, records, records, mines=1, epsilon=3.0)


def test_free_riders_have_no_records_and_what_they_earn_is_told_apart(plan_values: JsonObject) -> None:
    plan = plan_from(plan_values | {"target": "99 %"})
    done = simulate(plan, table(200), table(200, seed=1), mines=20, free_riders=0.5)
    assert (done.free_riders, done.rows) == (10, 20)
    names = {gain.mine for gain in done.climb.gains}
    riders = [earned for name, earned in done.by_mine.items() if name.startswith("free rider")]
    row = done.as_row()
    assert names <= {f"mine {n}" for n in range(1, 11)} | {f"free rider {n}" for n in range(1, 11)}
    assert (int(row["free_riders_earned"]), row["free_riders_paid"]) == (sum(riders), len(riders))
    assert row["free_riders_share"] == sum(riders) / sum(done.earned)
    assert sum(done.earned) > sum(riders)
    assert "free riders" in " ".join(ElementTree.fromstring(picture(done)).itertext())  # noqa: S314 - our own
    alone = simulate(plan, table(200), table(200, seed=1), mines=10)
    assert (alone.free_riders, alone.free_riders_earned, alone.free_riders_share) == (0, 0, 0.0)
    assert alone.climb.best > 800_000


def test_a_free_rider_repeats_the_last_change_or_draws_one_of_unit_length() -> None:
    change = np.array([[3.0], [4.0]])
    assert np.array_equal(FreeRider(2).gradient(change), change)
    for rider, of in ((FreeRider(1), change), (FreeRider(2), np.zeros((2, 1)))):
        assert np.linalg.norm(rider.gradient(of)) == pytest.approx(1.0)
        assert not np.allclose(rider.gradient(of), change / 5)


@pytest.mark.parametrize(("mines", "share"), [(3, 1.0), (3, -0.1), (500, 0.0), (1000, 0.5)])
def test_crowds_without_records_are_refused_by_name(plan: Plan, mines: int, share: float) -> None:
    with pytest.raises(PlanError, match=r"mines|free_riders"):
        simulate(plan, table(200), table(300, seed=1), mines=mines, free_riders=share)


def test_days_and_gas_are_those_of_the_evaluations_that_were_needed(plan: Plan) -> None:
    done = simulate(plan, table(200), table(300, seed=1), mines=5)
    count, gains = done.climb.evaluations, len(done.climb.gains)
    assert done.days(86_400) == count
    assert done.as_row()["expected_days"] == count * SECONDS_EACH / 86_400
    assert done.as_row()["submit_for_days"] == plan.submit_for / 86_400
    parts = done.gas_by_party
    assert parts["Capsule"] == 82_000 + 52_000 + 60_000 + gains * 70_000 + (count - gains) * 44_000
    assert parts["scientist"] == 145_000 + 86_000 + 60_000
    assert parts["mines"] == done.gas == count * 75_000 + min(5, count) * 60_000


def test_gas_is_a_little_above_what_the_contract_takes() -> None:
    taken = {name: entry["gas"] for name, entry in json.loads(GAS.read_text()).items()}
    for said, name in (
        (CREATE_GAS, "create_campaign"), (OPEN_GAS, "open_campaign"), (DELIVER_GAS, "deliver"),
        (SETTLE_GAS, "settle"), (GAIN_GAS, "report, gain, first"), (NO_GAIN_GAS, "report, no gain, alone"),
    ):  # fmt: skip
        assert taken[name] <= said < 1.05 * taken[name], name


def test_visits_that_do_not_fit_in_memory_are_computed_anew_with_the_same_outcome(
    plan_values: JsonObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_from(plan_values | {"target": "99 %"})
    kept = simulate(plan, table(200), table(60, seed=1), mines=12)
    asked: list[int] = []
    real = PlainCampaign.visit

    def counted(self: PlainCampaign, data: Learnable, *, version: int = 0, salt: bytes = b"") -> object:
        asked.append(version)
        return real(self, data, version=version, salt=salt)

    monkeypatch.setattr(PlainCampaign, "visit", counted)
    monkeypatch.setattr("openmined_syft.judging.plain_campaign._VISIT_BYTES", 8 * 4 * 5 * 3)
    anew = simulate(plan, table(200), table(60, seed=1), mines=12)
    assert anew.as_row() == kept.as_row()
    assert kept.climb.evaluations > 12
    assert 12 < len(asked) < kept.climb.evaluations
