"""Full-batch gradient descent as one affine map."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.parameters import of_training, whole
from openmined_syft.rules.problem import Problem, Quadratic
from openmined_syft.rules.thin import thin_steps

MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class GradientDescent:
    """`steps` steps W <- W - learning_rate * gradient.

    With learning_rate None each mine takes 1/L, L the largest eigenvalue of its own second-derivative matrix.
    That number depends on the mine's data, and whoever decrypts the gradient can learn it: it is as private
    as the gradient itself. A mine with a privacy budget takes it from its noised release. A campaign that
    must not show it at all sets a public learning rate.

    Attributes:
        steps: 1 to 1,000,000. Costs nothing under encryption.
        l2: weight of the penalty l2 / 2 * ||W||^2, bias left out; 0 or more.
        learning_rate: positive, or None for 1/L.
        damping: share of the way that is gone, in (0, 1]: 1 is all of it.

    Raises:
        ParameterError: a parameter is out of range.
    """

    steps: int = 50
    l2: float = 1e-3
    learning_rate: float | None = None
    damping: float = 1.0

    name: ClassVar[str] = "gradient_descent"

    def __post_init__(self) -> None:
        whole("steps", self.steps, 1, MOST_STEPS)
        of_training(self.l2, self.damping, self.learning_rate)

    def visit(self, problem: Quadratic) -> AffineMap:
        """The map of all steps on `problem`, from any starting weights.

        Raises:
            NotFiniteError: the learning rate is so large that the steps diverge beyond float64.
        """
        if isinstance(problem, Problem) and problem.rows < problem.shape[0] - 1:
            return thin_steps(problem, self.l2, self.learning_rate, self.steps, self.damping)
        hessian = problem.hessian(self.l2)
        rate = problem.step_size(hessian, self.learning_rate)
        with np.errstate(over="ignore", invalid="ignore"):
            step = AffineMap(np.eye(len(hessian)) - rate * hessian, rate * problem.pull())
            return step.repeated(self.steps).damped(self.damping)

    def parameters(self) -> dict[str, Any]:
        """All parameters by name."""
        return asdict(self)
