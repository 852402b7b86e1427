"""The campaign that its owner names by the beginning of its id."""

from __future__ import annotations

from collections.abc import Sequence

from mine_agent.connection import Connection
from mine_agent.errors import UnknownCampaignError
from pysonar.protocol.campaign_id import LEAST_DIGITS, beginning_with, hex_digits


def campaign_by(connection: Connection, beginning: str) -> bytes:
    """The whole id. Raises UnknownCampaignError: no campaign of this contract begins so, or several do."""
    advice = "`mine-agent campaigns` lists those that are open"
    return the_one(
        beginning,
        connection.campaign_ids(),
        "no campaign with an id that begins with that was opened",
        advice,
    )


def the_one(beginning: str, known: Sequence[bytes], none: str, advice: str) -> bytes:
    """The one of the known ids that begins so. Raises UnknownCampaignError: what was typed is too short or
    not hex, or there is no such id (`none` says so in words), or there are several.
    """
    digits = hex_digits(beginning)
    if digits is None:
        raise UnknownCampaignError(beginning, f"an id, or its first {LEAST_DIGITS} digits or more")
    found = beginning_with(digits, known)
    if len(found) != 1:
        why = f"{len(found)} campaigns have ids that begin with that; give more digits" if found else none
        raise UnknownCampaignError(beginning, f"{why}; {advice}")
    return found[0]


def say(connection: Connection, beginning: str, word: str, *, now: int) -> bytes:
    """Keep the owner's word, "approved" or "refused", on the campaign; its whole id. Raises
    UnknownCampaignError.
    """
    campaign = campaign_by(connection, beginning)
    connection.decisions.say(campaign, word, now=now)
    return campaign
