"""Mini-batch gradient descent as one affine map: the maps of the batches one after another."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from openmined_syft.affine import AffineMap
from openmined_syft.arithmetic import product
from openmined_syft.errors import ParameterError
from openmined_syft.parameters import of_training, whole
from openmined_syft.rules.problem import Quadratic

MOST_STEPS = 100_000
MOST_WORK = 4 * 10**12
"""Steps times columns^3, about a quarter of an hour: each step decomposes and multiplies such matrices."""


@dataclass(frozen=True)
class MiniBatch:
    """`epochs` passes over the rows, each in another order, `batch` rows at a time.

    With learning_rate None each batch takes 1/L, L the largest eigenvalue of that batch's second-derivative
    matrix; what `GradientDescent` says about that holds here too. The number of rows shows in the result's
    exact value only, as everything else about the data does.

    Attributes:
        batch: rows in a step, 1 to 1,000,000; the last of an epoch may have fewer.
        epochs: 1 to 10,000.
        l2: weight of the penalty, bias left out.
        learning_rate: positive, or None.
        seed: of the orders, 0 or more.
        damping: share of the way that is gone, in (0, 1]: 1 is all of it.

    Raises:
        ParameterError: a parameter is out of range.
    """

    batch: int = 32
    epochs: int = 5
    l2: float = 1e-3
    learning_rate: float | None = None
    seed: int = 0
    damping: float = 1.0

    name: ClassVar[str] = "mini_batch"

    def __post_init__(self) -> None:
        whole("batch", self.batch, 1, 1_000_000)
        whole("epochs", self.epochs, 1, 10_000)
        whole("seed", self.seed, 0, (1 << 62) - 1)
        of_training(self.l2, self.damping, self.learning_rate)

    def visit(self, problem: Quadratic) -> AffineMap:
        """The map of all epochs on `problem`.

        Raises:
            NotFiniteError: the learning rate is so large that the steps diverge beyond float64.
            ParameterError: more than 100,000 steps in all, or fewer of too many columns: a spec could keep a
                mine busy for days.
        """
        rows, shape = problem.rows, problem.shape
        steps = self.epochs * -(-rows // self.batch)
        if steps > MOST_STEPS:
            raise ParameterError(
                f"{self.epochs} epochs of {rows} rows by {self.batch} are {steps} steps; "
                f"at most {MOST_STEPS} are allowed"
            )
        if steps * shape[0] ** 3 > MOST_WORK:
            raise ParameterError(
                f"{steps} steps with {shape[0]} columns; at most {MOST_WORK // shape[0] ** 3} are allowed"
            )
        A, c = np.eye(shape[0]), np.zeros(shape)
        with np.errstate(over="ignore", invalid="ignore"):
            for epoch in range(self.epochs):
                for step in problem.batches(self.batch, self.seed, epoch):
                    hessian = step.hessian(self.l2)
                    rate = step.step_size(hessian, self.learning_rate)
                    A -= rate * product(hessian, A)
                    c += rate * (step.pull() - product(hessian, c))
        return AffineMap(A, c).damped(self.damping)

    def parameters(self) -> dict[str, Any]:
        """All parameters by name."""
        return asdict(self)
