"""Whether a submission is worth its cost, in exact arithmetic.

What the next submission earns is not known; it is estimated from what the campaign can still pay and from
what this mine's latest submissions there were paid (`expected_payout`). Two things must hold: the next
submission pays for itself, and the campaign as a whole does. So a mine whose gradients bring nothing any more
stops by itself, and can lose no more than it had hoped to earn.

Not here: what a campaign can still pay (`CampaignRecord.left_to_earn`), and what was really paid (see
`earnings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

LATEST = 4
"""Judged submissions that count: what was earned long ago says nothing of the next one."""


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


def expected_payout(left: int, share: Fraction, payouts: Sequence[int]) -> Fraction:
    """What the next submission is reckoned to earn, in wei: `share` of what is left, as one observation among
    this mine's latest payouts (0 where there was no gain); never more than what is left.
    """
    latest = payouts[-LATEST:]
    return min(Fraction(left), (left * share + sum(latest)) / (1 + len(latest)))


@dataclass(frozen=True)
class Reckoning:
    """Expected earnings against expected cost, in wei: of the next submission, and of the campaign so far and
    it. `margin`: by what part of the cost earnings must be above it.
    """

    expected: Fraction
    cost: Fraction
    earned: int
    spent: int
    margin: Fraction

    @property
    def next_pays(self) -> bool:
        """Whether the next submission pays for itself. Equal is worth it."""
        return self.expected >= self.cost * (1 + self.margin)

    @property
    def all_pays(self) -> bool:
        """Whether the campaign as a whole does, the next submission included."""
        return self.earned + self.expected >= (self.spent + self.cost) * (1 + self.margin)
