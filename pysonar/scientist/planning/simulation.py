"""Many mines in plain numbers: how a plan's target, bounty and steps play out, before there is a bounty.

Gradients, bounds and step search are those of a real campaign (`openmined_syft.judging.plain_campaign`),
payouts the contract's arithmetic. Left out: ciphertexts, time, and what mines decide by their owners' rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from openmined_syft.judging.plain_campaign import Climb, climb
from openmined_syft.models import Learnable, Rows
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.noise import Releases
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.rehearsal import encoded, paid, plain_campaign
from pysonar.scientist.planning.slips import CLAIM_GAS, SUBMIT_GAS

_BINS = 10


@dataclass(frozen=True)
class Simulation:
    """How one simulated campaign went.

    Attributes:
        mines: how many there were. rows: records of each, about. epsilon: of each mine's release; None
            without noise.
        without_noise, single_records: with noise, the accuracy that the same mines reach with exact
            gradients, and that as many mines reach which have the noise and one record each, ppm. What is
            not above the second was learned from the validation records alone, by trying directions.
    """

    plan: Plan
    mines: int
    rows: int
    epsilon: float | None
    climb: Climb = field(repr=False)
    without_noise: int | None = None
    single_records: int | None = None

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
    def gas(self) -> int:
        """That mines used: a submission each time they were judged, and a claim for those that submitted."""
        claims = min(self.mines, self.climb.evaluations)
        return self.climb.evaluations * SUBMIT_GAS + claims * CLAIM_GAS

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
            "gas": self.gas,
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
) -> Simulation:
    """Share `data` out to so many mines, who take turns until the target is reached or nobody gains.

    Args:
        validation, data: records in the plan's schema. What the plan leaves to the number of the first
            follows from it, as in `create`.
        epsilon: of each mine's one noised release at delta 1e-6; None: exact gradients.
        seed: of the shuffling. Noise is fresh each time.

    Raises:
        PlanError: fewer records than mines, noise for a network, or a model that no mine could train.
    """
    plan = plan.for_rows(validation.num_rows)
    X, y = encoded(plan, data)
    if not 1 <= mines <= len(y):
        raise PlanError("the simulation", "mines", mines, f"1 to {len(y)}, the number of records")
    order = np.random.default_rng(seed).permutation(len(y))
    rows = {f"mine {m + 1}": Rows(X[order[m::mines]], y[order[m::mines]]) for m in range(mines)}
    own = Rows(*encoded(plan, validation))
    weights = plan.initial if isinstance(plan.initial, np.ndarray) else None

    def played(parts: Mapping[str, Learnable]) -> Climb:
        return climb(
            plain_campaign(plan, plan.algorithm, own, weights),
            parts,
            target=plan.target,
            min_gain=plan.min_gain,
            most_evaluations=min(20 * mines, plan.evaluations or 20 * mines),
        )

    if epsilon is None:
        return Simulation(plan, mines, len(y) // mines, None, played(rows))
    single = {name: Rows(own.X[:1], own.y[:1]) for name, own in rows.items()}
    noised, control = (played(Releases(plan, parts, epsilon)) for parts in (rows, single))
    return Simulation(
        plan,
        mines,
        len(y) // mines,
        epsilon,
        noised,
        without_noise=played(rows).best,
        single_records=control.best,
    )
