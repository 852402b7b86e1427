"""The shape of the outbox's tables, and how the first one becomes today's.

In step 1 a transaction's key was free text, in four dialects ("create:<id>", "submit/<id>/<cid>",
"claim:<id>:1", a "#2" after a key that was freed), and a receipt was the node's JSON as it came.
"""

from __future__ import annotations

import re
import sqlite3

from pysonar.chain.errors import BadArgumentError
from pysonar.chain.migrations import Tables
from pysonar.chain.node.answers import NotUnderstood, TransactionReceipt
from pysonar.chain.sending.deeds import Action, Deed

_STEP_1 = (
    """create table if not exists outbox (
        key text primary key, account text not null, nonce integer not null, receiver text not null,
        data blob not null, value text not null, label text not null, gas integer not null,
        status text not null, problem text, receipt text, created real not null,
        unique (account, nonce)) strict""",
    """create table if not exists outbox_attempt (
        hash blob primary key, key text not null, raw blob not null, max_fee integer not null,
        tip integer not null, created real not null, sent real) strict""",
    "create index if not exists outbox_attempt_key on outbox_attempt (key)",
)
_FIRST_KEY = re.compile(r"(?P<action>[a-z]+)[:/](?P<first>[0-9a-f]+)(?:[:/](?P<second>[0-9a-f]+))?")


def _take_over(database: sqlite3.Connection) -> None:
    confirmed: dict[tuple[str, str], int] = {}
    current: dict[tuple[str, str], int] = {}
    for row in database.execute("select * from outbox_first order by account, nonce").fetchall():
        deed = _deed_of(row["key"])
        if deed.action in (Action.CLAIM, Action.REGISTER):  # numbered by those that went through before
            place = (row["account"], str(deed))
            number = confirmed.get(place, 0)
            confirmed[place] = number + (row["status"] == "confirmed")
            tail = f"{deed.tail}.{number}" if deed.action is Action.REGISTER else str(number)
            deed = Deed(deed.action, deed.campaign, tail)
        name = (row["account"], str(deed))
        if name in current:  # the one with the higher nonce is the deed's current one
            database.execute(
                "update outbox set try = (select max(try) + 1 from outbox where account = ? and deed = ?) "
                "where number = ?",
                (*name, current[name]),
            )
        receipt = None if row["receipt"] is None else _understood(row["receipt"])
        cursor = database.execute(
            "insert into outbox (deed, campaign, account, nonce, receiver, data, value, label, gas, status, "
            "problem, block, receipt, told, created) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
            (
                str(deed),
                deed.campaign,
                *(row[c] for c in ("account", "nonce", "receiver", "data", "value", "label", "gas")),
                # Displaced was said without having been seen: it is looked at anew.
                "waiting" if row["status"] == "displaced" else row["status"],
                row["problem"],
                None if receipt is None else receipt.block_number,
                None if receipt is None else receipt.to_json(),
                row["created"],
            ),
        )
        current[name] = int(cursor.lastrowid or 0)
        database.execute(
            "insert into outbox_attempt (hash, number, raw, max_fee, tip, created, sent) "
            "select hash, ?, raw, cast(max_fee as text), cast(tip as text), created, sent "
            "from outbox_attempt_first where key = ? order by created, rowid",
            (current[name], row["key"]),
        )


def _deed_of(key: str) -> Deed:
    name = key.partition("#")[0]
    found = _FIRST_KEY.fullmatch(name)
    try:
        if found is None:
            raise BadArgumentError("a key", key, "one of the first release")
        action, first, second = Action(found["action"]), found["first"], found["second"]
        if action in (Action.REGISTER, Action.FILL):
            return Deed(action, None, first)
        tail = second if action in (Action.SUBMIT, Action.REPORT, Action.RECLAIM) and second else ""
        return Deed(action, bytes.fromhex(first), tail)
    except (ValueError, BadArgumentError):
        return Deed(Action.OTHER, None, name)


def _understood(text: str) -> TransactionReceipt | None:
    try:
        return TransactionReceipt.from_json(text)
    except NotUnderstood:
        return None


_STEP_2 = (
    "drop index if exists outbox_attempt_key",
    "alter table outbox_attempt rename to outbox_attempt_first",
    "alter table outbox rename to outbox_first",
    """create table outbox (
        number integer primary key, deed text not null, campaign blob, try integer not null default 0,
        account text not null, nonce integer not null, receiver text not null, data blob not null,
        value text not null, label text not null, token integer not null default 0, gas integer not null,
        status text not null, problem text, block integer, receipt text, told integer not null default 0,
        created real not null, unique (account, nonce), unique (account, deed, try)) strict""",
    """create table outbox_attempt (
        hash blob primary key, number integer not null references outbox (number), raw blob not null,
        max_fee text not null, tip text not null, legacy integer not null default 0, created real not null,
        sent real) strict""",
    "create index outbox_campaign on outbox (campaign)",
    "create index outbox_attempt_number on outbox_attempt (number)",
    _take_over,
    "drop table outbox_attempt_first",
    "drop table outbox_first",
)
SCHEMA = Tables("outbox", (_STEP_1, _STEP_2))
