"""What this mine decided to submit: a row for each gradient, written before anything of it leaves the mine.

The row holds the sealed bytes and their CID until the submission is decided, so that after a crash at any
point the same bytes are stored and submitted under the same outbox key, never a second gradient in their
place. What became of a submission is not written here: the chain says it (see `campaigns.history`). Nothing
here holds a record of the data, a weight or a key: the bytes are sealed to Capsule and this mine cannot open
them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from pysonar.chain.database import transaction
from pysonar.chain.migrations import Tables
from pysonar.pause import Pause

_STEP_1 = (
    """create table if not exists mine_submission (
        number integer primary key, campaign blob not null, data text not null, data_digest blob not null,
        base_version integer not null, base_model blob not null, update_cid blob not null unique,
        value text not null, sealed blob, made_at integer not null, closed_at integer,
        given_up text) strict""",
    # One gradient for each data set and version of the model; one that was given up may be tried again.
    """create unique index if not exists mine_submission_once
        on mine_submission (campaign, data_digest, base_model) where given_up is null""",
    """create table if not exists mine_failure (
        campaign blob not null, data text not null, count integer not null, retry_at integer not null,
        message text not null, primary key (campaign, data)) strict""",
)
_STEP_2 = (
    "alter table mine_submission add column seconds real",
    """create table mine_word (
        campaign blob primary key, word text not null, given_at integer not null) strict""",
    "create table mine_rules (digest blob primary key, text text not null) strict",
    """create table mine_decision (
        number integer primary key, campaign blob not null, data text not null, made_at integer not null,
        answer text not null, reasons text not null, facts text not null,
        rules blob not null references mine_rules (digest)) strict""",
    "create index mine_decision_of on mine_decision (campaign, data, number)",
)
SCHEMA = Tables("mine", (_STEP_1, _STEP_2))


@dataclass(frozen=True)
class OwnSubmission:
    """One gradient of this mine: from the data set `data`, whose identity was `data_digest`. CIDs as
    32-byte digests, `value` (stake + fee) in wei, times in seconds since 1970.

    `sealed` is None once the submission is closed: decided, taken back or given up.
    """

    number: int
    campaign: bytes
    data: str
    data_digest: bytes
    base_version: int
    base_model: bytes
    update: bytes
    value: int
    sealed: bytes | None
    made_at: int
    closed_at: int | None
    given_up: str | None
    seconds: float | None = None

    @property
    def key(self) -> str:
        """Names it in messages: campaign and CID digest."""
        return f"{self.campaign.hex()}/{self.update.hex()}"


@dataclass(frozen=True)
class Failure:
    """The last error with a campaign and data set, how many came in a row, and when to try again."""

    campaign: bytes
    data: str
    count: int
    retry_at: int
    message: str


class Journal:
    """The mine's own tables in the agent's database (opened with `SCHEMA`)."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(
        self,
        campaign: bytes,
        *,
        data: str,
        data_digest: bytes,
        base_version: int,
        base_model: bytes,
        update: bytes,
        value: int,
        sealed: bytes,
        now: int,
        seconds: float | None = None,
    ) -> OwnSubmission:
        """Write a new submission down, durably. sqlite3.IntegrityError for a second one on the same base."""
        cursor = self._database.execute(
            """insert into mine_submission
               (campaign, data, data_digest, base_version, base_model, update_cid, value, sealed, made_at,
                seconds) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (campaign, data, data_digest, base_version, base_model, update, str(value), sealed, now, seconds),
        )
        return self._get(cursor.lastrowid)

    def close(self, submission: OwnSubmission, *, now: int) -> None:
        """The submission is decided: its bytes are needed no more."""
        self._database.execute(
            "update mine_submission set sealed = null, closed_at = ? where number = ? and closed_at is null",
            (now, submission.number),
        )

    def give_up(self, submission: OwnSubmission, reason: str, *, now: int) -> None:
        """The submission was never queued and never will be."""
        with transaction(self._database):
            self.close(submission, now=now)
            self._database.execute(
                "update mine_submission set given_up = ? where number = ?", (reason, submission.number)
            )

    def rename_data(self, submission: OwnSubmission, identity: bytes) -> bool:
        """Let a submission be of data of that identity; False if another one is on its base already."""
        changed = self._database.execute(
            "update or ignore mine_submission set data_digest = ? where number = ?",
            (identity, submission.number),
        )
        return changed.rowcount > 0

    def submissions(self, campaign: bytes | None = None) -> list[OwnSubmission]:
        """All submissions in the order in which they were made; of one campaign if given."""
        if campaign is None:
            rows = self._database.execute("select * from mine_submission order by number")
        else:
            rows = self._database.execute(
                "select * from mine_submission where campaign = ? order by number", (campaign,)
            )
        return [_submission(row) for row in rows]

    def seconds_of_visits(self, campaign: bytes) -> float | None:
        """What a visit to the campaign took on average, over the last four; None if there was none."""
        row = self._database.execute(
            """select avg(seconds) as seconds from (select seconds from mine_submission
               where campaign = ? and seconds is not null order by number desc limit 4)""",
            (campaign,),
        ).fetchone()
        return None if row["seconds"] is None else float(row["seconds"])

    def fail(self, campaign: bytes, data: str, message: str, *, now: int, pause: Pause) -> Failure:
        """Note an error, and when to try again."""
        before = self.failure(campaign, data)
        count = before.count + 1 if before else 1
        retry_at = now + int(pause.after(count))
        self._database.execute(
            """insert or replace into mine_failure (campaign, data, count, retry_at, message)
               values (?, ?, ?, ?, ?)""",
            (campaign, data, count, retry_at, message),
        )
        return Failure(campaign, data, count, retry_at, message)

    def succeed(self, campaign: bytes, data: str) -> None:
        """Forget the failures."""
        self._database.execute("delete from mine_failure where campaign = ? and data = ?", (campaign, data))

    def failure(self, campaign: bytes, data: str) -> Failure | None:
        """The failure to reckon with, if the last try failed."""
        row = self._database.execute(
            "select * from mine_failure where campaign = ? and data = ?", (campaign, data)
        ).fetchone()
        return Failure(**dict(row)) if row else None

    def _get(self, number: int | None) -> OwnSubmission:
        row = self._database.execute("select * from mine_submission where number = ?", (number,)).fetchone()
        return _submission(row)


def _submission(row: sqlite3.Row) -> OwnSubmission:
    fields = dict(row)
    update, value = fields.pop("update_cid"), int(fields.pop("value"))
    return OwnSubmission(update=update, value=value, **fields)
