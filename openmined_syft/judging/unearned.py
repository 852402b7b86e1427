"""What somebody who has no record is paid on given validation rows, for what takes no guess: a model that
names one class more often, or the same model with larger or smaller scores.

Random guesses depend on the number of rows, and the smallest paid gain keeps them out (docs/noise-mining.md).
These depend on the table and the metric, so they are played: a shift changes no ROC area, and very much of
the balanced accuracy where a class is rare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import clipped
from openmined_syft.judging.judged_rows import is_paid
from openmined_syft.judging.plain_campaign import PlainCampaign
from openmined_syft.models.family import LinearFamily

Weights = NDArray[np.float64]

MOST_CLASSES = 16
MULTIPLES = (1.0, -0.5, 4.0)
"""Of the current weights; with the steps of the search, from an eighth off to nine times them."""
SHORT = 0.3
"""A shift where there is no model yet."""


@dataclass(frozen=True)
class Unearned:
    """What is gained without a record.

    Attributes:
        gained: ppm of the metric. submissions: how many ways are tried until it is found, at most.
        column: of the class that is named more often or less; None: the model was stretched.
        more: whether it is named more often.
    """

    gained: int
    submissions: int
    column: int | None
    more: bool

    def left(self, price: int) -> int:
        """What is left of it when each submission costs so much, in ppm of the metric."""
        return self.gained - self.submissions * price


@dataclass(frozen=True)
class Standing:
    """Where a campaign is: the weights of its version (d, k), and what is paid up to now, in ppm."""

    weights: Weights
    best: int


def after_one_visit(campaign: PlainCampaign, visit: object, *, target: int, min_gain: int) -> Standing | None:
    """The first version that a mine is paid for; None if its visit gains nothing."""
    start = campaign.start
    found = campaign.best_step(campaign.first, campaign.gradient(campaign.first, visit))
    if found is None or not is_paid(found, accuracy=start, target=target, min_gain=min_gain):
        return None
    return Standing(found.weights, min(found.score, target))


def unearned(
    campaign: PlainCampaign, standing: Standing, *, target: int, min_gain: int, price: int
) -> Unearned | None:
    """The way that leaves most when all ways of its kind are tried; None if none leaves anything.

    Args:
        price: what the fee of a submission is worth, in ppm of the metric.
    """
    if not isinstance(campaign.family, LinearFamily):
        return None
    best: Unearned | None = None
    for column, more, difference in ways(standing.weights):
        sent = clipped(difference, campaign.difference_norm)
        found = campaign.best_step(standing.weights, sent)
        if found is None or not is_paid(found, accuracy=standing.best, target=target, min_gain=min_gain):
            continue
        tries = len(MULTIPLES) if column is None else 2 * standing.weights.shape[1]
        one = Unearned(min(found.score, target) - standing.best, tries, column, more)
        if one.gained > tries * price and (best is None or one.left(price) > best.left(price)):
            best = one
    return best


def ways(weights: Weights) -> Iterator[tuple[int | None, bool, Weights]]:
    """Column, direction and difference of each; a binary model has one column, which names class 1."""
    size = float(np.abs(weights[-1]).mean()) or SHORT
    for column in range(min(weights.shape[1], MOST_CLASSES)):
        for sign in (1, -1):
            difference = np.zeros_like(weights)
            difference[-1, column] = sign * size
            yield column, sign > 0, difference
    if weights.any():
        for factor in MULTIPLES:
            yield None, factor > 0, factor * weights
