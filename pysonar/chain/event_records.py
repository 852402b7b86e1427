"""The follower's tables: Sonar's events with the block they were mined in, and how far they are read. Pure
bookkeeping, no node.

What is stored is what was understood: an event is decoded before it is written. A row is never taken back,
only marked as orphaned when its block leaves the chain, so an event that comes back in the same block keeps
its "handled" mark.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pysonar.chain.contract.events import (
    BY_NAME,
    CampaignCancelled,
    CampaignCreated,
    CampaignDeclined,
    CampaignEvent,
    E,
    Logged,
    LoggedEvent,
    Settled,
    SonarEvent,
    Submitted,
    from_json,
    to_json,
)
from pysonar.chain.database import transaction
from pysonar.chain.migrations import Tables, migrate
from pysonar.chain.node.answers import BlockRef
from pysonar.chain.submissions import Counters

CHECKPOINTS_KEPT = 1_000
ROWS_AT_ONCE = 500
_MINER = "json_extract(fields, '$.miner')"
_BY = f"name = 'Submitted' and {_MINER} = ?"
_NOT_BY_OTHERS = f"(name <> 'Submitted' or {_MINER} = ?)"

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
_STEP_2 = ("create index event_name on event (name, block_number, log_index)",)
# One kind of event for the verdicts of both versions of the contract.
_STEP_3 = (
    """update event set name = 'Verdicts', fields = json_object(
        'id', json_extract(fields, '$.id'), 'first', json_extract(fields, '$.index'),
        'verdicts', json_array(json_extract(fields, '$.verdict'))) where name = 'Reported'""",
)
_STEP_4 = (f"create index event_miner on event ({_MINER}, block_number, log_index) where name = 'Submitted'",)
_STEP_5 = (
    """create index if not exists event_queue on event (campaign, json_extract(fields, '$.index'))
        where name = 'Submitted'""",
)
SCHEMA = Tables("follower", (_STEP_1, _STEP_2, _STEP_3, _STEP_4, _STEP_5))


_ENDS = (Settled, CampaignCancelled, CampaignDeclined)


@dataclass(frozen=True)
class Stored(Logged[E]):
    """An event in the database. `orphaned`: its block is not on the chain any more."""

    handled: bool
    orphaned: bool


StoredEvent = Stored[SonarEvent]


@dataclass(frozen=True)
class Checkpoint:
    """A block up to which everything is read."""

    number: int
    hash: bytes


def _names(kind: type[SonarEvent]) -> list[str]:
    """What events of that kind are called in the database."""
    return [name for name, known in BY_NAME.items() if issubclass(known, kind)]


@dataclass(frozen=True)
class _Search:
    """Where to look, and for what."""

    table: str = "event"
    condition: str = "orphaned = 0"
    values: tuple[object, ...] = ()

    def for_campaign(self, campaign: bytes | None) -> _Search:
        """Of one campaign, if one is given."""
        if campaign is None:
            return self
        return replace(self, condition=f"{self.condition} and campaign = ?", values=(*self.values, campaign))

    def without_others(self, kind: type[SonarEvent], submitter: str | None) -> _Search:
        """Without what others than `submitter` have submitted, if one is given. Strangers' submissions cost
        nothing where only one's own are asked for: the index is named, as SQLite would take the one that has
        the order and look at all of them.
        """
        if submitter is None:
            return self
        own = kind is Submitted
        return _Search(
            "event indexed by event_miner" if own else self.table,
            f"{self.condition} and {_BY if own else _NOT_BY_OTHERS}",
            (*self.values, submitter),
        )

    def of(self, kind: type[SonarEvent]) -> _Search:
        """Of one kind."""
        names = _names(kind)
        if len(names) == len(BY_NAME):
            return self
        condition = f"{self.condition} and name in ({','.join('?' * len(names))})"
        return replace(self, condition=condition, values=(*self.values, *names))


class EventRecords:
    """The events of one Sonar in one database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        with transaction(database):
            migrate(database, SCHEMA)

    def top(self) -> Checkpoint | None:
        """The newest checkpoint; None in an empty database."""
        found = self.checkpoints_to(None)
        return next(iter(found), None)

    def checkpoints_to(self, number: int | None) -> Iterable[Checkpoint]:
        """Those up to that block (all), newest first."""
        rows = self.database.execute(
            "select number, hash from checkpoint where ? is null or number <= ? order by number desc",
            (number, number),
        )
        return (Checkpoint(row["number"], row["hash"]) for row in rows.fetchall())

    def lowest_checkpoint(self) -> int | None:
        """The number of the oldest one that is kept."""
        found: int | None = self.database.execute("select min(number) from checkpoint").fetchone()[0]
        return found

    def add(self, events: Iterable[LoggedEvent], end: BlockRef | None) -> list[LoggedEvent]:
        """Store what is new or back on the chain; those events. `end`: everything up to there is read now."""
        with transaction(self.database):
            new = self._store(events)
            if end is not None:
                self.database.execute(
                    "insert into checkpoint (number, hash) values (?, ?)", (end.number, end.hash)
                )
                self.database.execute(
                    "delete from checkpoint where number <= "
                    "(select number from checkpoint order by number desc limit 1 offset ?)",
                    (CHECKPOINTS_KEPT,),
                )
        return new

    def give_up_above(self, number: int) -> list[bytes]:
        """Mark everything above that block as orphaned; the campaigns that it concerns."""
        with transaction(self.database):
            rows = self.database.execute(
                "select distinct campaign from event where block_number > ? and orphaned = 0", (number,)
            ).fetchall()
            self.database.execute("delete from checkpoint where number > ?", (number,))
            self.database.execute("update event set orphaned = 1 where block_number > ?", (number,))
        return [row["campaign"] for row in rows if row["campaign"] is not None]

    def mark_handled(self, event: LoggedEvent) -> None:
        """Joins the transaction that is open, if one is."""
        self.database.execute(
            "update event set handled = 1 where block_hash = ? and log_index = ?",
            (event.block_hash, event.log_index),
        )

    def unhandled(self, kind: type[E]) -> list[Stored[E]]:
        """Those on the chain that nobody has handled, in chain order."""
        return self._select(kind, _Search(condition="handled = 0 and orphaned = 0"))

    def on_chain(
        self, kind: type[E], campaign: bytes | None = None, submitter: str | None = None
    ) -> list[Stored[E]]:
        """All on the chain, in chain order; of one campaign, and without what others than `submitter` have
        submitted, if given. What is left out is not decoded.
        """
        return self._select(kind, _Search().for_campaign(campaign).without_others(kind, submitter))

    def queue(self, campaign: bytes, first: int, count: int) -> list[Stored[Submitted]]:
        """The campaign's submissions on the chain with the indices from `first` on, `count` at most, in chain
        order. Its cost does not grow with the queue.
        """
        place = "json_extract(fields, '$.index')"
        return self._select(
            Submitted,
            _Search(
                "event indexed by event_queue",
                f"orphaned = 0 and name = 'Submitted' and campaign = ? and {place} >= ? and {place} < ?",
                (campaign, first, first + count),
            ),
        )

    def campaigns_with(self, kind: type[CampaignEvent], submitter: str | None = None) -> list[bytes]:
        """The campaigns that have such an event on the chain (of Submitted: by `submitter`, if given), each
        once, in the order of their first. Nothing is decoded.
        """
        search = _Search().without_others(kind, submitter).of(kind)
        rows = self.database.execute(
            f"select campaign from {search.table} where {search.condition} order by block_number, log_index",  # noqa: S608 - no outside text
            search.values,
        )
        return list(dict.fromkeys(row["campaign"] for row in rows))

    def live_campaigns(self) -> list[bytes]:
        """Those that were created and are not over, in the order of their creation."""
        over = {campaign for kind in _ENDS for campaign in self.campaigns_with(kind)}
        return [campaign for campaign in self.campaigns_with(CampaignCreated) if campaign not in over]

    def handled_orphans(self) -> list[StoredEvent]:
        """Those that were handled and then left the chain."""
        return self._select(SonarEvent, _Search(condition="orphaned = 1 and handled = 1"))

    def on_chain_all(self, campaign: bytes) -> list[LoggedEvent]:
        """The whole story of a campaign, in chain order."""
        return [*self.on_chain(SonarEvent, campaign)]

    def counters_if_whole(self, campaign: bytes) -> Counters | None:  # noqa: ARG002 - of those that can tell
        """What the campaign's events come to, if records beside them show that none is missing among them;
        None if that takes reading them, as here, where there are no such records.
        """
        return None

    def _select(self, kind: type[E], where: _Search) -> list[Stored[E]]:
        search = where.of(kind)
        rows = self.database.execute(
            f"select * from {search.table} where {search.condition} order by block_number, log_index",  # noqa: S608 - no outside text
            search.values,
        )
        found = []
        for row in rows.fetchall():
            event = from_json(row["name"], row["fields"])
            assert isinstance(event, kind)  # noqa: S101 - the names say so
            found.append(
                Stored(
                    event=event,
                    block_number=row["block_number"],
                    block_hash=row["block_hash"],
                    log_index=row["log_index"],
                    transaction_hash=row["transaction_hash"],
                    handled=bool(row["handled"]),
                    orphaned=bool(row["orphaned"]),
                )
            )
        return found

    def _store(self, events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
        """Those that are new, or back on the chain and not handled yet."""
        by_place = {(logged.block_hash, logged.log_index): logged for logged in events}
        known = self._blocks_known({block for block, _ in by_place})
        again = [logged for logged in by_place.values() if logged.block_hash in known]
        if not again:  # nearly always; asked what came of each row, the database takes twice as long
            self._insert(list(by_place.values()))
            return list(by_place.values())
        self._insert([logged for logged in by_place.values() if logged.block_hash not in known])
        handled_or_there = {(one.block_hash, one.log_index) for one in again}
        handled_or_there -= self._insert_again(again)
        return [logged for place, logged in by_place.items() if place not in handled_or_there]

    def _blocks_known(self, blocks: Collection[bytes]) -> set[bytes]:
        """Those of which an event is stored."""
        found: set[bytes] = set()
        for some in _cut(list(blocks)):
            statement = f"select distinct block_hash from event where block_hash in ({_places(some)})"  # noqa: S608 - our own words, here and below
            found |= {bytes(row["block_hash"]) for row in self.database.execute(statement, some).fetchall()}
        return found

    def _insert(self, events: Sequence[LoggedEvent]) -> None:
        for some in _cut(events):
            values = itertools.chain.from_iterable(map(event_row, some))
            self.database.execute(_INSERT + ", ".join([_ROW] * len(some)), list(values))

    def _insert_again(self, events: Sequence[LoggedEvent]) -> set[tuple[bytes, int]]:
        """The same of blocks that are known: the places of those that are new, or back and not handled."""
        found: set[tuple[bytes, int]] = set()
        for some in _cut(events):
            changed = self.database.execute(
                f"{_INSERT}{', '.join([_ROW] * len(some))} on conflict (block_hash, log_index)"
                " do update set orphaned = 0 where event.orphaned = 1"
                " returning block_hash, log_index, handled",
                list(itertools.chain.from_iterable(map(event_row, some))),
            ).fetchall()
            found |= {(bytes(row["block_hash"]), row["log_index"]) for row in changed if not row["handled"]}
        return found


EVENT_COLUMNS = "block_hash, log_index, block_number, transaction_hash, name, campaign, fields"
_INSERT = f"insert into event ({EVENT_COLUMNS}) values "  # noqa: S608 - our own words
_ROW = "(?, ?, ?, ?, ?, ?, ?)"
T = TypeVar("T")


def _cut(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """What goes into one statement."""
    return (things[first : first + ROWS_AT_ONCE] for first in range(0, len(things), ROWS_AT_ONCE))


def _places(things: Sequence[object]) -> str:
    return ", ".join("?" * len(things))


def event_row(logged: LoggedEvent) -> tuple[object, ...]:
    """What is kept of an event, in the order of `EVENT_COLUMNS`."""
    event = logged.event
    campaign = event.id if isinstance(event, CampaignEvent) else None
    return (
        logged.block_hash, logged.log_index, logged.block_number, logged.transaction_hash,
        event.name, campaign, to_json(event),
    )  # fmt: skip
