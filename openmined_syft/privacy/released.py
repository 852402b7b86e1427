"""What a training rule sees of a release: a quadratic problem that is always well posed.

Noise makes X'X indefinite, and a step along a negative eigenvalue would run away. So eigenvalues below zero
become zero, and a ridge of about the noise's spectral norm, sigma sqrt(d), is added, as in AdaSSP (Wang
2018). With it every step of size 1/L contracts, and so does the proximal step. All of it is post-processing:
nothing here knows a record, nor how many there were.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from openmined_syft.arithmetic import largest_eigenvalue, positive_part
from openmined_syft.privacy.grid import UNIT
from openmined_syft.privacy.noised import NoisedSums

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReleasedProblem:
    """The quadratic problem of `openmined_syft.rules.problem`, known from a release only.

    Attributes:
        noised: the release, of the family's targets before `target_offset` is taken off.
        curvature: second derivative of the loss in X W.
        target_offset: what the family takes off its targets: T = Y - offset.
        penalty: the family's own l2.
    """

    noised: NoisedSums
    curvature: float
    target_offset: float = 0.0
    penalty: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """(d, k), the shape of the weights."""
        return self.noised.shape

    @cached_property
    def rows(self) -> int:
        """About how many records there are, 1 or more: from the noised sum over the squared bias."""
        count = float(self.noised.products()[-1, -1]) / self.noised.clip.bias_unit**2
        spread = math.sqrt(2 * self.noised.products_variance) / self.noised.clip.bias_unit**2
        return max(1, round(max(count, spread)))

    def hessian(self, l2: float) -> Matrix:
        """curvature (X'X, repaired) / rows + (penalty + l2) P, (d, d): symmetric and positive definite."""
        result: Matrix = self._repaired * (self.curvature / self.rows)
        penalised = np.arange(len(result) - 1)
        result[penalised, penalised] += self.penalty + l2
        return result

    def pull(self) -> Matrix:
        """X'(Y - offset) / rows, (d, k)."""
        clip = self.noised.clip
        inputs, targets = clip.with_bias / UNIT, clip.targets / UNIT
        pulls = self.noised.pulls.astype(np.float64) * (inputs * targets)
        sums = self.noised.products()[:, -1:].astype(np.float64) * (inputs / clip.bias_unit)
        result: Matrix = (pulls - self.target_offset * sums) / self.rows
        return result

    def step_size(self, hessian: Matrix, wanted: float | None) -> float:
        """1/L of the noised matrix, or `wanted` if that is smaller: longer steps might run away."""
        largest = 1.0 / largest_eigenvalue(hessian)
        return largest if wanted is None else min(wanted, largest)

    def batches(self, size: int, seed: int, epoch: int) -> Iterator["ReleasedProblem"]:  # noqa: ARG002
        """One for each batch of `size` records, each on all of them: a release has no parts."""
        for _ in range(-(-self.rows // size)):
            yield self

    @cached_property
    def _repaired(self) -> Matrix:
        unit = self.noised.clip.with_bias / UNIT
        scale = unit * unit
        repaired = positive_part(self.noised.products().astype(np.float64) * scale)
        places = np.arange(len(repaired))
        repaired[places, places] += math.sqrt(self.noised.products_variance * len(repaired)) * scale
        return repaired
