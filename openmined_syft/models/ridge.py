"""Ridge regression: linear regression whose penalty belongs to the model, not to the way it is trained."""

from dataclasses import dataclass
from typing import ClassVar

from openmined_syft.models.linear import Linear
from openmined_syft.parameters import number


@dataclass(frozen=True)
class Ridge(Linear):
    """f(W) = ||X W - Y||^2 / (2 n) + alpha / 2 ||W||^2, bias left out.

    Attributes:
        alpha: 0 or more, for the mean over rows: scikit-learn's `alpha` divided by the number of rows, so
            that the penalty does not depend on how many rows a mine has.
    """

    alpha: float = 1e-3

    name: ClassVar[str] = "ridge"
    own_parameters: ClassVar[tuple[str, ...]] = ("alpha",)

    def __post_init__(self) -> None:
        super().__post_init__()
        number("alpha", self.alpha, 0.0, 1e6)

    @property
    def penalty(self) -> float:
        """`alpha`."""
        return self.alpha
