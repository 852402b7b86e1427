"""A first mapping of one data set to the fields of one open campaign."""

from __future__ import annotations

from mine_agent.campaigns.find import the_one
from mine_agent.campaigns.overview import open_campaigns
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.data.suggesting import Suggestion, suggest
from mine_agent.errors import DataError
from pysonar.protocol.schema import Schema


def wanted_schema(connection: Connection, data: DataSet, campaign: str) -> Schema:
    """What the open campaign whose id begins with `campaign` asks for.

    Raises UnknownCampaignError: no such campaign is open, or several are; DataError: its spec cannot be read;
    ChainError.
    """
    listings = open_campaigns(connection, [data], connection.home.policy(), costs=False)
    known = ", ".join(listing.record.hex_id[:10] for listing in listings) or "none"
    ids = [listing.record.id for listing in listings]
    wanted = the_one(campaign, ids, "no open campaign has an id that begins with that", f"open are: {known}")
    (found,) = (listing for listing in listings if listing.record.id == wanted)
    if found.campaign_spec is None:
        raise DataError(f"the campaign's spec cannot be read: {found.fault}")
    return found.campaign_spec.schema


def suggested_mapping(connection: Connection, data: DataSet, campaign: str) -> list[Suggestion]:
    """A suggestion for each of its fields; see `wanted_schema` for errors."""
    return suggest(wanted_schema(connection, data, campaign), connection.home.data().seen(data))
