"""A campaign rehearsed in plain numbers on the scientist's own validation records, before anything is paid.

The records are taken through the bytes that Capsule will open. Then a mine is played that holds just these
records: what it reaches on them is about the best that any mine can, and what stops it stops every mine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from openmined_syft.errors import BoundError, SyftError
from openmined_syft.judging.plain_campaign import PlainCampaign, climb
from openmined_syft.judging.unearned import Standing, Unearned, unearned
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
from pysonar.scientist.planning.rehearsal.findings import Rehearsal, plain_family
from pysonar.scientist.planning.rehearsal.free_riding import FreeRiding, free_riding
from pysonar.scientist.planning.rehearsal.paying import fee_ppm

MOST_ROWS = 2_000
"""A rehearsal shall take seconds: of more records these many, evenly spread, play the mine and measure it."""
MOST_EVALUATIONS = 12
DRAWS = 5


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
        linear = plain_campaign(plan, Algorithm(plain_family(plan)), rows, None)
        plain, _ = _reached(plan, linear, rows)
    epsilon, noised = _under_noise(plan, campaign, rows)
    rarest = None
    if plan.schema.classes is not None and len(plan.schema.classes) == 2:
        rarest = float(np.bincount(y.astype(np.int64), minlength=2).min() / len(y))
    before, after = _without_records(plan, campaign)
    return Rehearsal(plan, len(y), start, reached, visits, plain, rarest, epsilon, noised, before, after)


def _without_records(plan: Plan, campaign: PlainCampaign) -> tuple[Unearned | None, FreeRiding | None]:
    """What is paid to those who have none, before any mine and after the first visit of one. Of few records
    the second is not asked: they cannot tell, and `require_enough_records` refuses them.
    """
    if not isinstance(plan.family, LinearFamily):
        return None, None
    rules = {
        "target": plan.target, "min_gain": plan.min_gain, "price": fee_ppm(plan, campaign.start)
    }  # fmt: skip
    before = unearned(campaign, Standing(campaign.first, campaign.start), **rules)
    if len(campaign.y) < LEAST_SPLIT:
        return before, None
    return before, free_riding(campaign, guiding_share=plan.guiding_share, **rules)


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
