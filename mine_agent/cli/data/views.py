"""What the `data` commands show, as rows that tables and JSON share. Only `samples` hold values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import typer

from pysonar.protocol.amounts import AmountError, parse_ppm

if TYPE_CHECKING:
    from mine_agent.connection import Connection
    from mine_agent.data.datasets import DataSet
    from mine_agent.home import Home
    from pysonar.tables.understanding import ColumnSeen, TableSeen

COLUMN_HEADINGS = {
    "name": "column",
    "kind": "kind",
    "missing_share": "missing",
    "range": "range",
    "samples": "for instance",
    "remark": "remark",
}


def read_options(given: Sequence[str]) -> dict[str, str]:
    """`key=value` texts as a dictionary."""
    made = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--set")
        made[key.strip()] = value.strip()
    return made


def read_share(text: str) -> Fraction:
    """ "2 %" as a fraction."""
    try:
        return Fraction(parse_ppm(text), 1_000_000)
    except AmountError as error:
        raise typer.BadParameter(str(error), param_hint="--unusable") from None


def data_row(data: DataSet) -> dict[str, Any]:
    """A registered data set as a JSON object."""
    from mine_agent.errors import DataError

    try:
        data.renewed()
        usable, why_not = True, None
    except DataError as error:
        usable, why_not = False, str(error)
    return {
        "name": data.name,
        "kind": data.kind,
        "location": data.location,
        "options": dict(data.options),
        "sha256": data.digest.hex(),
        "rows": data.rows,
        "columns": list(data.column_names()),
        "usable": usable,
        "why_not": why_not,
    }


def column_rows(seen: TableSeen, *, samples: bool) -> list[dict[str, Any]]:
    """What was understood of each column; values only if `samples` are wanted."""
    return [_column(column, seen.rows, samples=samples) for column in seen.columns]


def _column(column: ColumnSeen, rows: int, *, samples: bool) -> dict[str, Any]:
    remarks = [f"{count} x {what}" for what, count in column.conversions.items()]
    if column.odd_row is not None:
        remarks.append(f"row {column.odd_row} is not a number")
    if column.mark == "?" and column.kind in ("integer", "number", "text"):
        remarks.append("whether the comma is a decimal mark cannot be seen: give --decimal")
    bounds = None if column.low is None else f"{column.low:.6g} to {column.high:.6g}"
    row = {
        "name": column.name,
        "kind": column.kind,
        "missing": column.missing,
        "missing_share": f"{100 * column.missing / rows:.3g} %" if rows else None,
        "range": bounds,
        "remark": "; ".join(remarks) or None,
    }
    return {**row, "samples": ", ".join(column.samples)} if samples else row


def campaign_fits(home: Home, data: DataSet) -> tuple[list[dict[str, Any]], str | None]:
    """How the data fit each open campaign, or why that cannot be said."""
    from mine_agent.connection import Connection
    from openmined_syft.errors import OpenMinedError

    try:
        connection = Connection.open(home)
        connection.read_events()
        return _fits_each(connection, data), None
    except OpenMinedError as error:
        return [], str(error)


def _fits_each(connection: Connection, data: DataSet) -> list[dict[str, Any]]:
    from mine_agent.campaigns.overview import open_campaigns
    from mine_agent.data.matching import fit_by_values

    rows = []
    for listing in open_campaigns(connection, [data], connection.home.policy(), costs=False):
        missing: list[str] = []
        changed: list[str] = []
        if listing.campaign_spec is None:
            fits, why_not = False, listing.fault
        else:
            fit = fit_by_values(listing.campaign_spec.schema, data)
            fits, missing, changed = fit.fits, list(fit.missing), list(fit.changed)
            why_not = fit.problem or (f"lacks {', '.join(missing)}" if missing else None)
        rows.append(
            {
                "campaign": listing.record.hex_id,
                "title": listing.campaign_spec.spec.title if listing.campaign_spec else None,
                "fits": fits,
                "missing": missing,
                "changed": changed,
                "why_not": why_not,
            }
        )
    return rows
