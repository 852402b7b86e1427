"""What a plan pays for an accuracy: the fee, and the denominator of the payout."""

from __future__ import annotations

from pysonar.scientist.planning.plan import Plan


def fee_ppm(plan: Plan, start: int) -> int:
    """What the fee of one submission is worth, in ppm of the metric."""
    return plan.fee * denominator(plan, start) // plan.bounty


def denominator(plan: Plan, start: int) -> int:
    """What the contract divides by, ppm."""
    return plan.target - start if plan.pay_by_gap else plan.target


def paid(plan: Plan, start: int, best: int) -> int:
    """What Sonar pays in all for an accuracy that rises from the start to `best` (ppm), in wei, by the
    contract's own arithmetic. What one submission earns is a difference of two of these.
    """
    return plan.bounty * max(0, min(best, plan.target) - start) // denominator(plan, start)
