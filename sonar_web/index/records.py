"""The follower's tables with the statistics beside them: what is read and what follows from it change in one
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from pysonar.chain.contract.events import CampaignEvent, LoggedEvent, Reclaimed
from pysonar.chain.database import transaction
from pysonar.chain.event_records import EVENT_COLUMNS, EventRecords, event_row
from pysonar.chain.migrations import migrate
from pysonar.chain.node.answers import BlockRef
from pysonar.chain.submissions import Counters
from sonar_web.index.batch import Batch
from sonar_web.index.gas import take_back_gas
from sonar_web.index.postgres import PostgresDatabase
from sonar_web.index.rows import Database, upsert_many
from sonar_web.index.tables import TABLES

Times = Callable[[Sequence[LoggedEvent], BlockRef | None], dict[bytes, int]]
"""The time of each event's block, by the block's hash; given the range's end, if it is read for the first
time. Raises NodeError if the chain changed meanwhile."""


class IndexRecords(EventRecords):
    """Events and statistics of one Sonar in one database.

    `times`: asked outside of any transaction, for blocks that are new. `kept`: called with the end of each
    range when it is committed, and with how many of its events are new.
    """

    def __init__(
        self, database: Database, times: Times, kept: Callable[[BlockRef, int], None] = lambda *_: None
    ) -> None:
        super().__init__(database)  # type: ignore[arg-type] # the few methods that it uses
        self._index = database
        self._times = times
        self._kept = kept
        with transaction(self.database):
            migrate(self.database, TABLES)

    def add(self, events: Iterable[LoggedEvent], end: BlockRef | None) -> list[LoggedEvent]:
        """See `EventRecords.add`; the statistics follow."""
        found = list(events)
        times = self._times(found, end) if found else {}
        with transaction(self.database):
            self._keep(times, found)
            new = super().add(found, end)
            # Above what was read there is nothing that could make an event late.
            self._follow(new, times, set() if end is not None else {event.id for event in self._late(new)})
        if end is not None:
            self._kept(end, len(new))
        return new

    def give_up_above(self, number: int) -> list[bytes]:
        """See `EventRecords.give_up_above`; what the events added is taken back."""
        with transaction(self.database):
            batch = Batch(self._index)
            campaigns = self._campaigns_above(number)
            for campaign in campaigns:
                self._take_back(batch, campaign)
            batch.flush()
            for campaign in campaigns:
                batch.forget(campaign)
            super().give_up_above(number)
            take_back_gas(self._index, number)
            for campaign in campaigns:
                self._fold(batch, campaign)
            batch.flush()
        return campaigns

    def time_of(self, block_hash: bytes) -> int:
        """When a block with events was mined, seconds since 1970."""
        row = self.database.execute("select at from block_time where hash = ?", (block_hash,)).fetchone()
        return int(row[0])

    def counters_if_whole(self, campaign: bytes) -> Counters | None:
        """See `EventRecords.counters_if_whole`: by the rows of the campaign and its submissions. After a
        first reading that is the whole index, and reading each event again would take as long.
        """
        row = self.database.execute(
            "select opened_at, submitted, evaluated, version from campaign where id = ?", (campaign,)
        ).fetchone()
        if row is None or (row["submitted"] and row["opened_at"] is None):
            return None
        queue = self.database.execute(
            "select place, verdict, version, reclaimed from submission where campaign = ? order by place",
            (campaign,),
        ).fetchall()
        # A stake that was taken back leaves no trace in the rows where its submission is missing.
        reclaimed = self.database.execute(
            "select count(*) from event where campaign = ? and name = ? and orphaned = 0",
            (campaign, Reclaimed.name),
        ).fetchone()[0]
        judged = [place["place"] for place in queue if place["verdict"] is not None]
        versions = [place["version"] for place in queue if place["version"] is not None]
        if (
            [place["place"] for place in queue] != list(range(row["submitted"]))
            or judged != list(range(row["evaluated"]))
            or versions != list(range(1, row["version"] + 1))
            or reclaimed != sum(place["reclaimed"] for place in queue)
        ):
            return None
        return Counters(row["submitted"], row["evaluated"], row["version"])

    def live_campaigns(self) -> list[bytes]:
        """See `EventRecords.live_campaigns`: by their rows; the index has no list of events by name."""
        rows = self.database.execute(
            "select id from campaign where state in ('requested', 'open') order by created_block, id"
        ).fetchall()
        return [bytes(row["id"]) for row in rows]

    def _insert(self, events: Sequence[LoggedEvent]) -> None:
        if isinstance(self._index, PostgresDatabase):
            self._index.copy("event", EVENT_COLUMNS, map(event_row, events))
        else:
            super()._insert(events)

    # Statistics.

    def _follow(self, new: Sequence[LoggedEvent], times: Mapping[bytes, int], late: set[bytes]) -> None:
        """In the chain's order where that is how they came; a campaign whose events came late is folded
        anew.
        """
        batch = Batch(self._index)
        for logged in new:
            event = logged.event
            if isinstance(event, CampaignEvent) and event.id not in late:
                batch.apply(logged, times[logged.block_hash])
        batch.flush()
        for campaign in late:
            self._refold(campaign, without={(one.block_hash, one.log_index) for one in new})

    def _late(self, new: Sequence[LoggedEvent]) -> Iterable[CampaignEvent]:
        """Those before an event of the same campaign that was there already."""
        if not new:
            return
        first = min(logged.block_number for logged in new)
        own = {(logged.block_hash, logged.log_index) for logged in new}
        rows = self.database.execute(
            "select campaign, block_number, block_hash, log_index from event"
            " where block_number >= ? and orphaned = 0 and campaign is not null",
            (first,),
        ).fetchall()
        newest: dict[bytes, tuple[int, int]] = {}
        for row in rows:
            if (bytes(row["block_hash"]), row["log_index"]) not in own:
                place = (row["block_number"], row["log_index"])
                newest[bytes(row["campaign"])] = max(newest.get(bytes(row["campaign"]), place), place)
        for logged in new:
            event = logged.event
            if not isinstance(event, CampaignEvent) or event.id not in newest:
                continue
            if (logged.block_number, logged.log_index) < newest[event.id]:
                yield event

    def _refold(self, campaign: bytes, without: set[tuple[bytes, int]]) -> None:
        batch = Batch(self._index)
        before = [
            one for one in self.on_chain_all(campaign) if (one.block_hash, one.log_index) not in without
        ]
        batch.forget(campaign)
        for logged in before:
            batch.apply(logged, self.time_of(logged.block_hash), sign=-1)
        batch.flush()
        batch.forget(campaign)
        self._fold(batch, campaign)
        batch.flush()

    def _take_back(self, batch: Batch, campaign: bytes) -> None:
        batch.forget(campaign)
        for logged in self.on_chain_all(campaign):
            batch.apply(logged, self.time_of(logged.block_hash), sign=-1)

    def _fold(self, batch: Batch, campaign: bytes) -> None:
        for logged in self.on_chain_all(campaign):
            batch.apply(logged, self.time_of(logged.block_hash))

    def _campaigns_above(self, number: int) -> list[bytes]:
        rows = self.database.execute(
            "select distinct campaign from event"
            " where block_number > ? and orphaned = 0 and campaign is not null",
            (number,),
        ).fetchall()
        return [bytes(row["campaign"]) for row in rows]

    def _keep(self, times: dict[bytes, int], events: Sequence[LoggedEvent]) -> None:
        numbers = {logged.block_hash: logged.block_number for logged in events}
        # Also those that are known: gas of what a node had kept back is still to be read.
        rows = [
            {"hash": block, "number": numbers[block], "at": at, "gas_read": 0} for block, at in times.items()
        ]
        upsert_many(self._index, "block_time", ("hash",), rows)
