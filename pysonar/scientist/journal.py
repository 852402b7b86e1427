"""The campaigns opened from this home: written before the bounty is escrowed, so that a crash neither loses
nor doubles it.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass, fields

from pysonar.chain.contract.types import Terms
from pysonar.chain.migrations import Tables

_STEP_1 = (
    """create table if not exists campaign (
        name text primary key, id blob not null unique, request blob not null, spec blob not null,
        salt blob not null, terms text not null) strict""",
)
_STEP_2 = (  # what results said, for those who look without a passphrase
    "create table if not exists opened_result (id blob primary key, noised_gain integer) strict",
)
SCHEMA = Tables("scientist", (_STEP_1, _STEP_2))


@dataclass(frozen=True)
class CampaignRow:
    """One campaign.

    Attributes:
        name: the scientist's own name for it.
        id: 32 bytes, known before it is on chain.
        request: digest of plan and validation records: tells "the same again" from "another".
        spec: the spec's bytes.
        salt, terms: arguments of `create_campaign`.
    """

    name: str
    id: bytes
    request: bytes
    spec: bytes
    salt: bytes
    terms: Terms


class Journal:
    """Reads and writes the table."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, row: CampaignRow) -> None:
        """A prepared campaign; committed at once."""
        terms = asdict(row.terms) | {"spec": row.terms.spec.hex()}
        self._database.execute(
            "insert into campaign (name, id, request, spec, salt, terms) values (?, ?, ?, ?, ?, ?)",
            (row.name, row.id, row.request, row.spec, row.salt, json.dumps(_as_text(terms))),
        )

    def remove(self, name: str) -> None:
        """Forget a campaign that was never sent."""
        self._database.execute("delete from campaign where name = ?", (name,))

    def named(self, name: str) -> CampaignRow | None:
        """The campaign of that name."""
        row = self._database.execute("select * from campaign where name = ?", (name,)).fetchone()
        return None if row is None else _row(row)

    def with_id(self, campaign: bytes) -> CampaignRow | None:
        """The campaign of that id."""
        row = self._database.execute("select * from campaign where id = ?", (campaign,)).fetchone()
        return None if row is None else _row(row)

    def note_result(self, campaign: bytes, noised_gain: int | None) -> None:
        """The result was opened; of its gain this share, ppm, came from mines that add noise."""
        self._database.execute(
            "insert or replace into opened_result (id, noised_gain) values (?, ?)", (campaign, noised_gain)
        )

    def noised_gain(self, campaign: bytes) -> int | None:
        """What `note_result` was given last; None before."""
        row = self._database.execute(
            "select noised_gain from opened_result where id = ?", (campaign,)
        ).fetchone()
        return None if row is None else row["noised_gain"]

    def all(self) -> list[CampaignRow]:
        """Every campaign, oldest first."""
        return [
            _row(row) for row in self._database.execute("select * from campaign order by rowid").fetchall()
        ]


def _as_text(terms: dict[str, object]) -> dict[str, object]:
    """Whole numbers as text: amounts are longer than JSON's."""
    return {key: str(value) if type(value) is int else value for key, value in terms.items()}


def _row(row: sqlite3.Row) -> CampaignRow:
    values = json.loads(row["terms"])  # old ones say no maximum of the start
    numbers = {field.name for field in fields(Terms) if field.type == "int"}
    values |= {name: int(values[name]) for name in numbers & values.keys()}
    terms = Terms(**values | {"spec": bytes.fromhex(values["spec"])})
    return CampaignRow(row["name"], row["id"], row["request"], row["spec"], row["salt"], terms)
