"""The suggestion that `mine-agent data map` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pysonar.party.cli.console import Format, print_rows

if TYPE_CHECKING:
    from mine_agent.data.datasets import DataSet, DataShelf
    from mine_agent.data.suggesting import Suggestion
    from mine_agent.home import Home


def suggested(home: Home, shelf: DataShelf, data: DataSet, campaign: str) -> tuple[str, list[Suggestion]]:
    """A mapping for the campaign whose id begins with `campaign`, as TOML, and what it is made of.

    Raises DataError: no such campaign is open, or several are; ChainError, StoreError.
    """
    from mine_agent.campaigns.overview import open_campaigns
    from mine_agent.connection import Connection
    from mine_agent.data.suggesting import as_toml, suggest
    from mine_agent.errors import DataError

    connection = Connection.open(home)
    connection.read_events()
    listings = open_campaigns(connection, [data], connection.home.policy(), costs=False)
    found = [listing for listing in listings if listing.record.hex_id.startswith(campaign.lower())]
    if len(found) != 1:
        known = ", ".join(listing.record.hex_id[:10] for listing in listings) or "none"
        raise DataError(f"{len(found)} open campaigns begin with {campaign!r}; open are: {known}")
    if found[0].campaign_spec is None:
        raise DataError(f"the campaign's spec cannot be read: {found[0].fault}")
    suggestions = suggest(found[0].campaign_spec.schema, shelf.seen(data))
    return as_toml(suggestions), suggestions


def show_suggestions(suggestions: Sequence[Suggestion], *, form: Format) -> None:
    """Each field with its column, on standard output. Words are the owner's own: shown to nobody else."""
    print_rows(
        [
            {
                "field": made.field,
                "column": made.column,
                "factor": None if made.factor == 1.0 else made.factor,
                "values": "; ".join(f"{word} = {meant}" for word, meant in made.values) or None,
                "why": made.why,
            }
            for made in suggestions
        ],
        {"field": "field", "column": "your column", "factor": "factor", "values": "words", "why": "why"},
        form=form,
    )
