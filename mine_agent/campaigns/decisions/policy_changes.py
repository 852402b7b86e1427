"""What other rules would change over all open campaigns, before they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mine_agent.campaigns.overview import Listing, open_campaigns
from mine_agent.connection import Connection
from mine_agent.rules.decisions import Decision, decide
from mine_agent.rules.policy import Policy
from mine_agent.rules.policy_file import parse_policy


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


def changes_under(connection: Connection, text: str) -> list[PolicyChange]:
    """The same for the rules of a whole file's text, over all campaigns and data as they are now.

    Raises: SettingsError: the text gives no rules. ChainError.
    """
    new = parse_policy(text, "the new rules")
    home = connection.home
    listings = open_campaigns(connection, home.data().all(), home.policy(), costs=bool(new.minimum_per_hour))
    return policy_changes(listings, new)


def _outline(decision: Decision) -> tuple[object, ...]:
    return decision.joins, tuple(reason.rule for reason in decision.reasons)
