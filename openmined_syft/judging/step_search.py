"""How far to follow a gradient: the step search of docs/protocol.md, and the rule of what is paid.

Plain numbers only: no ciphertexts, no chain, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import candidate
from openmined_syft.schemes import Direction

Weights = NDArray[np.float64]
Score = Callable[[Weights], int]
Fit = Callable[[Weights], float]
Try = tuple[Direction, float]
Tried = tuple["Best", float, bool]
Each = Callable[[Callable[[Try], Tried], Iterable[Try]], Iterable[Tried]]
"""As `map`: in order. Threads may do it."""


@dataclass(frozen=True)
class Best:
    """The best of the tried steps: its factor, the weights there (d, k), their score in ppm, and the damping
    of its direction, if directions have one. `guide`: where the rows are split, the scores on those that
    guided the search, before and there (see `openmined_syft.judging.judged_rows`).
    """

    step: float
    weights: Weights
    score: int
    damping: float | None = None
    guide: tuple[int, int] | None = None


def best_step(
    current: Weights,
    directions: Sequence[Direction],
    steps: Iterable[float],
    score: Score,
    fit: Fit,
    *,
    weight_bound: float,
    weight_bits: int,
    is_trainable: Callable[[Weights], bool] = lambda _: True,
    each: Each = map,
) -> Best | None:
    """Try `current + s * difference` for every direction and every s in `steps`. The highest score wins, then
    the better fit, then the later direction and the largest step.

    Every step is measured in full, also one that may not be taken: the time tells nothing of the numbers.

    Ties are common, as a score counts rows. Digits split over three mines (80 % of each with its mine,
    T = 50, 360 validation rows, plain numpy, 60 seeds): 90 % accuracy within 12 evaluations in 55 runs with
    the largest step of a tie, in 51 with the smallest; the median is 3 evaluations with both.

    Args:
        current: (d, k), as the differences of the directions.
        score: weights to ppm.
        fit: weights to what tells equal scores apart.
        weight_bound: a step that would leave this bound is not taken: its model could not be encrypted.
        weight_bits: fraction bits of the model's scale: what is scored is what will be encrypted.
        is_trainable: whether mines could go on from there. A place from which they could not is never
            taken, however accurate: its maker would earn the gain, and nobody the rest.
        each: measures the tries, here one after the other.

    Returns:
        None if every step leaves the bound or leads where nobody can go on.
    """

    def tried(one: Try) -> Tried:
        direction, step = one
        weights = candidate(current, direction.difference, step, weight_bits=weight_bits)
        measured = np.clip(weights, -weight_bound, weight_bound)  # the same, or not taken anyway
        found = Best(step, weights, score(measured), direction.damping)
        fits, trainable = fit(measured), is_trainable(measured)
        return found, fits, trainable and np.array_equal(measured, weights)

    best: Best | None = None
    best_fit = 0.0
    for found, fits, may_be_taken in each(tried, product(directions, sorted(steps))):
        if not may_be_taken:
            continue
        if best is None or (found.score, fits) >= (best.score, best_fit):
            best, best_fit = found, fits
    return best


def is_gain(accuracy: int, *, best: int, target: int, min_gain: int) -> bool:
    """Sonar's own rule: a = min(accuracy, target), a >= min(best + min_gain, target), a > best."""
    reached = min(accuracy, target)
    return reached > best and reached >= min(best + min_gain, target)
