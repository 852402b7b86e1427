"""A campaign in plain numbers: the gradients that mines would encrypt, and what Capsule makes of them.

The same families, rules, bounds and step search as the real thing, without ciphertexts: for data of one's
own, to rehearse a campaign before it is paid for and to simulate many mines. Nothing here may be fed with
anybody else's records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import clipped, quantised
from openmined_syft.fixed_point import WEIGHT_BITS
from openmined_syft.judging.judged_rows import JudgedRows, Mask, is_paid
from openmined_syft.judging.step_search import Best
from openmined_syft.models import Inputs, Learnable, ModelFamily
from openmined_syft.rules import Rule
from openmined_syft.schemes import AnyScheme

Weights = NDArray[np.float64]

_VISIT_BYTES = 1 << 30  # of all mines' visits together; beyond that they are computed anew in each turn


@dataclass(frozen=True, eq=False)
class PlainCampaign:
    """What Capsule knows of a campaign.

    Attributes:
        family, scheme, rule: of the spec's algorithm; the rule of a network is None.
        metric: its name.
        steps, weight_bound, difference_norm, key_bits: the spec's.
        X, y: the validation rows, encoded: (n, n_features) and (n,).
        guides: (n,), the rows that only guide the search; None: there is no split.
        start_weights: (d, k); by default the family's initial ones.
    """

    family: ModelFamily
    scheme: AnyScheme
    rule: Rule | None
    metric: str
    steps: tuple[float, ...]
    weight_bound: float
    difference_norm: float
    key_bits: int
    X: Inputs = field(repr=False)
    y: NDArray[Any] = field(repr=False)
    start_weights: Weights | None = field(default=None, repr=False)
    guides: Mask | None = field(default=None, repr=False)

    @cached_property
    def judged(self) -> JudgedRows:
        """The validation rows, as Capsule judges with them."""
        return JudgedRows(self.family, self.scheme, self.metric, self.X, self.y, self.guides)

    @cached_property
    def first(self) -> Weights:
        """The weights of version 0, as they come out of encryption."""
        start = self.family.initial_weights() if self.start_weights is None else self.start_weights
        return quantised(start)

    def score(self, weights: Weights) -> int:
        """The metric on the validation rows that are paid for, in ppm."""
        return self.judged.score(weights)

    @property
    def start(self) -> int:
        """What the first weights score, in ppm."""
        return self.score(self.first)

    def visit(self, data: Learnable, *, version: int = 0, salt: bytes = b"") -> object:
        """What a mine's data come to; for linear families the same for every version.

        Raises:
            SyftError: nothing can be learned from them.
        """
        return self.scheme.visit(self.family, data, self.rule, version=version, salt=salt)

    def gradient(self, weights: Weights, visit: object) -> Weights:
        """What a mine would send, as Capsule would decrypt it. Raises BoundError."""
        sent = self.scheme.plain_gradient(self.family, weights, visit, self.key_bits, self.weight_bound)
        return clipped(sent, self.difference_norm)

    def best_step(self, weights: Weights, gradient: Weights) -> Best | None:
        """Capsule's own search along a gradient; None if no step may be taken."""
        return self.judged.search(
            weights, gradient, self.steps, weight_bound=self.weight_bound, weight_bits=WEIGHT_BITS
        )


@dataclass(frozen=True)
class Gain:
    """One paid improvement: whose, at which of all evaluations (from 0), and the accuracy before and after,
    in ppm.
    """

    mine: str
    evaluation: int
    before: int
    after: int


@dataclass
class Climb:
    """How a campaign went.

    Attributes:
        start: in ppm. gains: in order. evaluations: how many gradients were judged. weights: the last
            version.
    """

    start: int
    weights: Weights = field(repr=False)
    gains: list[Gain] = field(default_factory=list)
    evaluations: int = 0

    @property
    def best(self) -> int:
        """The accuracy that is paid up to now, in ppm."""
        return self.gains[-1].after if self.gains else self.start


@dataclass(frozen=True)
class FreeRider:
    """Somebody without records. Those with an even number submit the last version's change once more, which
    everybody can make of two public models; the others, and all before there is a change, a drawn direction.
    """

    number: int

    def gradient(self, change: Weights) -> Weights:
        """Of unit length, or the change itself; zeros mean no change."""
        if self.number % 2 == 0 and change.any():
            return change
        drawn: Weights = np.random.default_rng(self.number).normal(size=change.shape)
        return drawn / np.linalg.norm(drawn)


def climb(
    campaign: PlainCampaign,
    mines: Mapping[str, Learnable],
    *,
    target: int,
    min_gain: int,
    most_evaluations: int = 1_000_000,
    free_riders: Mapping[str, FreeRider] | None = None,
) -> Climb:
    """Mines that take turns in the given order until the target is reached, or none of them gains any more.

    Args:
        target, min_gain: the terms', in ppm.
        free_riders: spread evenly among the mines.

    Raises:
        SyftError: a mine's data cannot be learned from, or its gradient breaks a bound.
    """
    weights = campaign.first
    done, change = Climb(campaign.score(weights), weights), np.zeros_like(weights)
    visits, riders = _Visits(campaign, mines), free_riders or {}
    turns, in_vain = _spread(list(mines), list(riders)), 0
    while in_vain < len(turns):
        for name in turns:
            if done.best >= target or in_vain >= len(turns) or done.evaluations >= most_evaluations:
                return done
            if name in riders:
                gradient = clipped(riders[name].gradient(change), campaign.difference_norm)
            else:
                gradient = campaign.gradient(done.weights, visits.of(name, version=len(done.gains)))
            found = campaign.best_step(done.weights, gradient)
            done.evaluations += 1
            in_vain += 1
            if found and is_paid(found, accuracy=done.best, target=target, min_gain=min_gain):
                after = min(found.score, target)
                done.gains.append(Gain(name, done.evaluations - 1, done.best, after))
                change, in_vain = found.weights - done.weights, 0
                done.weights = found.weights
    return done


class _Visits:
    """What mines' data come to: kept for the next turn as far as there is room, as no version changes it."""

    def __init__(self, campaign: PlainCampaign, mines: Mapping[str, Learnable]) -> None:
        self._campaign, self._mines = campaign, mines
        rows, columns = campaign.family.weights_shape
        self._room = max(1, _VISIT_BYTES // (8 * rows * (rows + columns)))
        self._kept: dict[str, object] = {}

    def of(self, name: str, *, version: int) -> object:
        if name in self._kept:
            return self._kept[name]
        visit = self._campaign.visit(self._mines[name], version=version, salt=name.encode())
        if not self._campaign.scheme.fresh_rows and len(self._kept) < self._room:
            self._kept[name] = visit
        return visit


def _spread(many: list[str], few: list[str]) -> list[str]:
    """Both, each in its order and evenly among the other."""
    placed = [((at + 0.5) / len(names), name) for names in (many, few) for at, name in enumerate(names)]
    return [name for _, name in sorted(placed, key=lambda one: one[0])]
