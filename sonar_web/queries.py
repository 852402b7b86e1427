"""What can be asked of the index: pages of rows in a stable order, and the block that an answer is of.

A cursor is the sort key of the last row of a page. It stays right while rows are added, and is not a
secret: a made-up one gives another page, never an error in the database.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import hexdigits
from typing import Any

from pysonar.files.nesting import shallow_json
from sonar_web.errors import BadQueryError, UnknownError
from sonar_web.index.rows import Database, storable

STATES = ("requested", "open", "settled", "cancelled", "declined")
MOST_ROWS = 500
_SORTS: dict[str, tuple[tuple[str, type, bool], ...]] = {
    # table: columns of its order (name, type, whether from the largest down)
    "campaign": (("created_block", int, True), ("id", bytes, True)),
    "submission": (("place", int, False),),
    "submission_of_miner": (("submitted_block", int, True), ("campaign", bytes, True), ("place", int, True)),
    "miner": (("earned", str, True), ("address", str, True)),
    "capsule": (("address", str, False),),
    "day": (("day", str, True), ("asset", str, True)),
    "gas_day": (("day", str, True), ("call", str, True)),
    "token": (("address", str, False),),
}

# Where rows come from, if a table alone is not enough.
_SOURCES = {
    "campaign": (
        "campaign.*, spec_title.title",
        "campaign left join spec_title on spec_title.digest = campaign.spec",
    )
}
_WHOLE_ID = 64


@dataclass(frozen=True)
class Tip:
    """The block up to which an answer holds."""

    block: int
    hash: bytes


@dataclass(frozen=True)
class Page:
    """Rows, and the cursor of the next page if there may be one."""

    rows: list[dict[str, Any]]
    next: str | None


def tip(database: Database) -> Tip | None:
    """The last block that is read; None before the first."""
    row = database.execute("select number, hash from checkpoint order by number desc limit 1").fetchone()
    return None if row is None else Tip(row["number"], bytes(row["hash"]))


def page(
    database: Database,
    table: str,
    *,
    order: str | None = None,
    where: dict[str, Any] | None = None,
    search: str | None = None,
    limit: int,
    after: str | None,
) -> Page:
    """Rows of a table that match all of `where`, in the order of `_SORTS`.

    `search` (campaigns only): words of a title, an address of owner or Capsule, or the beginning of an id.

    Raises:
        BadQueryError: `after` is not a cursor, `limit` is out of range, or `search` cannot be a title's.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise BadQueryError("limit", str(limit), f"1 to {MOST_ROWS}")
    sort = _SORTS[order or table]
    conditions = [f"{name} = ?" for name in where or {}]
    values: list[Any] = list((where or {}).values())
    if search is not None:
        condition, sought = _found_by(search)
        conditions.append(condition)
        values += sought
    if after is not None:
        keys = ", ".join(name for name, _, _ in sort)
        conditions.append(f"({keys}) {'<' if sort[0][2] else '>'} ({', '.join('?' * len(sort))})")
        values += _opened(after, sort)
    columns, source = _SOURCES.get(table, ("*", table))
    statement = f"select {columns} from {source}"  # noqa: S608 - our own words, here and below
    if conditions:
        statement += " where " + " and ".join(conditions)
    statement += " order by " + ", ".join(f"{name} {'desc' if down else 'asc'}" for name, _, down in sort)
    found = database.execute(f"{statement} limit ?", (*values, limit + 1)).fetchall()
    rows = [as_dict(row) for row in found[:limit]]
    return Page(rows, _closed(rows[-1], sort) if len(found) > limit else None)


def every(database: Database, table: str) -> Iterator[dict[str, Any]]:
    """All rows of a table, page by page."""
    after: str | None = None
    while True:
        found = page(database, table, limit=MOST_ROWS, after=after)
        yield from found.rows
        if found.next is None:
            return
        after = found.next


def one(database: Database, table: str, what: str, name: str, **key: Any) -> dict[str, Any]:
    """The row of that key. UnknownError if there is none."""
    row = find(database, table, **key)
    if row is None:
        raise UnknownError(what, name)
    return row


