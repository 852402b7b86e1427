"""Which of the owner's columns a campaign's fields are."""

from __future__ import annotations

from typing import Any

from mine_agent.campaigns.mapping_suggestion import wanted_schema
from mine_agent.connection import Connection
from mine_agent.data.datasets import DataSet
from mine_agent.data.mapping import DATE_PARTS, FieldMapping, Origin, changed_mapping, parse_mapping
from mine_agent.data.suggesting import suggest
from mine_agent.rows.data import suggestion_rows
from mine_agent.rules.policy_edit import digest_of
from mine_agent.ui.asking import Asked
from mine_agent.ui.desk import Desk
from mine_agent.ui.errors import BadRequestError, ChangedMeanwhileError


def show_mapping(desk: Desk, asked: Asked) -> dict[str, Any]:
    """For one campaign: each field with what it is made of now and what is suggested, and all columns."""
    data = desk.home.data().get(asked.path["name"])
    campaign = asked.query.get("campaign", "")
    return desk.connected(lambda connection: _rows(connection, data, campaign))


def change_mapping(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Make some fields otherwise, for all campaigns that ask for them. `digest` is of the mapping that the
    page showed: ChangedMeanwhileError if it is another one now.
    """
    shelf, name, changes = desk.home.data(), asked.path["name"], asked.table("fields")
    if not all(table is None or isinstance(table, dict) for table in changes.values()):
        raise BadRequestError("fields", changes, "an object or null for each field")
    with desk.saving:
        before = shelf.get(name).mapping
        if asked.text("digest") != _digest(before):
            raise ChangedMeanwhileError(f"the mapping of {name}")
        text = changed_mapping(before, changes)
        mapping = parse_mapping(text, source=f"the mapping of {name}")
        kept = shelf.keep_mapping(name, mapping if mapping.origins else None)
    return {"mapping": kept.mapping.text if kept.mapping else None, "digest": _digest(kept.mapping)}


def _rows(connection: Connection, data: DataSet, campaign: str) -> dict[str, Any]:
    schema = wanted_schema(connection, data, campaign)
    seen = connection.home.data().seen(data)
    suggested = {row["field"]: row for row in suggestion_rows(suggest(schema, seen))}
    made = {one.field: dict(one.values) for one in suggest(schema, seen)}
    origins = data.mapping.origins if data.mapping else {}
    return {
        "data": data.name,
        "mapping": data.mapping.text if data.mapping else None,
        "digest": _digest(data.mapping),
        "dates": list(DATE_PARTS),
        "columns": [{"name": column.name, "kind": column.kind} for column in seen.columns],
        "fields": [
            {
                "name": field.name,
                "label": field is schema.label,
                "numeric": field.numeric,
                "whole": field.json_type == "integer" and field.numeric,
                "range": list(field.clip) if field.numeric else None,
                "classes": [str(one) for one in field.classes],
                "origin": _origin(origins.get(field.name)),
                "suggestion": {**suggested[field.name], "words": made[field.name]},
            }
            for field in (*schema.fields, schema.label)
        ],
    }


def _digest(mapping: FieldMapping | None) -> str:
    return digest_of("" if mapping is None else mapping.text)


def _origin(origin: Origin | None) -> dict[str, Any] | None:
    """As a table of the mapping's file."""
    if origin is None:
        return None
    return {
        "column": origin.column,
        "factor": origin.factor,
        "offset": origin.offset,
        "round": origin.round,
        "values": dict(origin.values),
        "constant": origin.constant,
        "date": origin.date,
    }
