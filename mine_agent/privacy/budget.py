"""The owner's budget: how much all releases together may tell of one record, and what one release may.

Written as people read it, (epsilon, delta); reckoned in zero-concentrated differential privacy, where costs
add up exactly. Because epsilon does not add up, a budget of 10 pays for more than three releases of 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from mine_agent.privacy.defaults import DEFAULT_DELTA, DEFAULT_EPSILON, DEFAULT_PRICE
from openmined_syft.errors import PrivacyError
from openmined_syft.privacy import epsilon_at, require_delta, rho_for


@dataclass(frozen=True)
class Budget:
    """What the owner allows.

    Attributes:
        epsilon: of all releases together, over all campaigns and data sets, for good.
        price: epsilon of one release.
        delta: of both: the chance with which epsilon may not hold.

    Raises:
        PrivacyError: one is out of range, or the price is above the budget.
    """

    epsilon: float = DEFAULT_EPSILON
    price: float = DEFAULT_PRICE
    delta: float = DEFAULT_DELTA

    def __post_init__(self) -> None:
        require_delta(self.delta)
        if self.price_rho > self.limit:
            raise PrivacyError(
                f"privacy_price is {self.price:g}; needs at most privacy_budget, which is {self.epsilon:g}"
            )

    @cached_property
    def limit(self) -> Fraction:
        """The budget as rho."""
        return rho_for(self.epsilon, self.delta)

    @cached_property
    def price_rho(self) -> Fraction:
        """The price as rho."""
        return rho_for(self.price, self.delta)

    def shown(self, rho: Fraction) -> float:
        """A cost as epsilon at this budget's delta."""
        return epsilon_at(rho, self.delta)

    def for_floor(self, epsilon: float, delta: float) -> Fraction:
        """What a release may cost if a campaign asks for (epsilon, delta) at most: the price, or less.

        Raises:
            PrivacyError: delta is 0, which Gaussian noise cannot give.
        """
        if delta <= 0:
            raise PrivacyError(
                "the campaign asks for privacy with delta 0; Gaussian noise, this mine's, has one above 0"
            )
        return min(self.price_rho, rho_for(epsilon, delta))


DEFAULT_BUDGET = Budget()
