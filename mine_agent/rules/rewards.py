"""Whether a submission is worth its cost, in exact arithmetic.

Not here: what a campaign can still pay (`CampaignRecord.left_to_earn`), and what was really paid (see
`earnings`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Cost:
    """What one submission costs or risks, in wei."""

    stake: int
    fee: int
    gas: int

    def up_front(self) -> int:
        """Wei the account must hold before it submits."""
        return self.stake + self.fee + self.gas

    def expected(self, stake_risk: Fraction) -> Fraction:
        """Fee and gas, which never come back, and the part of the stake that is reckoned as lost."""
        return self.fee + self.gas + self.stake * stake_risk


def is_worth(left: int, cost: Cost, *, expected_share: Fraction, stake_risk: Fraction) -> bool:
    """Whether `expected_share` of what is left covers the expected cost. Equal is worth it."""
    return left * expected_share >= cost.expected(stake_risk)
