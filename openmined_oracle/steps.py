"""How far to follow a gradient: the step search of DESIGN section 6, and the rule of what is paid.

Plain numbers only: no ciphertexts, no chain, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmined_syft.applying import candidate
from openmined_syft.errors import BoundError

Weights = NDArray[np.float64]
Score = Callable[[Weights], int]


@dataclass(frozen=True)
class Best:
    """The best of the tried steps: its factor, the weights there (d, k), and their score in ppm."""

    step: float
    weights: Weights
    score: int


def best_step(
    current: Weights,
    difference: Weights,
    steps: Iterable[float],
    score: Score,
    *,
    weight_bound: float,
    weight_bits: int,
) -> Best | None:
    """Try `current + s * difference` for every s in `steps`; the highest score wins, then the largest step.

    Ties are common, as a score counts rows. Digits split over three mines (80 % of each with its mine,
    T = 50, 360 validation rows, plain numpy, 60 seeds): 90 % accuracy within 12 evaluations in 55 runs with
    the largest step of a tie, in 51 with the smallest; the median is 3 evaluations with both.

    Args:
        current, difference: (d, k).
        score: weights to ppm.
        weight_bound: a step that would leave this bound is not tried: its model could not be encrypted.
        weight_bits: fraction bits of the model's scale: what is scored is what will be encrypted.

    Returns:
        None if every step leaves the bound.
    """
    best: Best | None = None
    for step in sorted(steps):
        try:
            weights = candidate(current, difference, step, weight_bound=weight_bound, weight_bits=weight_bits)
        except BoundError:
            continue
        reached = score(weights)
        if best is None or reached >= best.score:
            best = Best(step, weights, reached)
    return best


def is_gain(accuracy: int, *, best: int, target: int, min_gain: int) -> bool:
    """Sonar's own rule: a = min(accuracy, target), a >= min(best + min_gain, target), a > best (DESIGN 4)."""
    reached = min(accuracy, target)
    return reached > best and reached >= min(best + min_gain, target)
