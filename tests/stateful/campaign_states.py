"""What a campaign of the twin may still see, by the time: conditions of the machine's steps."""

from tests.stateful.ledger_twin import OPEN, REQUESTED, TICK, Campaign


def is_requested(campaign: Campaign) -> bool:
    return campaign.state == REQUESTED


def may_be_called_off(campaign: Campaign) -> bool:
    return is_requested(campaign) or (is_open(campaign) and not campaign.queue)


def patience(c: Campaign) -> int:
    """When the capsule has been silent for too long."""
    return (c.turn // TICK + 1) * TICK + -(-(c.terms.review_until - c.terms.submit_until) // TICK) * TICK


def is_open(campaign: Campaign) -> bool:
    return campaign.state == OPEN


def has_waiting(campaign: Campaign) -> bool:
    return is_open(campaign) and len(campaign.queue) > campaign.evaluated
