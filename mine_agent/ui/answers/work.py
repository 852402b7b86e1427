"""What the mine is doing, pause and resume, and the owner's word on campaigns."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.find import say
from mine_agent.campaigns.overview import open_campaigns
from mine_agent.connection import Connection
from mine_agent.operation.status import listings_now, status
from mine_agent.rows.campaigns import campaign_row
from mine_agent.rules.offer import APPROVED, REFUSED
from mine_agent.ui.asking import Asked
from mine_agent.ui.desk import Desk
from mine_agent.ui.errors import BadRequestError
from openmined_syft.errors import OpenMinedError


def show_status(desk: Desk, _: Asked) -> dict[str, Any]:
    """As `mine-agent status`."""
    try:
        listings = desk.connected_soon(listings_now)
    except OpenMinedError as error:
        return status(desk.home, None, str(error), desk.clock())
    return status(desk.home, listings, None, desk.clock())


def pause(desk: Desk, _: Asked) -> dict[str, Any]:
    """As `mine-agent pause`."""
    desk.home.pause()
    return {"paused": True}


def resume(desk: Desk, _: Asked) -> dict[str, Any]:
    """As `mine-agent resume`."""
    desk.home.resume()
    return {"paused": False}


def show_campaigns(desk: Desk, _: Asked) -> list[dict[str, Any]]:
    """As `mine-agent campaigns`."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        home = connection.home
        return [campaign_row(one) for one in open_campaigns(connection, home.data().all(), home.policy())]

    return desk.connected(rows)


def give_word(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As `mine-agent approve` and `mine-agent refuse`."""
    word = asked.text("word")
    if word not in (APPROVED, REFUSED):
        raise BadRequestError("word", word, f"{APPROVED} or {REFUSED}")
    beginning, now = asked.text("campaign"), int(desk.clock())
    campaign = desk.connected(lambda connection: say(connection, beginning, word, now=now))
    return {"campaign": "0x" + campaign.hex(), "word": word}
