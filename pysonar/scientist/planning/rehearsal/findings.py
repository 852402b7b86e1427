"""What a rehearsal found, in numbers and in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openmined_syft.judging.unearned import Unearned
from pysonar.protocol.amounts import format_ppm
from pysonar.protocol.artifacts.spec.algorithm import NETWORK
from pysonar.protocol.artifacts.spec.least_gain import LEAST_SPLIT
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan import SOURCE, Plan
from pysonar.scientist.planning.rehearsal.free_riding import STRETCHES, FreeRiding
from pysonar.scientist.planning.rehearsal.paying import denominator, fee_ppm, paid

A_LITTLE_MORE = 10_000
"""How far, in ppm, a target may lie above what the mine of validation records reaches: others reach a little
more."""
RARE = 0.25
"""A class with a smaller share is rare, as in the tables that were measured."""
_WIDER = "steps = [0.5, 1, 2, 4, 8] let the search go as far along the mine's own gradient"
_MORE_STEPS = (
    "[rule] steps = 30 or more leave less of it to guesses, and so do more records, center and scale near the"
    " fields' and the label's own, and a target that mines reach"
)
_BY_ORDER = 'metric = "auc" asks for the order alone, which no such thing changes'


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
        unearned: what somebody without a record is paid before any mine; None: nothing.
        free_riding: what such a one is left with after the first paid visit of a mine; None: nothing.
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
    unearned: Unearned | None = None
    free_riding: FreeRiding | None = None

    @property
    def most_paid(self) -> int:
        """Wei (or units of the token) that mines can earn at all: from the start to the target."""
        return paid(self.plan, self.start, self.plan.target)

    @property
    def per_point(self) -> int:
        """What one percent of accuracy earns, in wei."""
        return self.plan.bounty * 10_000 // denominator(self.plan, self.start)

    @property
    def paying_rows(self) -> int:
        """How many of the records decide what is paid; the others only guide."""
        return self.rows - self.plan.guiding_rows(self.rows)

    @property
    def per_record(self) -> int:
        """What one record more right of those that pay earns, in wei, by accuracy."""
        return self.plan.bounty * 1_000_000 // self.paying_rows // denominator(self.plan, self.start)

    def require_enough_records(self) -> None:
        """Raises PlanError where whoever guesses would be paid for luck: one validation record more right
        earns over a tenth of the bounty, or the guards are left to so few records that none holds.
        """
        if self.few_records is not None:
            paying = -(-10 * 1_000_000 // denominator(self.plan, self.start))
            least = -(-paying * 1_000_000 // (1_000_000 - self.plan.guiding_share))
            if self.plan.gain_by_rows:
                least = max(least, LEAST_SPLIT)
            raise PlanError(
                SOURCE,
                "the number of validation records",
                self.rows,
                f"{least} or more, since {self.few_records}; if it is meant all the same, say --few-records"
                " (in Python: launch(few_records=True))",
            )

    def require_no_free_riding(self) -> None:
        """Raises PlanError where somebody without a record is left with a fiftieth of the bounty or more
        after the first honest mine was paid. Half as much is a warning: where little is left to the target, a
        guess may find that.
        """
        if self._is_free_riding:
            raise PlanError(
                SOURCE,
                "what takes no record",
                "paid",
                f"nothing of it: {self._paid_for_nothing}; if it is meant all the same, say"
                " --allow-free-riding (in Python: launch(allow_free_riding=True))",
            )

    @property
    def few_records(self) -> str | None:
        """What luck earns, in words: where one record is worth over a tenth of the bounty, or where records
        are so few that no rule on them keeps luck out, and the plan has no smallest gain of its own.
        """
        show = self.plan.asset.show
        if self.per_record * 10 <= self.plan.bounty:
            if self.plan.gain_by_rows and self.rows < LEAST_SPLIT:
                return (
                    f"of so few, guesses find 1 to 11 % of {show(self.plan.bounty)} after the first mine, too"
                    " (docs/noise-mining.md)"
                )
            return None
        return (
            f"{self.paying_rows} of them decide over {show(self.plan.bounty)}: one more right earns"
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
        if (
            self.reached is not None
            and self.start + plan.min_gain <= self.reached
            and reached + A_LITTLE_MORE < plan.target
        ):
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
                f' {format_ppm(self.reached)}: family = "{plain_family(plan)}" costs mines a fraction, and'
                " they may train it under a privacy budget, which most have"
            )
        elif plan.algorithm.family == NETWORK:
            said.append("mines train networks only where their owners gave up privacy for it; few may join")
        return [*self._without_records(), *said, *self._limits()]

    def _without_records(self) -> list[str]:
        """What takes no record and is paid all the same: of the bounty, a hundredth or more."""
        plan, said = self.plan, []
        if self.rows < LEAST_SPLIT and self.few_records is None:
            said.append(
                f"{self.rows} validation records are so few that guesses find 1 to 11 % of the bounty after"
                " the first mine, too (docs/noise-mining.md): more of them are the best guard"
            )
        elif LEAST_SPLIT <= self.rows < 2 * LEAST_SPLIT and not plan.guiding_share:
            said.append(
                f"of {self.rows} validation records all guide and pay: guesses still find 1 to 2 % of it;"
                ' guiding_share = "50 %" keeps them out (docs/noise-mining.md)'
            )
        found, price = self.unearned, fee_ppm(plan, self.start)
        if found is not None and found.left(price) * 100 >= denominator(plan, self.start):
            what = STRETCHES if found.column is None else f"only names {self._named(found)} more often"
            said.append(self._left_with("before any mine", what, found.left(price), self._remedy(found)))
        if self._paid_for_nothing is not None:
            asked = "; `create` wants --allow-free-riding for that" if self._is_free_riding else ""
            said.append(f"{self._paid_for_nothing}{asked}")
        return said

    @property
    def _is_free_riding(self) -> bool:
        found = self.free_riding
        return found is not None and found.left * 50 >= denominator(self.plan, self.start)

    @property
    def _paid_for_nothing(self) -> str | None:
        """What is paid after the first mine and takes no record, in words; None for under a hundredth."""
        found, plan = self.free_riding, self.plan
        if found is None or found.left * 100 < denominator(plan, self.start):
            return None
        what = found.way if found.column is None else found.way.format(self._named(found))
        return self._left_with("after the first mine", what, found.left, self._remedy_after(found))

    def _left_with(self, when: str, what: str, left: int, remedy: str) -> str:
        amount = self.plan.asset.show(self.plan.bounty * left // denominator(self.plan, self.start))
        return (
            f"{when} a submission that {what}, and so takes no record, is paid: whoever tries it is left"
            f" with {amount}; {remedy} (docs/noise-mining.md)"
        )

    def _named(self, found: Unearned | FreeRiding) -> str:
        classes = self.plan.schema.classes
        if classes is None or found.column is None:
            return "higher numbers" if found.more else "lower numbers"
        if len(classes) == 2 and self.plan.family.weights_shape[1] == 1:
            return repr(classes[int(found.more)])
        return repr(classes[found.column]) if found.more else f"classes other than {classes[found.column]!r}"

    def _remedy(self, found: Unearned) -> str:
        plan = self.plan
        if found.column is None:
            return _WIDER
        if plan.schema.classes is None:
            return _MORE_STEPS
        if plan.metric == "accuracy":
            return "list the most frequent class first among the label's: the first model then names it"
        return _BY_ORDER

    def _remedy_after(self, found: FreeRiding) -> str:
        if found.way == STRETCHES:
            return _WIDER
        if self.plan.schema.classes is not None and self.plan.metric in ("balanced_accuracy", "macro_f1"):
            return _BY_ORDER
        return _MORE_STEPS

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
            "unearned_ppm": [
                None if self.unearned is None else self.unearned.gained,
                None if self.free_riding is None else self.free_riding.left,
            ],
            "most_paid": str(self.most_paid),
            "per_point": str(self.per_point),
            "warnings": [*self.slips(), *self.warnings()],
        }

    def _advice(self) -> str:
        if self.plan.metric == "accuracy":
            return (
                "where most records are of one class the first model names it always;"
                ' metric = "auc" starts at 50 %, and pays for telling classes apart'
            )
        return "try another family, a feature map, or center and scale of the fields"


def plain_family(plan: Plan) -> str:
    classes = plan.schema.classes
    if classes is None:
        return "linear"
    return "logistic" if len(classes) == 2 else "one_vs_rest"
