"""The payouts of a campaign in plain Python, written from docs/protocol.md, not from the contract."""

from fractions import Fraction
from math import floor


def paid(bounty: int, start: int, best: int, target: int, *, gap_basis: bool) -> int:
    """All that miners have been promised when the best accuracy is `best`.

    Args:
        bounty: in the smallest unit of the asset.
        start, best, target: parts per million, start <= best <= target.
        gap_basis: divide by the gap `target - start` and not by the target.
    """
    whole = target - start if gap_basis else target
    return floor(Fraction(bounty) * Fraction(best - start, whole))


def payout(bounty: int, start: int, before: int, after: int, target: int, *, gap_basis: bool) -> int:
    """What one improvement from `before` to `after` is worth; accuracy above the target is not paid."""
    after = min(after, target)
    return paid(bounty, start, after, target, gap_basis=gap_basis) - paid(
        bounty, start, before, target, gap_basis=gap_basis
    )


def improves(best: int, accuracy: int, target: int, min_gain: int) -> bool:
    """Whether a report of this accuracy may say IMPROVED."""
    reached = min(accuracy, target)
    return reached > best and reached >= min(best + min_gain, target)
