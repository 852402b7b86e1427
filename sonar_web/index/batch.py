"""What a run of events changes, worked out in memory and then written at once.

A campaign's events are folded, in the order of the chain, into its row and those of its submissions; beside
that each event adds to the totals of a miner, a Capsule and a day. `sign` -1 takes the same additions back.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pysonar.chain.contract.events import (
    CampaignCancelled,
    CampaignCreated,
    CampaignDeclined,
    CampaignEvent,
    CampaignOpened,
    Delivered,
    Improved,
    Logged,
    LoggedEvent,
    Reclaimed,
    Settled,
    SonarEvent,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import Verdict
from sonar_web.index.rows import Database, read_many, read_one, storable, upsert_many
from sonar_web.index.tables import amount

CampaignRow = dict[str, Any]
SubmissionRow = dict[str, Any]
Changes = dict[str, int]
"""What is added to each column of a row of totals; a column that is not named: nothing."""

_TOTALS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # table: (key, counters, amounts)
    "miner": (
        ("address", "asset"),
        ("submissions", "improved", "no_gain", "malformed", "unavailable", "reclaimed"),
        ("earned",),
    ),
    "capsule": (
        ("address",),
        (
            "campaigns", "opened", "declined", "delivered", "improved", "no_gain", "malformed", "unavailable",
            "opening_seconds", "verdict_seconds", "unavailable_seconds",
        ),
        (),
    ),
    "day": (
        ("day", "asset"),
        ("campaigns", "opened", "settled", "submissions", "verdicts", "gains"),
        ("bounties", "paid"),
    ),
}  # fmt: skip


PATIENCE = 3_600
"""Seconds that work may wait for a Capsule before it counts as not available."""
SECONDS_A_DAY = 86_400
_WORDS = {verdict: verdict.name.lower() for verdict in Verdict}


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    """The date of a day, counted from 1970-01-01, as YYYY-MM-DD in UTC."""
    return datetime.datetime.fromtimestamp(day * SECONDS_A_DAY, datetime.UTC).date().isoformat()


class Batch:
    """Rows that were read or changed, until `flush`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._campaigns: dict[bytes, CampaignRow | None] = {}
        self._submissions: dict[tuple[bytes, int], SubmissionRow] = {}
        self._totals: dict[str, dict[tuple[str, ...], Changes]] = {
            table: defaultdict(lambda: defaultdict(int)) for table in _TOTALS
        }
        self._followers: Mapping[type[SonarEvent], Callable[[CampaignRow, Any, int, int], None]] = {
            CampaignOpened: self._open,
            CampaignCancelled: self._cancel,
            CampaignDeclined: self._decline,
            Submitted: self._submit,
            Verdicts: self._judge,
            Improved: self._improve,
            Reclaimed: self._reclaim,
            Delivered: self._deliver,
            Settled: self._settle,
        }

    def apply(self, logged: LoggedEvent, at: int, *, sign: int = 1) -> None:
        """One event of a campaign, mined at `at`. What belongs to a campaign that is not known is left out:
        a node kept its beginning back, and the campaign is folded anew when that has come.
        """
        event = logged.event
        if isinstance(event, CampaignCreated):
            self._create(event, logged, at, sign)
            return
        follow = self._followers.get(type(event))
        row = self._campaign(event.id) if follow is not None and isinstance(event, CampaignEvent) else None
        if follow is not None and row is not None:
            follow(row, logged, at, sign)

    def forget(self, campaign: bytes) -> None:
        """Delete a campaign's rows, here and in the database; totals stay as they are."""
        self._campaigns[campaign] = None
        for key in [key for key in self._submissions if key[0] == campaign]:
            del self._submissions[key]
        self._database.execute("delete from submission where campaign = ?", (campaign,))
        self._database.execute("delete from campaign where id = ?", (campaign,))

    def flush(self) -> None:
        """Write everything. Inside the caller's transaction."""
        campaigns = [row for row in self._campaigns.values() if row is not None]
        upsert_many(self._database, "campaign", ("id",), campaigns)
        upsert_many(self._database, "submission", ("campaign", "place"), list(self._submissions.values()))
        for table, totals in self._totals.items():
            self._add_to(table, totals)
            totals.clear()
        self._campaigns.clear()
        self._submissions.clear()

    # --- one event each

    def _create(self, event: CampaignCreated, logged: LoggedEvent, at: int, sign: int) -> None:
        self._campaigns[event.id] = row = {
            "id": event.id, "owner": event.owner, "capsule": event.capsule, "spec": event.spec,
            "asset": event.asset, "bounty": amount(event.bounty), "salt": event.salt, "state": "requested",
            "public_key": None, "model": None, "result": None, "reason": None, "version": 0, "start": None,
            "best": None, "submitted": 0, "evaluated": 0, "paid": amount(0), "refund": None, "fees": None,
            "burned": None, "created_block": logged.block_number, "created_at": at, "opened_at": None,
            "judged_at": None, "delivered_at": None, "ended_at": None, **_terms(event),
        }  # fmt: skip
        self._capsule(row)["campaigns"] += sign
        day = self._day(row, at)
        day["campaigns"] += sign
        day["bounties"] += sign * event.bounty

    def _open(self, row: CampaignRow, logged: Logged[CampaignOpened], at: int, sign: int) -> None:
        event = logged.event
        row |= {
            "state": "open", "public_key": event.public_key, "model": event.model,
            "start": event.start, "best": event.start, "opened_at": at,
        }  # fmt: skip
        capsule = self._capsule(row)
        capsule["opened"] += sign
        capsule["opening_seconds"] += sign * (at - row["created_at"])
        self._silence(row, row["created_at"], at, sign)
        self._day(row, at)["opened"] += sign

    def _cancel(self, row: CampaignRow, _: Logged[CampaignCancelled], at: int, sign: int) -> None:
        if row["opened_at"] is None:
            self._silence(row, row["created_at"], min(at, row["submit_until"]), sign)
        row |= {"state": "cancelled", "ended_at": at}

    def _decline(self, row: CampaignRow, logged: Logged[CampaignDeclined], at: int, sign: int) -> None:
        row |= {"state": "declined", "ended_at": at, "reason": storable(logged.event.reason)}
        self._capsule(row)["declined"] += sign
        self._silence(row, row["created_at"], at, sign)

    def _submit(self, row: CampaignRow, logged: Logged[Submitted], at: int, sign: int) -> None:
        event = logged.event
        self._submissions[event.id, event.index] = {
            "campaign": event.id, "place": event.index, "miner": event.miner, "digest": event.update,
            "submitted_block": logged.block_number, "submitted_at": at, "verdict": None, "verdict_at": None,
            "version": None, "accuracy": None, "payout": None, "model": None, "reclaimed": 0,
        }  # fmt: skip
        row["submitted"] += 1
        self._miner(row, event.miner)["submissions"] += sign
        self._day(row, at)["submissions"] += sign

    def _judge(self, row: CampaignRow, logged: Logged[Verdicts], at: int, sign: int) -> None:
        event = logged.event
        head = self._submission(event.id, event.first)
        if head is not None:
            self._silence(row, max(head["submitted_at"], row["judged_at"] or 0), at, sign)
        row["judged_at"] = at
        capsule = self._capsule(row)
        for index, verdict in event.each():
            row["evaluated"] += 1
            self._day(row, at)["verdicts"] += sign
            place = self._submission(event.id, index)
            if place is None:
                continue
            name = _WORDS[verdict]
            place["verdict"], place["verdict_at"] = name, at
            self._miner(row, place["miner"])[name] += sign
            capsule[name] += sign
            capsule["verdict_seconds"] += sign * (at - place["submitted_at"])

    def _improve(self, row: CampaignRow, logged: Logged[Improved], at: int, sign: int) -> None:
        event = logged.event
        row |= {
            "best": event.accuracy, "version": event.version, "model": event.model,
            "paid": amount(int(row["paid"]) + event.payout),
        }  # fmt: skip
        day = self._day(row, at)
        day["gains"] += sign
        day["paid"] += sign * event.payout
        place = self._submission(event.id, event.index)
        if place is not None:
            place |= {
                "version": event.version, "accuracy": event.accuracy, "payout": amount(event.payout),
                "model": event.model,
            }  # fmt: skip
            self._miner(row, place["miner"])["earned"] += sign * event.payout

    def _reclaim(self, row: CampaignRow, logged: Logged[Reclaimed], _: int, sign: int) -> None:
        place = self._submission(logged.event.id, logged.event.index)
        if place is not None:
            place["reclaimed"] = 1
            self._miner(row, place["miner"])["reclaimed"] += sign

    def _deliver(self, row: CampaignRow, logged: Logged[Delivered], at: int, sign: int) -> None:
        if row["result"] is None:
            self._capsule(row)["delivered"] += sign
        row |= {"result": logged.event.result, "delivered_at": at}

    def _settle(self, row: CampaignRow, logged: Logged[Settled], at: int, sign: int) -> None:
        self._unjudged(row, at, sign)
        event = logged.event
        row |= {
            "state": "settled", "ended_at": at, "refund": amount(event.refund),
            "fees": amount(event.fees), "burned": amount(event.burned),
        }  # fmt: skip
        self._day(row, at)["settled"] += sign

    def _unjudged(self, row: CampaignRow, at: int, sign: int) -> None:
        """What was left when the campaign was settled: never opened, or a queue that nobody judged."""
        if row["opened_at"] is None:
            self._silence(row, row["created_at"], min(at, row["submit_until"]), sign)
        elif row["evaluated"] < row["submitted"] and row["best"] < row["target"]:
            head = self._submission(row["id"], row["evaluated"])
            if head is not None:
                since = max(head["submitted_at"], row["judged_at"] or 0)
                self._silence(row, since, min(at, row["review_until"]), sign)

    def _silence(self, row: CampaignRow, since: int, until: int, sign: int) -> None:
        """The campaign's request or the head of its queue waited for its Capsule from `since` on."""
        self._capsule(row)["unavailable_seconds"] += sign * max(0, until - since - PATIENCE)

    # --- rows and totals

    def _campaign(self, campaign: bytes) -> CampaignRow | None:
        if campaign not in self._campaigns:
            self._campaigns[campaign] = read_one(self._database, "campaign", {"id": campaign})
        return self._campaigns[campaign]

    def _submission(self, campaign: bytes, index: int) -> SubmissionRow | None:
        key = (campaign, index)
        if key not in self._submissions:
            found = read_one(self._database, "submission", {"campaign": campaign, "place": index})
            if found is None:
                return None
            self._submissions[key] = found
        return self._submissions[key]

    def _miner(self, row: CampaignRow, miner: str) -> Changes:
        return self._totals["miner"][miner, row["asset"]]

    def _capsule(self, row: CampaignRow) -> Changes:
        return self._totals["capsule"][row["capsule"],]

    def _day(self, row: CampaignRow, at: int) -> Changes:
        return self._totals["day"][_date(at // SECONDS_A_DAY), row["asset"]]

    def _add_to(self, table: str, totals: Mapping[tuple[str, ...], Changes]) -> None:
        names, counters, amounts = _TOTALS[table]
        before = read_many(self._database, table, names, list(totals))
        rows = []
        for key, changes in totals.items():
            known = before.get(key, {})
            row: dict[str, Any] = dict(zip(names, key, strict=True))
            row |= {name: known.get(name, 0) + changes.get(name, 0) for name in counters}
            row |= {name: amount(int(known.get(name, 0)) + changes.get(name, 0)) for name in amounts}
            rows.append(row)
        upsert_many(self._database, table, names, rows)


def _terms(event: CampaignCreated) -> dict[str, Any]:
    """The columns of what is promised. Version 1 of the contract logged none of it."""
    numbers = ("target", "min_gain", "max_start", "submit_until", "review_until", "max_pending", "gap_basis")
    terms = event.terms
    if terms is None:
        return {"stake": amount(0), "fee": amount(0), **dict.fromkeys(numbers, 0)}
    found = {name: int(getattr(terms, name)) for name in numbers}
    return {"stake": amount(terms.stake), "fee": amount(terms.fee), **found}
