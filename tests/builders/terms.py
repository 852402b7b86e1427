"""The terms of a campaign, as a client of Sonar writes them."""

from __future__ import annotations

from typing import TypedDict, Unpack

from pysonar.chain.contract.types import Terms

ETHER = 10**18
HOUR = 3600


class OtherTerms(TypedDict, total=False):
    """The fields of `Terms` beside the spec that a test may name; what they mean is said there."""

    bounty: int
    target: int
    min_gain: int
    submit_until: int
    review_until: int
    max_start: int
    stake: int
    fee: int
    max_pending: int
    gap_basis: bool
    asset: str


class TermsChanges(OtherTerms, total=False):
    """All of them."""

    spec: bytes


def terms_of(capsule: str, now: int = 0, **changes: Unpack[TermsChanges]) -> Terms:
    """Terms that Sonar takes at `now`: 10 ETH for 90 %, an hour to submit, another to review."""
    usual = TermsChanges(
        spec=b"\x11" * 32,
        bounty=10 * ETHER,
        stake=ETHER // 100,
        fee=ETHER // 1000,
        target=900_000,
        min_gain=1_000,
        submit_until=now + HOUR,
        review_until=now + 2 * HOUR,
    )
    return Terms(capsule=capsule, **(usual | changes))
