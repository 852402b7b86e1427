"""Data sets, their columns, and how they fit the open campaigns. Only `samples` hold values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mine_agent.campaigns.overview import open_campaigns
from mine_agent.connection import Connection
from mine_agent.data.adapters import adapter_named, kinds
from mine_agent.data.datasets import DataSet
from mine_agent.data.matching import Fit, fit_by_values
from mine_agent.data.suggesting import Suggestion
from mine_agent.errors import DataError
from mine_agent.home import Home
from mine_agent.rules.policy import Policy
from openmined_syft.errors import OpenMinedError
from pysonar.tables.understanding import ColumnSeen, TableSeen


def data_row(data: DataSet) -> dict[str, Any]:
    """A registered data set as a JSON object. Reads all of it: is it still what was registered?"""
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
        "columns": list(data.names),
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
    if column.notation.mark == "?" and column.kind in ("integer", "number", "text"):
        remarks.append("it is not clear whether the comma is a decimal mark: give --decimal")
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
    try:
        connection = Connection.open(home)
        connection.read_events()
        return fits_each(connection, data), None
    except OpenMinedError as error:
        return [], str(error)


def fits_each(connection: Connection, data: DataSet) -> list[dict[str, Any]]:
    """How the data fit each open campaign, by their values. Raises ChainError, DataChangedError."""
    rows, policy = [], connection.home.policy()
    for listing in open_campaigns(connection, [data], policy, costs=False):
        missing: list[str] = []
        changed: list[str] = []
        if listing.campaign_spec is None:
            fits, why_not = False, listing.fault
        else:
            fit = fit_by_values(listing.campaign_spec.schema, data)
            missing, changed = list(fit.missing), list(fit.changed)
            why_not = f"lacks {', '.join(missing)}" if missing else against(fit, policy)
            fits = why_not is None
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


def against(fit: Fit, policy: Policy) -> str | None:
    """Why data with all columns do not fit by their values. Under a budget the mine does not stay away for
    that: everybody would see it. So its owner hears of it here, and may refuse.
    """
    least, reason = policy.limits.least_records, fit.problem
    if fit.records is not None and fit.records < least:
        reason = f"{fit.records} records can be used, and least_records in policy.toml asks for {least}"
    if reason is None or policy.privacy is None:
        return reason
    return f"{reason}; joining would spend a release all the same: `mine-agent refuse` keeps the mine away"


def described(seen: TableSeen, *, samples: bool) -> dict[str, Any]:
    """What was understood of data, in words and by column; values only if `samples` are wanted."""
    return {"read_as": seen.remarks, "columns": column_rows(seen, samples=samples)}


def kind_rows() -> list[dict[str, Any]]:
    """The kinds of data that can be registered, with their options."""
    rows = []
    for kind in kinds():
        try:
            adapter = adapter_named(kind)
            options, about = dict(adapter.options), " ".join((adapter.__doc__ or "").split())
        except DataError as error:
            options, about = {}, str(error)
        rows.append({"kind": kind, "about": about, "options": options})
    return rows


def suggestion_rows(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    """Each field of a campaign with the column that may be meant. Words are the owner's own."""
    return [
        {
            "field": made.field,
            "column": made.column,
            "factor": None if made.factor == 1.0 else made.factor,
            "round": made.rounds,
            "values": "; ".join(f"{word} = {meant}" for word, meant in made.values) or None,
            "why": made.why,
            "doubt": made.doubt,
        }
        for made in suggestions
    ]
