"""Mines' noise as rehearsals and simulations play it: each mine makes one release, and learns from nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from openmined_syft.models import Learnable, Rows
from openmined_syft.models.family import LinearFamily
from openmined_syft.privacy import NoisedSums, exact_sums, rho_for
from pysonar.protocol.artifacts.spec.record_clip import record_clip
from pysonar.scientist.errors import PlanError
from pysonar.scientist.planning.plan import Plan

USUAL_EPSILON, USUAL_DELTA = 3.0, 1e-6
"""Of one release, by the default of mines."""
MOST_INPUTS = 128
"""Up to this many inputs one release is drawn within half a second; the time grows with the square."""


def expected_noise(plan: Plan) -> tuple[float, float]:
    """Epsilon and delta of a release for this plan by a mine with the usual budget: the plan's floor can ask
    for more noise than usual, never for less.
    """
    floor = plan.privacy_floor
    if floor is None:
        return USUAL_EPSILON, USUAL_DELTA
    return min(floor.epsilon, USUAL_EPSILON), min(floor.delta, USUAL_DELTA)


def release(plan: Plan, rows: Rows, epsilon: float, delta: float = USUAL_DELTA) -> NoisedSums:
    """What a mine with these rows would learn from. PlanError for a network, which has no such release."""
    family = plan.family
    if not isinstance(family, LinearFamily):
        raise PlanError("the simulation", "epsilon", epsilon, "none, for a network: nothing bounds it")
    return exact_sums(family.grid_rows(rows, record_clip(plan.schema, family))).noised(
        rho_for(epsilon, delta)
    )


class Releases(Mapping[str, Learnable]):
    """Each mine's one release, drawn when it is first asked for and the same from then on."""

    def __init__(self, plan: Plan, rows: Mapping[str, Rows], epsilon: float) -> None:
        self._plan, self._rows, self._epsilon = plan, rows, epsilon
        self._drawn: dict[str, NoisedSums] = {}

    def __getitem__(self, name: str) -> Learnable:
        if name not in self._drawn:
            self._drawn[name] = release(self._plan, self._rows[name], self._epsilon)
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
