"""The proximal step as an affine map: the exact minimiser near the weights one starts from."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.parameters import number
from openmined_syft.rules.problem import Quadratic


@dataclass(frozen=True)
class Proximal:
    """W <- argmin f(V) + rho / 2 ||V - W||^2 = (H + rho I)^-1 (rho W + pull).

    One such step goes to the minimum as far as the data say much, and stays where they say little; it has no
    step size to choose. ||A|| is at most 1.

    Attributes:
        rho: how strongly to stay, positive.
        l2: weight of the penalty, bias left out.
        damping: share of the way that is gone, in (0, 1]: 1 is all of it.

    Raises:
        ParameterError: a parameter is out of range.
    """

    rho: float = 0.01
    l2: float = 0.0
    damping: float = 1.0

    name: ClassVar[str] = "proximal"

    def __post_init__(self) -> None:
        number("rho", self.rho, 1e-9, 1e9)
        number("l2", self.l2, 0.0, 1e6)
        number("damping", self.damping, 1e-6, 1.0)

    def visit(self, problem: Quadratic) -> AffineMap:
        """The map of the step on `problem`."""
        hessian = problem.hessian(self.l2)
        stay = self.rho * np.eye(len(hessian))
        right = np.hstack([stay, problem.pull()])
        solved = np.linalg.solve(hessian + stay, right)
        return AffineMap(solved[:, : len(hessian)], solved[:, len(hessian) :]).damped(self.damping)

    def parameters(self) -> dict[str, Any]:
        """All parameters by name."""
        return asdict(self)
