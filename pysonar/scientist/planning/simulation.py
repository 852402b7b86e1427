"""Many mines in plain numbers: how a plan's target, bounty and steps play out, before there is a bounty.

Gradients, bounds and step search are those of a real campaign (`openmined_syft.judging.plain_campaign`),
payouts the contract's arithmetic. Left out: ciphertexts, and what mines decide by their owners' rules. Time
is that of mines who wait for each other's verdicts, one submission after the other; gas is what calls take
at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from openmined_syft.judging.plain_campaign import Climb, FreeRider, climb
from openmined_syft.models import Learnable, Rows
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.noise import Releases
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.rehearsal import encoded, paid, plain_campaign
from pysonar.scientist.planning.slips import CLAIM_GAS, SUBMIT_GAS

_BINS = 10
CREATE_GAS, OPEN_GAS, DELIVER_GAS, SETTLE_GAS = 145_000, 82_000, 52_000, 86_000
GAIN_GAS, NO_GAIN_GAS = 70_000, 44_000  # of a report alone; batches are cheaper
_RIDER = "free rider "
SECONDS_EACH = 600
"""From one verdict to the next: twelve confirmations at the mine and at Capsule, of twelve seconds each, and
as much again for training, judging and looking at the chain."""


@dataclass(frozen=True)
class Simulation:
    """How one simulated campaign went.

    Attributes:
        mines: how many there were. rows: records of each, about. epsilon: of each mine's release; None
            without noise.
        without_noise, single_records: with noise, the accuracy that the same mines reach with exact
            gradients, and that as many mines reach which have the noise and one record each, ppm. What is
            not above the second was learned from the validation records alone, by trying directions.
        free_riders: how many of the mines had no records.
    """

    plan: Plan
    mines: int
    rows: int
    epsilon: float | None
    climb: Climb = field(repr=False)
    without_noise: int | None = None
    single_records: int | None = None
    free_riders: int = 0

    @property
    def earned(self) -> list[int]:
        """What each paid submission earned, in wei, in order."""
        start = self.climb.start
        totals = [paid(self.plan, start, gain.after) for gain in self.climb.gains]
        return [after - before for before, after in zip([0, *totals], totals, strict=False)]

    @property
    def by_mine(self) -> dict[str, int]:
        """What each mine earned that earned anything, most first."""
        sums: Counter[str] = Counter()
        for gain, earned in zip(self.climb.gains, self.earned, strict=True):
            sums[gain.mine] += earned
        return dict(sums.most_common())

    @property
    def first_share(self) -> float | None:
        """Of all that was paid, what the first paid submission took; None if nothing was."""
        total = sum(self.earned)
        return self.earned[0] / total if total else None

    @property
    def histogram(self) -> list[dict[str, Any]]:
        """How many mines earned nothing, and how many up to each tenth of what the best one earned: `up_to`
        in wei as text, `mines`. Tenths without a mine are listed, too.
        """
        earned = list(self.by_mine.values())
        bins = [{"up_to": "0", "mines": self.mines - len(earned)}]
        highest = max(earned, default=0)
        low = 0
        for tenth in range(1, _BINS + 1 if earned else 1):
            high = highest * tenth // _BINS
            bins.append({"up_to": str(high), "mines": sum(low < one <= high for one in earned)})
            low = high
        return bins

    @property
    def free_riders_earned(self) -> int:
        """What those without records earned together, in wei."""
        return sum(earned for name, earned in self.by_mine.items() if name.startswith(_RIDER))

    @property
    def free_riders_share(self) -> float | None:
        """The same as a share of all that was paid; None if nothing was."""
        total = sum(self.earned)
        return self.free_riders_earned / total if total else None

    def days(self, seconds_each: int = SECONDS_EACH) -> float:
        """How long it takes if each mine waits for the verdict before it, at this many seconds a verdict."""
        return self.climb.evaluations * seconds_each / 86_400

    @property
    def gas_of_capsule(self) -> int:
        """Opening, a report for each evaluation, delivery, and the claim of its fees."""
        gains = len(self.climb.gains)
        reports = gains * GAIN_GAS + (self.climb.evaluations - gains) * NO_GAIN_GAS
        return OPEN_GAS + reports + DELIVER_GAS + CLAIM_GAS

    @property
    def gas_of_scientist(self) -> int:
        """Creation, settlement, and the claim of what is left."""
        return CREATE_GAS + SETTLE_GAS + CLAIM_GAS

    @property
    def gas(self) -> int:
        """That mines used: a submission each time they were judged, and a claim for those that submitted."""
        claims = min(self.mines, self.climb.evaluations)
        return self.climb.evaluations * SUBMIT_GAS + claims * CLAIM_GAS

    @property
    def gas_by_party(self) -> dict[str, int]:
        """Of mines, Capsule and scientist."""
        return {"mines": self.gas, "Capsule": self.gas_of_capsule, "scientist": self.gas_of_scientist}

    def as_row(self) -> dict[str, Any]:
        """As a JSON object; accuracies in ppm, amounts as text."""
        gains = zip(self.climb.gains, self.earned, strict=True)
        return {
            "mines": self.mines,
            "rows_of_each": self.rows,
            "epsilon": self.epsilon,
            "start_ppm": self.climb.start,
            "best_ppm": self.climb.best,
            "without_noise_ppm": self.without_noise,
            "single_records_ppm": self.single_records,
            "target_ppm": self.plan.target,
            "evaluations": self.climb.evaluations,
            "paid": str(sum(self.earned)),
            "refund": str(self.plan.bounty - sum(self.earned)),
            "fees": str(self.plan.fee * self.climb.evaluations),
            "mines_paid": len(self.by_mine),
            "first_share": self.first_share,
            "free_riders": self.free_riders,
            "free_riders_paid": sum(name.startswith(_RIDER) for name in self.by_mine),
            "free_riders_earned": str(self.free_riders_earned),
            "free_riders_share": self.free_riders_share,
            "expected_days": self.days(),
            "submit_for_days": self.plan.submit_for / 86_400,
            "gas": self.gas,
            "gas_by_party": self.gas_by_party,
            "earnings": self.histogram,
            "gains": [
                {
                    "evaluation": gain.evaluation,
                    "mine": gain.mine,
                    "before_ppm": gain.before,
                    "after_ppm": gain.after,
                    "earned": str(earned),
                }
                for gain, earned in gains
            ],
        }


def simulate(
    plan: Plan,
    validation: pa.Table,
    data: pa.Table,
    *,
    mines: int,
    epsilon: float | None = None,
    seed: int = 0,
    free_riders: float = 0.0,
) -> Simulation:
    """Share `data` out to `mines` mines, who take turns until the target is reached or nobody gains.

    Args:
        validation, data: records in the plan's schema. What the plan leaves to the number of the first
            follows from it, as in `create`.
        epsilon: of each mine's one noised release at delta 1e-6; None: exact gradients.
        seed: of the shuffling. Noise is fresh each time.
        free_riders: share of the mines that have no records, 0 to below 1; see `FreeRider`.

    Raises:
        PlanError: fewer records than mines, noise for a network, or a model that no mine could train.
    """
    if not 0 <= free_riders < 1:
        raise PlanError("the simulation", "free_riders", free_riders, "a share from 0 to below 1")
    plan = plan.for_rows(validation.num_rows)
    X, y = encoded(plan, data)
    riders = {f"{_RIDER}{number + 1}": FreeRider(number) for number in range(int(mines * free_riders))}
    honest = mines - len(riders)
    if not 1 <= honest <= len(y):
        raise PlanError("the simulation", "mines", honest, f"1 to {len(y)}, the number of records")
    order = np.random.default_rng(seed).permutation(len(y))
    rows = {f"mine {m + 1}": Rows(X[order[m::honest]], y[order[m::honest]]) for m in range(honest)}
    own = Rows(*encoded(plan, validation))
    weights = plan.initial if isinstance(plan.initial, np.ndarray) else None

    def played(parts: Mapping[str, Learnable]) -> Climb:
        return climb(
            plain_campaign(plan, plan.algorithm, own, weights),
            parts,
            target=plan.target,
            min_gain=plan.min_gain,
            most_evaluations=min(20 * mines, plan.evaluations or 20 * mines),
            free_riders=riders,
        )

    if epsilon is None:
        return Simulation(plan, mines, len(y) // honest, None, played(rows), free_riders=len(riders))
    single = {name: Rows(own.X[:1], own.y[:1]) for name, own in rows.items()}
    noised, control = (played(Releases(plan, parts, epsilon)) for parts in (rows, single))
    return Simulation(
        plan,
        mines,
        len(y) // honest,
        epsilon,
        noised,
        without_noise=played(rows).best,
        single_records=control.best,
        free_riders=len(riders),
    )
