"""The validation rows as Capsule judges with them: all of them guide the search for the step and decide what
is paid, or some guide and the others decide.

With a split a step is chosen without a look at the rows that pay, and a gain counts only if the guiding rows
gain as well: luck must strike twice. Scientist, auditor and Capsule judge with this one class.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmined_syft.errors import ShapeError
from openmined_syft.judging.step_search import Best, Each, Weights, best_step, is_gain
from openmined_syft.metrics import measure_ppm
from openmined_syft.models import Inputs, ModelFamily
from openmined_syft.schemes import AnyScheme

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """Validation rows, encoded, and what is measured on them.

    Attributes:
        family, scheme, metric: of the campaign.
        X, y: all rows, (n, n_features) and (n,).
        guides: (n,), true for rows that guide the search and are not paid for; None: every row does both.

    Raises:
        ShapeError: a split that leaves no row on one side, or is of another number of rows.
    """

    family: ModelFamily
    scheme: AnyScheme
    metric: str
    X: Inputs = field(repr=False)
    y: NDArray[Any] = field(repr=False)
    guides: Mask | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        guides = self.guides
        if guides is None:
            return
        if guides.shape != (len(self.y),) or not 0 < int(guides.sum()) < len(self.y):
            raise ShapeError(
                f"{int(guides.sum())} guiding rows of {len(self.y)}; needs one or more on either side"
            )

    @property
    def labels_differ(self) -> bool:
        """Whether the rows that decide what is paid have more than one label. Else a constant answer scores
        all there is to score, and whoever only names it would be paid; a single row has one label, too.
        """
        _, y = self._paying
        return bool(np.any(y != y[:1]))

    def score(self, weights: Weights) -> int:
        """The metric of weights (d, k) on the rows that decide what is paid, in ppm."""
        return measure_ppm(self.metric, self.family, weights, *self._paying)

    def is_trainable(self, weights: Weights) -> bool:
        """Whether mines could go on from there."""
        return self.scheme.is_trainable(self.family, weights, *self._guiding)

    def search(
        self,
        current: Weights,
        gradient: Weights,
        steps: Iterable[float],
        *,
        weight_bound: float,
        weight_bits: int,
        each: Each = map,
    ) -> Best | None:
        """The step along a decrypted gradient (d, k) that suits the guiding rows best, with its score on the
        paying ones; None if none may be taken. `Best.guide` is what the guiding rows say.
        """
        family, scheme, (X, y) = self.family, self.scheme, self._guiding
        best = best_step(
            current,
            scheme.directions(family, current, gradient, X),
            steps,
            self._guide,
            lambda at: scheme.fit(family, at, X, y),
            weight_bound=weight_bound,
            weight_bits=weight_bits,
            is_trainable=self.is_trainable,
            each=each,
        )
        if self.guides is None:
            return best
        before = self._guide(current)
        paid = self.score(current if best is None else best.weights)  # the same work either way
        return None if best is None else replace(best, score=paid, guide=(before, best.score))

    def _guide(self, weights: Weights) -> int:
        return measure_ppm(self.metric, self.family, weights, *self._guiding)

    @cached_property
    def _guiding(self) -> tuple[Inputs, NDArray[Any]]:
        return self._where(True)

    @cached_property
    def _paying(self) -> tuple[Inputs, NDArray[Any]]:
        return self._where(False)

    def _where(self, guides: bool) -> tuple[Inputs, NDArray[Any]]:
        if self.guides is None:
            return self.X, self.y
        places = np.flatnonzero(self.guides == guides).astype(np.int64)
        return self.X[places], self.y[places]


def is_paid(best: Best, *, accuracy: int, target: int, min_gain: int) -> bool:
    """Whether a step is a gain over `accuracy` (ppm) on the paying rows and, where rows are split, on the
    guiding ones: these must gain `min_gain` as well, or be at the target.
    """
    if not is_gain(best.score, best=accuracy, target=target, min_gain=min_gain):
        return False
    before, after = best.guide or (0, target)
    return min(after, target) >= min(before + min_gain, target)