def find(database: Database, table: str, **key: Any) -> dict[str, Any] | None:
    """The row of that key; None if there is none."""
    condition = " and ".join(f"{column} = ?" for column in key)
    columns, source = _SOURCES.get(table, ("*", table))
    statement = f"select {columns} from {source} where {condition}"  # noqa: S608 - our own words
    row = database.execute(statement, tuple(key.values())).fetchone()
    return None if row is None else as_dict(row)


def certificates(database: Database) -> dict[str, bytes]:
    """The certificate's digest of every Capsule that registered one, by address; the last one counts."""
    return dict(_registered(database))


def is_named(database: Database, digest: bytes) -> bool:
    """Whether the chain names that artifact: a spec, key, model, update, result or certificate."""
    for table, columns in (
        ("campaign", ("spec", "public_key", "model", "result")),
        ("submission", ("digest", "model")),
    ):
        condition = " or ".join(f"{column} = ?" for column in columns)
        statement = f"select 1 from {table} where {condition} limit 1"  # noqa: S608 - our own words
        if database.execute(statement, (digest,) * len(columns)).fetchone() is not None:
            return True
    return any(digest == registered for _, registered in _registered(database))


def _registered(database: Database) -> list[tuple[str, bytes]]:
    rows = database.execute(
        "select fields from event where name = 'CapsuleRegistered' and orphaned = 0"
        " order by block_number, log_index"
    ).fetchall()
    found = [json.loads(row["fields"]) for row in rows]
    return [(one["capsule"], bytes.fromhex(one["certificate"].removeprefix("0x"))) for one in found]


def versions(database: Database, campaign: bytes) -> list[dict[str, Any]]:
    """The submissions of a campaign that improved its model, in the order of the versions."""
    rows = database.execute(
        "select * from submission where campaign = ? and version is not null order by version", (campaign,)
    ).fetchall()
    return [as_dict(row) for row in rows]


def as_dict(row: Any) -> dict[str, Any]:
    """A row of either database as a plain mapping."""
    return {name: row[name] for name in row.keys()}  # noqa: SIM118 - sqlite3.Row iterates over values


def _found_by(search: str) -> tuple[str, list[Any]]:
    if search != storable(search):
        raise BadQueryError("search", search, "words without NUL")
    digits = search.strip().removeprefix("0x")
    if search.strip().startswith("0x") and len(digits) <= _WHOLE_ID and set(digits) <= set(hexdigits):
        low, high = digits.ljust(_WHOLE_ID, "0"), digits.ljust(_WHOLE_ID, "f")
        return "((id >= ? and id <= ?) or lower(owner) = ? or lower(capsule) = ?)", [
            bytes.fromhex(low), bytes.fromhex(high), "0x" + digits.lower(), "0x" + digits.lower(),
        ]  # fmt: skip
    words = [
        word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        for word in search.casefold().split()
    ]
    one = "spec_title.folded like ? escape '\\'"
    return " and ".join([one] * len(words)) or "1 = 1", [f"%{word}%" for word in words]


def _closed(row: dict[str, Any], sort: Sequence[tuple[str, type, bool]]) -> str:
    parts = [row[name].hex() if kind is bytes else row[name] for name, kind, _ in sort]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _opened(cursor: str, sort: Sequence[tuple[str, type, bool]]) -> list[Any]:
    try:
        parts = shallow_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), 1)
        if not isinstance(parts, list) or len(parts) != len(sort):
            raise ValueError
        return [_value(part, kind) for part, (_, kind, _) in zip(parts, sort, strict=True)]
    except (ValueError, binascii.Error, UnicodeError):
        raise BadQueryError("after", cursor, "a cursor that an answer gave as 'next'") from None


def _value(part: object, kind: type) -> Any:
    if kind is bytes and isinstance(part, str):
        return bytes.fromhex(part)
    if kind is int and isinstance(part, int) and not isinstance(part, bool) and abs(part) < 1 << 63:
        return part
    if kind is str and isinstance(part, str) and part == storable(part):
        return part
    raise ValueError
