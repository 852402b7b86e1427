"""What other rules would change over all open campaigns, before they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mine_agent.campaigns.overview import Listing
from mine_agent.rules.decisions import Decision, decide
from mine_agent.rules.policy import Policy


@dataclass(frozen=True)
class PolicyChange:
    """One campaign for one data set, under the rules as they are and under the new ones."""

    campaign: bytes
    title: str | None
    data: str | None
    before: Decision
    after: Decision

    @property
    def changes(self) -> bool:
        """Whether the mine would begin, or end, to work for it, or would be held up by other rules."""
        return _outline(self.before) != _outline(self.after)


def policy_changes(listings: Sequence[Listing], new: Policy) -> list[PolicyChange]:
    """Every open campaign and data set of `listings`, decided anew by `new`."""
    return [
        PolicyChange(
            campaign=listing.record.id,
            title=None if listing.campaign_spec is None else listing.campaign_spec.spec.title,
            data=prospect.data,
            before=prospect.decision,
            after=decide(new, prospect.facts),
        )
        for listing in listings
        for prospect in listing.prospects
    ]


def _outline(decision: Decision) -> tuple[object, ...]:
    return decision.joins, tuple(reason.rule for reason in decision.reasons)
