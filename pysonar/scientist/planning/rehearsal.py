"""A campaign rehearsed in plain numbers on the scientist's own validation records, before anything is paid.

The records are taken through the bytes that Capsule will open. Then a mine is played that holds just these
records: what it reaches on them is about the best that any mine can, and what stops it stops every mine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from openmined_syft.errors import BoundError, SyftError
from openmined_syft.judging.plain_campaign import PlainCampaign, climb
from openmined_syft.judging.unearned import Standing, Unearned, after_one_visit, unearned
from openmined_syft.models import Inputs, Learnable, Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.schemes import scheme_named
from pysonar.protocol.amounts import format_ppm
from pysonar.protocol.artifacts import Algorithm, FromCampaign
from pysonar.protocol.artifacts.parts.records import records_from_bytes, records_to_bytes
from pysonar.protocol.artifacts.spec.algorithm import NETWORK
from pysonar.protocol.artifacts.spec.least_gain import LEAST_SPLIT
from pysonar.protocol.artifacts.validation_rows import guiding
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.noise import MOST_INPUTS, expected_noise, release
from pysonar.scientist.planning.plan import SOURCE, Plan

MOST_ROWS = 2_000
"""A rehearsal shall take seconds: of more records these many, evenly spread, play the mine and measure it."""
MOST_EVALUATIONS = 12
DRAWS = 5
FEW = 100
"""Fewer validation records cannot be told from luck, split or not."""
RARE = 0.25
"""A class with a smaller share is rare, as in the tables that were measured."""


@dataclass(frozen=True)
class Rehearsal:
    """How a campaign with this plan can go.

    Attributes:
        plan: what was rehearsed.
        rows: how many records played the mine.
        start: what the first model scores on all validation records, ppm.
        reached: the best that the mine of validation records came to, ppm; None if the first model is not
            known here, since it is that of an earlier campaign.
        visits: how many visits of that mine were paid.
        plain_reached: what a linear model reached in the same way, for a network; None otherwise.
        rarest: share of the rarer of two classes among the records; None for other labels.
        epsilon, noised: of a mine's release for this plan, and the best that the same mine came to under such
            noise, ppm, the worst, the median and the best of `DRAWS`; None where it is not played: networks,
            very many inputs.
        unearned: what somebody without a record is paid, before any mine and after the first (None: nothing).
    """

    plan: Plan
    rows: int
    start: int
    reached: int | None
    visits: int
    plain_reached: int | None = None
    rarest: float | None = None
    epsilon: float | None = None
    noised: tuple[int, int, int] | None = None
    unearned: tuple[Unearned | None, Unearned | None] = (None, None)

    @property
    def most_paid(self) -> int:
        """Wei (or units of the token) that mines can earn at all: from the start to the target."""
        return paid(self.plan, self.start, self.plan.target)

    @property
    def per_point(self) -> int:
        """What one percent of accuracy earns, in wei."""
        return self.plan.bounty * 10_000 // denominator(self.plan, self.start)

    @property
    def per_record(self) -> int:
        """What one validation record more right earns, in wei, by accuracy."""
        return self.plan.bounty * 1_000_000 // self.rows // denominator(self.plan, self.start)

    def require_enough_records(self) -> None:
        """Raises PlanError where one validation record more right earns over a tenth of the bounty: whoever
        guesses would be paid for luck.
        """
        if self.few_records is not None:
            least = -(-10 * 1_000_000 // denominator(self.plan, self.start))
            raise PlanError(
                SOURCE,
                "the number of validation records",
                self.rows,
                f"{least} or more, since {self.few_records}; if it is meant all the same, say --few-records"
                " (in Python: launch(few_records=True))",
            )

    @property
    def few_records(self) -> str | None:
        """What one record earns by luck, in words, where that is over a tenth of the bounty."""
        show = self.plan.asset.show
        if self.per_record * 10 <= self.plan.bounty:
            return None
        return (
            f"{self.rows} of them decide over {show(self.plan.bounty)}: one more right earns"
            f" {show(self.per_record)}, by luck or not"
        )

    def slips(self) -> list[str]:
        """What is allowed and yet looks like a slip, a sentence each: to be asked back."""
        plan, said = self.plan, []
        if self.reached is not None and self.reached < min(self.start + plan.min_gain, plan.target):
            said.append(
                f"no visit raised the {plan.metric} above the start of {format_ppm(self.start)}, although the"
                f" mine had the validation records themselves: {self._advice()}"
            )
        return said

    def warnings(self) -> list[str]:
        """What the rehearsal says against the plan, a sentence each; most important first."""
        plan, said = self.plan, []
        if self.few_records is not None:
            said.append(
                f"validation records are few: {self.few_records}; `create` wants --few-records for that"
            )
        reached = max(self.reached or 0, self.noised[-1] if self.noised is not None else 0)
        if self.reached is not None and self.start + plan.min_gain <= self.reached and reached < plan.target:
            said.append(
                f"a mine that has the validation records themselves reaches {format_ppm(self.reached)}, not"
                f" the target of {format_ppm(plan.target)}: the bounty would hardly pay more than"
                f" {plan.asset.show(paid(plan, self.start, self.reached))}"
            )
        if (
            self.reached is not None
            and self.plain_reached is not None
            and self.plain_reached >= self.reached - plan.min_gain
        ):
            said.append(
                f"a linear model reaches {format_ppm(self.plain_reached)}, the network"
                f' {format_ppm(self.reached)}: family = "{_plain_family(plan)}" costs mines a fraction, and'
                " they may train it under a privacy budget, which most have"
            )
        elif plan.algorithm.family == NETWORK:
            said.append("mines train networks only where their owners gave up privacy for it; few may join")
        return [*self._without_records(), *said, *self._limits()]

    def _without_records(self) -> list[str]:
        """What takes no record and is paid all the same: of the bounty, a hundredth or more."""
        plan, said = self.plan, []
        if not plan.guiding_share and FEW <= self.rows < LEAST_SPLIT:
            said.append(
                f"of {self.rows} validation records all guide and pay: guesses still find 1 to 2 % of it;"
                ' guiding_share = "50 %" kept them out (docs/noise-mining.md)'
            )
        elif self.rows < FEW:
            said.append(
                f"{self.rows} validation records are so few that guesses find 1 to 11 % of the bounty after"
                " the first mine, too (docs/noise-mining.md): more of them are the best guard"
            )
        for found, when in zip(self.unearned, ("before any mine", "after the first mine"), strict=True):
            left = 0 if found is None else found.left(fee_ppm(plan, self.start))
            if found is None or left * 100 < denominator(plan, self.start):
                continue
            amount = plan.asset.show(plan.bounty * left // denominator(plan, self.start))
            what = "only makes its scores larger or smaller"
            if found.column is not None:
                what = f"only names {self._named(found)} more often"
            said.append(
                f"{when} a submission that {what}, and so takes no record, is paid: whoever tries it is left"
                f" with {amount}; {self._remedy(found, when)} (docs/noise-mining.md)"
            )
        return said

    def _named(self, found: Unearned) -> str:
        classes = self.plan.schema.classes
        if classes is None or found.column is None:
            return "higher numbers" if found.more else "lower numbers"
        if len(classes) == 2 and self.plan.family.weights_shape[1] == 1:
            return repr(classes[int(found.more)])
        return repr(classes[found.column]) if found.more else f"classes other than {classes[found.column]!r}"

    def _remedy(self, found: Unearned, when: str) -> str:
        plan = self.plan
        if found.column is None:
            return "steps = [0.5, 1, 2, 4, 8] let the search go as far along the mine's own gradient"
        if plan.schema.classes is None:
            return "more [rule] steps leave less of it, and so does a center nearer to the label's mean"
        if when == "before any mine" and plan.metric == "accuracy":
            return "list the most frequent class first among the label's: the first model then names it"
        return 'metric = "auc" asks for the order alone, which no such thing changes'

    def _limits(self) -> list[str]:
        """What was measured of such plans on other tables (benchmarks/TABLES.md)."""
        own, said = self.plan.algorithm, []
        rare = self.rarest is not None and 0 < self.rarest < RARE
        if own.family == NETWORK and own.parameters.get("bias") is False:
            said.append("networks without bias ended 4 to 23 points below those with it on all five tables")
        if rare and "features" in own.parameters:
            said.append(
                f"one class has {self.rarest:.0%} of the records: on one of two such tables random features"
                " learned nothing"
            )
        elif rare:
            said.append(
                f"one class has {self.rarest:.0%} of the records: on such tables models ended 6 to 10 points"
                " of balanced accuracy below scikit-learn's on all records in the clear"
            )
        return said

    def as_row(self) -> dict[str, Any]:
        """As a JSON object; accuracies in ppm, amounts as text."""
        return {
            "start_ppm": self.start,
            "target_ppm": self.plan.target,
            "rehearsed_ppm": self.reached,
            "rehearsed_visits": self.visits,
            "rehearsed_linear_ppm": self.plain_reached,
            "epsilon": self.epsilon,
            "rehearsed_noised_ppm": None if self.noised is None else list(self.noised),
            "unearned_ppm": [None if one is None else one.gained for one in self.unearned],
            "most_paid": str(self.most_paid),
            "per_point": str(self.per_point),
            "warnings": [*self.slips(), *self.warnings()],
        }

    def _advice(self) -> str:
        if self.plan.metric == "accuracy":
            return (
                "where most records are of one class the first model names it always;"
                ' metric = "balanced_accuracy" starts lower, and pays for telling classes apart'
            )
        return "try another family, a feature map, or center and scale of the fields"


def fee_ppm(plan: Plan, start: int) -> int:
    """What the fee of one submission is worth, in ppm of the metric."""
    return plan.fee * denominator(plan, start) // plan.bounty


def denominator(plan: Plan, start: int) -> int:
    """What the contract divides by, ppm."""
    return plan.target - start if plan.pay_by_gap else plan.target


def paid(plan: Plan, start: int, best: int) -> int:
    """What Sonar pays in all for an accuracy that rises from the start to `best` (ppm), in wei, by the
    contract's own arithmetic. What one submission earns is a difference of two of these.
    """
    return plan.bounty * max(0, min(best, plan.target) - start) // denominator(plan, start)


def rehearse(plan: Plan, validation: pa.Table, start: int) -> Rehearsal:
    """Rehearse the plan on its validation records.

    Args:
        validation: in the plan's schema. start: what the first model scores on them, in ppm, if it is that of
            an earlier campaign.

    Raises:
        PlanError: Capsule would decline the campaign, no mine could train such a model, or no mine may.
    """
    _require_a_floor_that_can_be_met(plan)
    X, y = encoded(plan, validation)
    if not isinstance(plan.initial, FromCampaign):
        start = _measured(plan, X, y)
    _require_room(plan, start)
    if isinstance(plan.initial, FromCampaign):
        return Rehearsal(plan, len(y), start, None, 0)
    few = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).astype(np.int64)
    rows = Rows(X[few], y[few])
    weights = plan.initial if isinstance(plan.initial, np.ndarray) else None
    campaign = plain_campaign(plan, plan.algorithm, rows, weights)
    reached, visits = _reached(plan, campaign, rows)
    plain = None
    if plan.algorithm.family == NETWORK:
        linear = plain_campaign(plan, Algorithm(_plain_family(plan)), rows, None)
        plain, _ = _reached(plan, linear, rows)
    epsilon, noised = _under_noise(plan, campaign, rows)
    rarest = None
    if plan.schema.classes is not None and len(plan.schema.classes) == 2:
        rarest = float(np.bincount(y.astype(np.int64), minlength=2).min() / len(y))
    free = _without_records(plan, campaign, rows)
    return Rehearsal(plan, len(y), start, reached, visits, plain, rarest, epsilon, noised, free)


def _without_records(
    plan: Plan, campaign: PlainCampaign, rows: Rows
) -> tuple[Unearned | None, Unearned | None]:
    """What is paid to those who have none, before the mine of these records and after its first visit."""
    if not isinstance(plan.family, LinearFamily):
        return None, None
    rules = {"target": plan.target, "min_gain": plan.min_gain}
    first = after_one_visit(campaign, campaign.visit(rows), **rules)
    price = fee_ppm(plan, campaign.start)
    before, after = (
        None if standing is None else unearned(campaign, standing, price=price, **rules)
        for standing in (Standing(campaign.first, campaign.start), first)
    )
    return before, after


def _under_noise(
    plan: Plan, campaign: PlainCampaign, rows: Rows
) -> tuple[float | None, tuple[int, int, int] | None]:
    """What a mine's noise leaves of what it can reach."""
    family = plan.family
    if not isinstance(family, LinearFamily) or family.weights_shape[0] > MOST_INPUTS:
        return None, None
    epsilon, delta = expected_noise(plan)
    draws = sorted(_reached(plan, campaign, release(plan, rows, epsilon, delta))[0] for _ in range(DRAWS))
    return epsilon, (draws[0], draws[DRAWS // 2], draws[-1])


def plain_campaign(
    plan: Plan, algorithm: Algorithm, rows: Rows, weights: NDArray[np.float64] | None = None
) -> PlainCampaign:
    """The plan's campaign in plain numbers, measured on these rows."""
    scheme = scheme_named(algorithm.scheme)
    return PlainCampaign(
        family=algorithm.build(plan.schema),
        scheme=scheme,
        rule=algorithm.training_rule(),
        metric=plan.metric,
        steps=plan.steps,
        weight_bound=plan.weight_bound,
        difference_norm=plan.difference_norm,
        key_bits=plan.key_bits if algorithm.scheme == plan.algorithm.scheme else scheme.key_sizes[0],
        X=rows.X,
        y=rows.y,
        start_weights=weights,
        guides=guiding(b"rehearsal", len(rows.y), plan.guiding_rows(len(rows.y))),
    )


def _reached(plan: Plan, campaign: PlainCampaign, data: Learnable) -> tuple[int, int]:
    """The best accuracy in ppm, and how many visits raised it."""
    try:
        done = climb(
            campaign,
            {"": data},
            target=1_000_000,
            min_gain=plan.min_gain,
            most_evaluations=MOST_EVALUATIONS,
        )
    except BoundError as error:
        raise PlanError(SOURCE, *_unbounded(plan, error)) from None
    except SyftError as error:
        raise PlanError(SOURCE, "algorithm", str(error), "a model that a mine can train") from None
    return done.best, len(done.gains)


def _unbounded(plan: Plan, error: BoundError) -> tuple[str, str, str]:
    """Key, value and what would be right, for a visit that every mine would refuse."""
    why = f"such that no mine could train it ({error})"
    if plan.schema.classes is None:
        return "label", why, "center and scale, so that the label becomes a number between -4 and 4 or so"
    return "fields", why, "center and scale, so that each field becomes a number between -4 and 4 or so"


def _measured(plan: Plan, X: Inputs, y: NDArray[np.float64]) -> int:
    """The start, as Capsule measures it."""
    weights = plan.initial if isinstance(plan.initial, np.ndarray) else None
    start = plain_campaign(plan, plan.algorithm, Rows(X, y), weights).start
    if plan.start is not None and abs(start - plan.start) > plan.start_tolerance:
        raise PlanError(
            SOURCE,
            "start",
            format_ppm(plan.start),
            f"{format_ppm(start)}, as it is on these records, within start_tolerance: Capsule would decline",
        )
    return start


def _require_room(plan: Plan, start: int) -> None:
    if plan.target < start + plan.min_gain:
        raise PlanError(
            SOURCE,
            "target",
            format_ppm(plan.target),
            f"more than the start of {format_ppm(start)} by min_gain, {format_ppm(plan.min_gain)}, at least:"
            " Capsule cannot open such a campaign",
        )


def _require_a_floor_that_can_be_met(plan: Plan) -> None:
    floor = plan.privacy_floor
    if floor is None:
        return
    if plan.algorithm.family == NETWORK:
        raise PlanError(
            SOURCE,
            "privacy_floor",
            f"epsilon {floor.epsilon:g} for a network",
            "none: no mine can state a bound for a network's gradients; or a linear family",
        )
    if floor.delta <= 0:
        raise PlanError(SOURCE, "privacy_floor", "delta 0", "a delta above 0: mines' noise is Gaussian")


def encoded(plan: Plan, validation: pa.Table) -> tuple[Inputs, NDArray[Any]]:
    """Encoded, after the way through the bytes that are sealed."""
    table = plan.schema.select(records_from_bytes(records_to_bytes(plan.schema.select(validation))))
    return plan.schema.encode(table), plan.schema.encode_labels(table)


def _plain_family(plan: Plan) -> str:
    classes = plan.schema.classes
    if classes is None:
        return "linear"
    return "logistic" if len(classes) == 2 else "one_vs_rest"
