"""What the schemes of the linear families share: a visit is one affine map, its gradient a difference."""

from collections.abc import Callable
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from openmined_syft.affine import AffineMap
from openmined_syft.errors import FormError
from openmined_syft.models import Inputs, Learnable, ModelFamily
from openmined_syft.models.family import LinearFamily
from openmined_syft.rules import Rule
from openmined_syft.schemes.interface import Direction, GradientT, ModelT, PrivateT, PublicT, Scheme

LARGEST_ROWS = 4097  # 4,096 inputs and the bias: a visit needs matrices of that many squared numbers


def largest_where(fits: Callable[[int], bool], most: int) -> int:
    """The largest number of rows that fits; 0 if none does. What fits with more, fits with fewer."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def check_declared(weight_limit: int, layout: object, *, most: int, usual: object) -> None:
    """No weight of a model is declared beyond the bound, and its layout is the one everybody chooses.

    Raises:
        FormError: naming field, value and what it should be.
    """
    if weight_limit > most:
        raise FormError("weight_limit", weight_limit, f"at most {most}")
    if layout != usual:
        raise FormError("layout", layout, f"{usual}")


class LinearScheme(
    Scheme[PublicT, PrivateT, ModelT, GradientT, AffineMap], Generic[PublicT, PrivateT, ModelT, GradientT]
):
    """Additive encryption of weights that every training step is affine in."""

    fresh_rows = False

    @override
    def visit(
        self,
        family: ModelFamily,
        data: Learnable,
        rule: Rule | None,
        *,
        version: int,
        salt: bytes,
    ) -> AffineMap:
        """All records, or a release of their sums, as one affine map: the same for every version."""
        if not isinstance(family, LinearFamily) or rule is None:
            raise TypeError(f"family {family.name} is not trained under {self.name}")
        return family.compiled(data, rule)

    @override
    def directions(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        gradient: NDArray[np.float64],
        X: Inputs,
    ) -> tuple[Direction, ...]:
        """The difference itself: the mine has trained to an end."""
        return (Direction(gradient),)

    @override
    def fit(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        X: Inputs,
        y: NDArray[Any],
    ) -> float:
        """Nothing: of equal ones the longest step is taken (see `openmined_syft.judging.step_search`)."""
        return 0.0

    @override
    def is_trainable(
        self,
        family: ModelFamily,
        weights: NDArray[np.float64],
        X: Inputs,
        y: NDArray[Any],
    ) -> bool:
        """Always: a mine knows the bound of the weights and makes its slots wide enough."""
        return True
