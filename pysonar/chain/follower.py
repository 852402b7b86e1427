"""Reads Sonar's events into the agent's database, each once, in order, whatever crashes and whatever the
chain forks.

In one SQLite transaction go the events of a range of blocks and the cursor (number and hash of the range's
last block). Before each range the cursor's hash is compared with the chain; if it is not there any more, the
follower walks back over its checkpoints to the last block both agree on, marks the events after it as
orphaned and reads on from there. An event that turns out to be still mined in the same block keeps its
"handled" mark, so it is not delivered again.

A handler takes from `unhandled()`, does its work, and calls `mark_handled`; put both into one
`database.transaction` and the handler's own records are as exact as the cursor. Across a crash in between,
an event is delivered again: handlers ask the chain before they act. This module sends nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from web3 import Web3

from pysonar.chain.contract.events import (
    CampaignEvent,
    LoggedEvent,
    SonarEvent,
    decode_log,
    from_json,
    to_json,
)
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import transaction
from pysonar.chain.errors import NodeRefusedError
from pysonar.chain.migrations import Tables, migrate
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import BlockRef, Log

FIRST_RANGE = 2_000
LARGEST_RANGE = 50_000
MANY_EVENTS = 2_000
CHECKPOINTS_KEPT = 1_000
UNSETTLED_TRIES = 5

_STEP_1 = (
    """create table if not exists event (
        block_hash blob not null, log_index integer not null, block_number integer not null,
        transaction_hash blob not null, name text not null, campaign blob, fields text not null,
        handled integer not null default 0, orphaned integer not null default 0,
        primary key (block_hash, log_index)) strict""",
    "create index if not exists event_waiting on event (block_number, log_index) where handled = 0",
    "create index if not exists event_campaign on event (campaign, block_number, log_index)",
    "create table if not exists checkpoint (number integer primary key, hash blob not null) strict",
)
SCHEMA = Tables("follower", (_STEP_1,))


@dataclass(frozen=True)
class StoredEvent(LoggedEvent):
    """An event in the database. `orphaned`: its block is not on the chain any more."""

    handled: bool
    orphaned: bool


class Follower:
    """The follower of one Sonar into one database. Not for several threads at once.

    confirmations: how many blocks must lie on top of a block before its events are read (0: none).
    start_block: where to begin in an empty database; the block of Sonar's deployment or earlier.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        web3: Web3,
        sonar: Sonar,
        *,
        confirmations: int,
        start_block: int = 0,
    ) -> None:
        self._database = database
        self._web3 = web3
        self._address = sonar.address
        self._confirmations = confirmations
        self._start = start_block
        self._range = FIRST_RANGE
        with transaction(database):
            migrate(database, SCHEMA)

    @property
    def cursor(self) -> int:
        """The number of the last block that is read; `start_block - 1` before the first."""
        top = self._top()
        return self._start - 1 if top is None else top[0]

    def poll(self) -> int:
        """Read up to the newest confirmed block; how many events are new. NodeDownError and NodeRefusedError
        leave everything as it was: call again later.
        """
        found = 0
        unsettled = 0
        head = rpc.block_number(self._web3)
        target = head - self._confirmations
        while unsettled < UNSETTLED_TRIES:
            self._walk_back(head)
            if self.cursor >= target:
                break
            added = self._read_range(self.cursor + 1, target)
            unsettled = unsettled + 1 if added is None else 0
            found += added or 0
        return found

    def lag(self) -> int:
        """Blocks between the newest confirmed block and the cursor."""
        return max(0, rpc.block_number(self._web3) - self._confirmations - self.cursor)

    def unhandled(self, *kinds: type[SonarEvent]) -> list[StoredEvent]:
        """Events to be handled, in chain order; only of the given kinds, if any are given."""
        return self._select("handled = 0 and orphaned = 0", (), kinds)

    def mark_handled(self, event: LoggedEvent) -> None:
        """Do not deliver the event again. Joins the transaction that is open, if one is."""
        self._database.execute(
            "update event set handled = 1 where block_hash = ? and log_index = ?",
            (event.block_hash, event.log_index),
        )

    def history(self, *kinds: type[SonarEvent], campaign: bytes | None = None) -> list[StoredEvent]:
        """All events on the chain, handled or not, in chain order; of one campaign if given."""
        if campaign is None:
            return self._select("orphaned = 0", (), kinds)
        return self._select("orphaned = 0 and campaign = ?", (campaign,), kinds)

    def handled_orphans(self) -> list[StoredEvent]:
        """Events that were handled and then left the chain: what a handler may have to take back."""
        return self._select("orphaned = 1 and handled = 1", (), ())

    def _select(
        self, condition: str, values: tuple[object, ...], kinds: Sequence[type[SonarEvent]]
    ) -> list[StoredEvent]:
        if kinds:
            condition += f" and name in ({','.join('?' * len(kinds))})"
            values += tuple(kind.name for kind in kinds)
        rows = self._database.execute(
            f"select * from event where {condition} order by block_number, log_index",  # noqa: S608 - no outside text
            values,
        )
        return [
            StoredEvent(
                event=from_json(row["name"], row["fields"]),
                block_number=row["block_number"],
                block_hash=row["block_hash"],
                log_index=row["log_index"],
                transaction_hash=row["transaction_hash"],
                handled=bool(row["handled"]),
                orphaned=bool(row["orphaned"]),
            )
            for row in rows
        ]

    def _top(self) -> tuple[int, bytes] | None:
        row = self._database.execute(
            "select number, hash from checkpoint order by number desc limit 1"
        ).fetchone()
        return None if row is None else (row["number"], row["hash"])

    def _read_range(self, first: int, target: int) -> int | None:
        """Read from `first` as far as the range goes; None if the chain changed meanwhile (nothing is
        stored).
        """
        end, logs = self._logs_from(first, target)
        if end is None or not self._still_there(end):
            return None
        events = [decode_log(log) for log in logs]
        with transaction(self._database):
            new = sum(self._store(event) for event in events)
            self._database.execute(
                "insert into checkpoint (number, hash) values (?, ?)", (end.number, end.hash)
            )
            self._database.execute(
                "delete from checkpoint where number <= "
                "(select number from checkpoint order by number desc limit 1 offset ?)",
                (CHECKPOINTS_KEPT,),
            )
        return new

    def _logs_from(self, first: int, target: int) -> tuple[BlockRef | None, tuple[Log, ...]]:
        """The last block of the range and the logs up to it. Nodes limit blocks or logs per answer, each
        with an error of its own: the range shrinks until it fits and grows again afterwards.
        """
        while True:
            last = min(first + self._range - 1, target)
            end = rpc.block(self._web3, last)
            if end is None:
                return None, ()
            try:
                logs = rpc.logs(self._web3, self._address, first, last)
            except NodeRefusedError:
                if last == first:
                    raise
                self._range = max(1, (last - first + 1) // 4)
                continue
            if len(logs) < MANY_EVENTS:
                self._range = min(LARGEST_RANGE, self._range * 2)
            return end, logs

    def _still_there(self, end: BlockRef) -> bool:
        """Whether both ends of the range are on the chain after its logs were read: only then do they belong
        together.
        """
        again = rpc.block(self._web3, end.number)
        if again is None or again.hash != end.hash:
            return False
        top = self._top()
        if top is None:
            return True
        before = rpc.block(self._web3, top[0])
        return before is not None and before.hash == top[1]

    def _store(self, logged: LoggedEvent) -> int:
        """1 if the event is new or back on the chain and not handled yet."""
        campaign = logged.event.id if isinstance(logged.event, CampaignEvent) else None
        place = (logged.block_hash, logged.log_index)
        row = self._database.execute(
            "select handled, orphaned from event where block_hash = ? and log_index = ?", place
        ).fetchone()
        if row is not None:
            self._database.execute(
                "update event set orphaned = 0 where block_hash = ? and log_index = ?", place
            )
            return int(row["orphaned"] and not row["handled"])
        self._database.execute(
            "insert into event "
            "(block_hash, log_index, block_number, transaction_hash, name, campaign, fields) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (
                *place,
                logged.block_number,
                logged.transaction_hash,
                logged.event.name,
                campaign,
                to_json(logged.event),
            ),
        )
        return 1

    def _walk_back(self, head: int) -> None:
        """Give up what the chain no longer has. Checkpoints above the node's head are not judged: a node
        that lags behind another is no re-org.
        """
        rows = self._database.execute(
            "select number, hash from checkpoint where number <= ? order by number desc", (head,)
        )
        common: int | None = None
        for row in rows.fetchall():
            block = rpc.block(self._web3, row["number"])
            if block is not None and block.hash == row["hash"]:
                common = row["number"]
                break
        else:
            if self._top() is None:
                return
            above = self._database.execute("select min(number) as least from checkpoint").fetchone()["least"]
            if above > head:
                return
            common = self._start - 1
        newest_judged = self._database.execute(
            "select max(number) as top from checkpoint where number <= ?", (head,)
        )
        if newest_judged.fetchone()["top"] == common:
            return
        with transaction(self._database):
            self._database.execute("delete from checkpoint where number > ?", (common,))
            self._database.execute("update event set orphaned = 1 where block_number > ?", (common,))
