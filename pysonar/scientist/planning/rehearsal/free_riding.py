"""What somebody without a record would be left with after the first honest mine, played on the scientist's
own records: corrections that take no guess, and guesses.

One drawing says little: which records pay is drawn, mines have other records than the scientist, and luck
that came once is no income. So it is played several times, each time with half of the records as the mine's
and the other half to measure on; and only what is left on average counts, beyond its error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import clipped
from openmined_syft.judging.judged_rows import is_paid
from openmined_syft.judging.plain_campaign import PlainCampaign
from openmined_syft.judging.unearned import Standing, after_one_visit, ways
from openmined_syft.models import Rows
from openmined_syft.models.family import LinearFamily
from pysonar.protocol.artifacts.validation_rows import guiding

MOST_DRAWINGS, LEAST_DRAWINGS = 12, 4
NUMBERS = 20_000_000
"""Weights times records of all drawings: a rehearsal shall take seconds."""
VISITS = 2_000_000_000
"""Cubes of the inputs of all drawings: what a mine's visit costs, seconds for a thousand inputs."""
GUESSES, FEW_GUESSES = 4, 2
"""Of each shape, in each drawing; few where a drawing takes long."""
ERRORS = 1.5
"""Above so many standard errors an average is no luck: of 72 campaigns of nine kinds that leave next to
nothing it named three with a hundredth of the bounty or more."""
UNLABELLED = 60
Weights = NDArray[np.float64]
Design = Callable[[Any], Weights]


@dataclass(frozen=True)
class FreeRiding:
    """A way to be paid without a record.

    Attributes:
        way: in words, after "a submission that". left: ppm of the metric, on average, the fee taken off.
        column, more: of a class that is named more often or less; None of all else.
    """

    way: str
    left: int = 0
    column: int | None = None
    more: bool = True


STRETCHES = "only makes its scores larger or smaller"
GUESSING = (
    "is a guess",
    "is a guess beside the last change of the model",
    "is a guess in the biases",
    "is a guess shaped by records without labels",
)


def free_riding(
    campaign: PlainCampaign, *, guiding_share: int, target: int, min_gain: int, price: int
) -> FreeRiding | None:
    """The way that leaves most; None if none leaves anything, or the first mine is not paid.

    Args:
        campaign: with the scientist's records. guiding_share: of them, ppm.
        price: what the fee of a submission is worth, in ppm of the metric.
    """
    if not isinstance(campaign.family, LinearFamily):
        return None
    rows = len(campaign.y)
    min_gain = min(target, int(min_gain * sqrt(2)))  # of half the records, as far beyond luck as of all
    left: dict[FreeRiding, list[float]] = {}
    most = min(NUMBERS // (rows * campaign.first.size), VISITS // len(campaign.first) ** 3)
    guesses = GUESSES if most >= MOST_DRAWINGS else FEW_GUESSES
    for number in range(min(MOST_DRAWINGS, max(LEAST_DRAWINGS, most))):
        random = np.random.default_rng(number)
        order = random.permutation(rows)
        mine, own = np.sort(order[: rows // 2]), np.sort(order[rows // 2 :])
        split = guiding(b"free riding" + bytes([number]), len(own), len(own) * guiding_share // 1_000_000)
        drawn = replace(campaign, X=campaign.X[own], y=campaign.y[own], guides=split)
        visit = drawn.visit(Rows(campaign.X[mine], campaign.y[mine]))
        standing = after_one_visit(drawn, visit, target=target, min_gain=min_gain)
        if standing is None:
            continue
        here: dict[FreeRiding, list[int]] = {}
        for way, sent in _submissions(drawn, campaign.family.design, standing, random, guesses):
            gained = 0
            if standing.best < target:  # else it is over, and costs nobody a fee
                gained = _paid(drawn, standing, sent, target, min_gain) - price
            here.setdefault(way, []).append(gained)
        for way, each in here.items():
            left.setdefault(way, []).append(float(np.mean(each)))
    return _most(left)


def _most(left: dict[FreeRiding, list[float]]) -> FreeRiding | None:
    """Of ways and what each left in each drawing."""
    best: FreeRiding | None = None
    for way, each in left.items():
        if len(each) < LEAST_DRAWINGS:
            continue
        mean, error = float(np.mean(each)), float(np.std(each, ddof=1) / np.sqrt(len(each)))
        if mean > ERRORS * error and (best is None or mean > best.left):
            best = replace(way, left=int(mean))
    return best


def _paid(campaign: PlainCampaign, standing: Standing, sent: Weights, target: int, min_gain: int) -> int:
    found = campaign.best_step(standing.weights, clipped(sent, campaign.difference_norm))
    if found is None or not is_paid(found, accuracy=standing.best, target=target, min_gain=min_gain):
        return 0
    return min(found.score, target) - standing.best


def _submissions(
    campaign: PlainCampaign, design: Design, standing: Standing, random: np.random.Generator, guesses: int
) -> Iterator[tuple[FreeRiding, Weights]]:
    weights, change = standing.weights, standing.weights - campaign.first
    for column, more, difference in ways(weights):
        if column is None:
            yield FreeRiding(STRETCHES), difference
        else:
            yield FreeRiding("only names {} more often", 0, column, more), difference
    plain, beside, shift, shaped = map(FreeRiding, GUESSING)
    for _ in range(guesses):
        yield plain, _long(random.standard_normal(weights.shape), 0.3 * _norm(weights))
        noise = random.standard_normal(weights.shape)
        yield beside, random.uniform() * change + _long(noise, _norm(change))
        biases = np.zeros_like(weights)
        biases[-1] = random.standard_normal(weights.shape[1]) * float(np.abs(weights[-1]).mean())
        yield shift, biases
        yield shaped, _long(_unlabelled(campaign, design, random), 0.3 * _norm(weights))


def _unlabelled(campaign: PlainCampaign, design: Design, random: np.random.Generator) -> Weights:
    """Noise in the directions in which inputs differ, (d, k): takes records, and no label."""
    chosen = random.integers(0, len(campaign.y), UNLABELLED)
    told = random.standard_normal((UNLABELLED, campaign.first.shape[1]))
    return np.asarray(design(campaign.X[chosen]).T @ told)


def _norm(weights: Weights) -> float:
    return float(np.linalg.norm(weights))


def _long(drawn: Weights, length: float) -> Weights:
    size = _norm(drawn)
    return drawn * (length / size) if size else drawn
