"""The proximal step as an affine map: the exact minimiser near the weights one starts from."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.arithmetic import solved
from openmined_syft.errors import ParameterError
from openmined_syft.parameters import number, of_training
from openmined_syft.rules.problem import Quadratic

LEAST_RHO = 1e-3
"""The step keeps rho / (h + l2 + rho) of the weights along a direction of curvature h. What it keeps is all
that the mine does not know of the model it makes: with rho far below l2 and h the model is the mine's own
minimum, to the last digit. With this bound and l2 at most rho, as much stays unknown as after a thousand
steps of gradient descent (figures: docs/encrypted-training.md, `python -m benchmarks.studies.leaks`)."""


@dataclass(frozen=True)
class Proximal:
    """W <- argmin f(V) + rho / 2 ||V - W||^2 = (H + rho I)^-1 (rho W + pull).

    One such step goes to the minimum as far as the data say much, and stays where they say little; it has no
    step size to choose. ||A|| is at most 1.

    Attributes:
        rho: how strongly to stay, `LEAST_RHO` or more.
        l2: weight of the penalty, bias left out; at most rho.
        damping: share of the way that is gone, in (0, 1]: 1 is all of it.

    Raises:
        ParameterError: a parameter is out of range.
    """

    rho: float = 0.01
    l2: float = 0.0
    damping: float = 1.0

    name: ClassVar[str] = "proximal"

    def __post_init__(self) -> None:
        number("rho", self.rho, LEAST_RHO, 1e9)
        of_training(self.l2, self.damping)
        if self.l2 > self.rho:
            raise ParameterError(
                f"l2 is {self.l2} with rho {self.rho}; needs l2 up to rho: beyond, little of the model stays"
                " that the mine which trained it does not know"
            )

    def visit(self, problem: Quadratic) -> AffineMap:
        """The map of the step on `problem`."""
        hessian = problem.hessian(self.l2)
        stay = self.rho * np.eye(len(hessian))
        right = np.hstack([stay, problem.pull()])
        found = solved(hessian + stay, right)
        return AffineMap(found[:, : len(hessian)], found[:, len(hessian) :]).damped(self.damping)

    def parameters(self) -> dict[str, Any]:
        """All parameters by name."""
        return asdict(self)
