"""The owner's data sets: list, look, keep, check, forget."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mine_agent.connection import Connection
from mine_agent.rows.data import data_row, fits_each, kind_rows
from mine_agent.ui.asking import Asked
from mine_agent.ui.desk import Desk
from mine_agent.ui.errors import BadRequestError
from pysonar.protocol.amounts import AmountError, parse_ppm


def show_data(desk: Desk, _: Asked) -> list[dict[str, Any]]:
    """As `mine-agent data list`."""
    return [data_row(data) for data in desk.home.data().all()]


def show_kinds(_: Desk, __: Asked) -> list[dict[str, Any]]:
    """As `mine-agent data kinds`."""
    return kind_rows()


def look(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Begin to look through data, as `mine-agent data add` before it asks. `ticket` finds the look again."""
    name, location = asked.text("name"), asked.text("location").strip()
    if not location:
        raise BadRequestError("location", location, "a file, a folder, or the place of a database")
    options = asked.table("options")
    if not all(isinstance(value, str) for value in options.values()):
        raise BadRequestError("options", options, "texts")
    desk.home.data().require_free(name, replace=asked.flag("replace"))
    ticket = desk.looks.begin(
        name,
        location,
        kind=asked.maybe_text("kind"),
        options=options,
        decimal=asked.maybe_text("decimal"),
        unusable=_share(asked.text("unusable", "1 %")),
    )
    return {"ticket": ticket}


def show_look(desk: Desk, asked: Asked) -> dict[str, Any]:
    """How far it is, and then what was understood."""
    return desk.looks.at(asked.path["ticket"]).row()


def keep(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Register what was looked at."""
    data = desk.looks.data(asked.text("ticket"))
    desk.home.data().keep(data, replace=asked.flag("replace"))
    return data_row(desk.home.data().get(data.name))


def check(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As `mine-agent data check`: by the values, for each open campaign."""
    data = desk.home.data().get(asked.path["name"]).renewed()

    def fits(connection: Connection) -> list[dict[str, Any]]:
        return fits_each(connection, data)

    return {**data_row(data), "campaigns": desk.connected(fits), "campaigns_unknown": None}


def forget(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As `mine-agent data remove`."""
    desk.home.data().remove(asked.path["name"])
    return {"forgotten": asked.path["name"]}


def _share(text: str) -> Fraction:
    try:
        return Fraction(parse_ppm(text), 1_000_000)
    except AmountError as error:
        raise BadRequestError("unusable", text, str(error)) from None
