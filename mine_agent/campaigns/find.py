"""The campaign that its owner names by the beginning of its id."""

from __future__ import annotations

import re

from mine_agent.connection import Connection
from mine_agent.errors import UnknownCampaignError

LEAST_DIGITS = 6


def campaign_by(connection: Connection, beginning: str) -> bytes:
    """The whole id. Raises UnknownCampaignError: no campaign of this contract begins so, or several do."""
    digits = beginning.lower().removeprefix("0x")
    if not re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", digits):
        raise UnknownCampaignError(beginning, f"an id, or its first {LEAST_DIGITS} digits or more")
    found = [campaign for campaign in connection.campaign_ids() if campaign.hex().startswith(digits)]
    if len(found) != 1:
        why = "no campaign was opened whose id begins so" if not found else f"{len(found)} campaigns begin so"
        raise UnknownCampaignError(beginning, f"{why}; `mine-agent campaigns` lists those that are open")
    return found[0]


def say(connection: Connection, beginning: str, word: str, *, now: int) -> bytes:
    """Keep the owner's word, "approved" or "refused", on the campaign; its whole id. Raises
    UnknownCampaignError.
    """
    campaign = campaign_by(connection, beginning)
    connection.decisions.say(campaign, word, now=now)
    return campaign
