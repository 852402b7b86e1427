"""Reads Sonar's events into the agent's database, each once, in order, whatever crashes, whatever the chain
forks, and whatever a node leaves out.

In one SQLite transaction go the events of a range of blocks and the cursor (number and hash of the range's
last block). Before each range the cursor's hash is compared with the chain; if another block is there, the
follower walks back over its checkpoints to the last block both agree on, marks the events after it as
orphaned and reads on from there. An event that turns out to be still mined in the same block keeps its
"handled" mark, so it is not delivered again.

That a node has no logs for a block, or not the block, proves nothing: behind a balancer the next machine may
be some blocks behind. The machine that gives logs must know the last block of the range; the newest blocks
are read again for half an hour; and what is read is compared with Sonar's own counters (see `audit`). What is
missing is read again from the campaign's beginning, and said in `trouble`.

A handler takes from `unhandled()`, does its work, and calls `mark_handled`; put both into one
`database.transaction` and the handler's own records are as exact as the cursor. Across a crash in between,
an event is delivered again: handlers ask the chain before they act. This module sends nothing.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import overload

from pysonar.chain.audit import Audit
from pysonar.chain.contract.events import (
    CampaignCreated,
    CampaignEvent,
    E,
    LoggedEvent,
    SonarEvent,
    Submitted,
    decode_log,
)
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.errors import NodeBusyError, NodeDownError, NodeRefusedError, OtherGenesisError
from pysonar.chain.event_records import Checkpoint, EventRecords, Stored, StoredEvent
from pysonar.chain.log_ranges import AGES, Blocks, ReadAgain, Width
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import BlockRef, Log
from pysonar.chain.node.handle import Node
from pysonar.pause import Pause

__all__ = ["Follower", "Stored", "StoredEvent"]

UNSETTLED_TRIES = 5
BLOCKS_CHECKED = 40
AUDIT_SECONDS = 10.0
COMPARE_SECONDS = 60.0
PAUSE_PER_CHECK = 20.0
"""Seconds after each second that was spent on looking for gaps: a campaign with ten thousand events is read
through for that, and each of them would be an occasion.
"""
GAP_PAUSE = Pause(first=4.0, longest=600.0)
TRIES_FOR_THE_BEGINNING = 3
"""A campaign may have been created before the block from which this home reads."""
AFTER_A_REFUSAL = 0.5
"""Seconds between a range that was refused and the next, smaller one."""


@dataclass
class _Gap:
    what: str
    tries: int
    due: float


class Follower:
    """The follower of one Sonar into one database. Not for several threads at once.

    database: or the records that keep what is read, where more than events follows from it.
    confirmations: how many blocks must lie on top of a block before its events are read (0: none).
    start_block: where to begin in an empty database; the block of Sonar's deployment or earlier.
    clock: seconds that never jump. ages: see `log_ranges`.
    """

    def __init__(
        self,
        database: sqlite3.Connection | EventRecords,
        web3: Node,
        sonar: Sonar,
        *,
        confirmations: int,
        start_block: int = 0,
        clock: Callable[[], float] = time.monotonic,
        ages: Sequence[float] = AGES,
    ) -> None:
        self._records = database if isinstance(database, EventRecords) else EventRecords(database)
        self._web3 = web3
        self._address = sonar.address
        self._confirmations = confirmations
        self._start = start_block
        self._clock = clock
        self._width = Width()
        self._again = ReadAgain(ages)
        self._audit = Audit(self._records, sonar)
        self._audited_at = self._compared_at = self._check_at = float("-inf")
        self._gaps: dict[bytes, _Gap] = {}
        self._disagree: tuple[int, str] = (0, "")
        self._genesis: bytes | None = None
        self._touched: set[bytes] | None = None
        self._new: set[bytes] = set()
        self._fresh = True

    @property
    def cursor(self) -> int:
        """The number of the last block that is read; `start_block - 1` before the first."""
        top = self._records.top()
        return self._start - 1 if top is None else top.number

    @property
    def trouble(self) -> str | None:
        """What the nodes keep back or contradict each other about; None if all agrees."""
        said = [
            f"the node gives no events for all that Sonar says of campaign 0x{campaign.hex()[:12]}: "
            f"{gap.what} missing; reading again"
            for campaign, gap in self._gaps.items()
        ]
        if self._disagree[0] > 1:
            said.append(self._disagree[1])
        return "; ".join(said[:3]) or None

    def poll(self) -> int:
        """Read up to the newest confirmed block, and again what may have been kept back; how many events are
        new. NodeError leaves everything as it was: call again later.
        """
        head = rpc.block_number(self._web3)
        self._remember_genesis()
        found = self._read_new(head)
        again = self._again.due(self._clock())
        if again is not None:
            found += self._read_again(Blocks(again.first, min(again.last, self.cursor)))
        found += self._close_gaps()
        self._compare_nodes(head)
        return found

    def touched(self) -> set[bytes] | None:
        """Campaigns whose events changed since this was asked last; None, the first time, for all."""
        found, self._touched = self._touched, set()
        return found

    @overload
    def unhandled(self) -> list[StoredEvent]: ...
    @overload
    def unhandled(self, kind: type[E]) -> list[Stored[E]]: ...
    def unhandled(self, kind: type[SonarEvent] = SonarEvent) -> Sequence[StoredEvent]:
        """Events to be handled, in chain order; only of the given kind, if one is given."""
        return self._records.unhandled(kind)

    def mark_handled(self, event: LoggedEvent) -> None:
        """Do not deliver the event again. Joins the transaction that is open, if one is."""
        self._records.mark_handled(event)

    @overload
    def history(
        self, *, campaign: bytes | None = None, submitter: str | None = None
    ) -> list[StoredEvent]: ...
    @overload
    def history(
        self, kind: type[E], *, campaign: bytes | None = None, submitter: str | None = None
    ) -> list[Stored[E]]: ...
    def history(
        self,
        kind: type[SonarEvent] = SonarEvent,
        *,
        campaign: bytes | None = None,
        submitter: str | None = None,
    ) -> Sequence[StoredEvent]:
        """All events on the chain of that kind (of any), handled or not, in chain order; of one campaign, and
        without what others than `submitter` have submitted, if given: however much that is, it costs nothing.
        """
        return self._records.on_chain(kind, campaign, submitter)

    def queue(self, campaign: bytes, first: int, count: int) -> list[Stored[Submitted]]:
        """The campaign's submissions with the indices from `first` on, `count` at most, in chain order:
        however long the queue is, it costs the same.
        """
        return self._records.queue(campaign, first, count)

    def campaigns_with(self, kind: type[CampaignEvent], *, submitter: str | None = None) -> list[bytes]:
        """The campaigns with such an event on the chain, in the order of their first one; of submissions,
        those of `submitter`, if given.
        """
        return self._records.campaigns_with(kind, submitter)

    def handled_orphans(self) -> list[StoredEvent]:
        """Events that were handled and then left the chain: what a handler may have to take back."""
        return self._records.handled_orphans()

    # Reading.

    def _read_new(self, head: int) -> int:
        found, unsettled = 0, 0
        target = head - self._confirmations
        while unsettled < UNSETTLED_TRIES and self._walk_back(head):
            first = self.cursor + 1
            if self._fresh:  # what an earlier process read may have been kept back from it, too
                self._again.was_read(Blocks(self._start, first - 1), head, self._clock())
                self._fresh = False
            if first > target:
                break
            read = self._read(Blocks(first, target), is_new=True)
            if read is None:
                unsettled += 1
                continue
            unsettled = 0
            end, new = read
            self._again.was_read(Blocks(first, end), head, self._clock())
            found += new
        return found

    def _read_again(self, blocks: Blocks) -> int:
        """Read what was read before; how many events were missing. What cannot be read now is due again."""
        found, first = 0, max(blocks.first, self._start)
        while first <= blocks.last:
            read = self._read(Blocks(first, blocks.last), is_new=False)
            if read is None:
                self._again.put_off(Blocks(first, blocks.last), self._clock())
                break
            first, found = read[0] + 1, found + read[1]
        return found

    def _read(self, blocks: Blocks, *, is_new: bool) -> tuple[int, int] | None:
        """Read from the first block as far as the width goes: the last block read, and how many events are
        new. None if the chain changed meanwhile, or the machine that answers lacks the end (nothing is
        stored).
        """
        end, logs = self._logs_from(blocks)
        if end is None or not self._on_chain(end, logs):
            return None
        added = self._records.add([decode_log(log) for log in logs], end if is_new else None)
        self._note(added)
        return end.number, len(added)

    def _logs_from(self, blocks: Blocks) -> tuple[BlockRef | None, tuple[Log, ...]]:
        """The last block of the range and the logs up to it. Nodes limit a range each in its own way: by an
        error, a time-out, a page of the machine before it, a broken connection. Any of that shrinks it.
        """
        while True:
            last = min(blocks.first + self._width.blocks - 1, blocks.last)
            width = last - blocks.first + 1
            try:
                answer = rpc.logs_and_block(self._web3, self._address, blocks.first, last)
            except NodeBusyError as error:
                if error.limited or width == 1:  # too many requests: fewer blocks would be more of them
                    raise
            except NodeDownError:
                if width == 1:
                    raise
            else:
                if not isinstance(answer, NodeRefusedError):
                    logs, end = answer
                    self._width.fitted(len(logs))
                    return end, logs
                if width == 1:
                    raise answer
            self._width.refused(width)
            rpc.block_number(self._web3)  # whether the range is to blame, or the node is away: that is raised
            time.sleep(AFTER_A_REFUSAL)

    def _on_chain(self, end: BlockRef, logs: Sequence[Log]) -> bool:
        """Whether the range's end, the last checkpoint and the blocks of the newest logs are on the chain
        after all was read: only then do they belong together.
        """
        top = self._records.top()
        wanted: dict[int, bytes] = {} if top is None else {top.number: top.hash}
        for number, known in [(end.number, end.hash), *((log.block_number, log.block_hash) for log in logs)]:
            if wanted.setdefault(number, known) != known:
                return False
        newest = sorted(wanted, reverse=True)[:BLOCKS_CHECKED]
        wanted = {number: wanted[number] for number in {*newest, *([] if top is None else [top.number])}}
        found = rpc.blocks(self._web3, list(wanted))
        return [block and block.hash for block in found] == list(wanted.values())

    def _note(self, events: Iterable[LoggedEvent]) -> None:
        campaigns = {logged.event.id for logged in events if isinstance(logged.event, CampaignEvent)}
        if campaigns:
            self._changed(campaigns)

    def _changed(self, campaigns: Iterable[bytes]) -> None:
        self._audit.forget()
        self._new |= set(campaigns)
        if self._touched is not None:
            self._touched |= set(campaigns)

    # Forks.

    def _walk_back(self, head: int) -> bool:
        """Give up what the chain no longer has; False if that is not known now.

        Only another block in its place is a re-org. Checkpoints above the node's head are not judged, nor is
        anything while the node lacks a block: it may lag behind another.
        """
        judged = [*self._records.checkpoints_to(head)]
        if not judged:
            return self._records.lowest_checkpoint() is None
        common: Checkpoint | None = None
        for batch in _batches(judged):
            for checkpoint, block in zip(batch, self._blocks_at(batch), strict=True):
                if block is None:
                    return False
                if block.hash == checkpoint.hash:
                    common = checkpoint
                    break
            if common is not None:
                break
        if common is judged[0]:
            return True
        if common is None and self._genesis != rpc.genesis(self._web3):
            raise OtherGenesisError(self._address)
        self._changed(self._records.give_up_above(self._start - 1 if common is None else common.number))
        return True

    def _blocks_at(self, checkpoints: Sequence[Checkpoint]) -> list[BlockRef | None]:
        return rpc.blocks(self._web3, [checkpoint.number for checkpoint in checkpoints])

    def _remember_genesis(self) -> None:
        if self._genesis is None:
            self._genesis = rpc.genesis(self._web3)

    # What is missing.

    def _close_gaps(self) -> int:
        """Compare what is read with Sonar's counters, and read again where something is missing."""
        now = self._clock()
        if now - self._audited_at >= AUDIT_SECONDS:
            self._audited_at = now
            self._audit.expect()
        if now >= self._check_at:
            new, self._new = self._new, set()
            for campaign, what in self._audit.missing(self.cursor, new).items():
                self._gaps.setdefault(campaign, _Gap(what, 0, now)).what = what
            self._check_at = self._clock() + PAUSE_PER_CHECK * (self._clock() - now)
        found = 0
        for campaign, gap in list(self._gaps.items()):
            if self._clock() >= gap.due:
                found += self._close(campaign, gap)
        return found

    def _close(self, campaign: bytes, gap: _Gap) -> int:
        created = self._records.on_chain(CampaignCreated, campaign)
        first = created[0].block_number if created else self._start
        found = self._read_again(Blocks(first, self.cursor))
        what = self._audit.still_missing(campaign)
        gap.tries += 1
        if what is None or (not created and gap.tries >= TRIES_FOR_THE_BEGINNING):
            del self._gaps[campaign]
        else:
            gap.what, gap.due = what, self._clock() + GAP_PAUSE.after(gap.tries)
        return found

    def _compare_nodes(self, head: int) -> None:
        """Ask every node for the hash of a block that is read: what is past must be the same everywhere."""
        now = self._clock()
        if now - self._compared_at < COMPARE_SECONDS and self._disagree[0] != 1:
            return
        self._compared_at = now
        settled = next(iter(self._records.checkpoints_to(head - self._confirmations)), None)
        if settled is None:
            return
        found = rpc.hash_at_each(self._web3, settled.number)
        if len(set(found.values())) < 2:
            self._disagree = (0, "")
            return
        which = ", ".join(f"{shown} has 0x{seen.hex()[:12]}" for shown, seen in found.items())
        said = f"the nodes disagree about block {settled.number}: {which}; find out which one is right"
        self._disagree = (self._disagree[0] + 1, said)


def _batches(checkpoints: Sequence[Checkpoint]) -> Iterable[Sequence[Checkpoint]]:
    """The newest alone, which nearly always is the answer; then more and more of them."""
    at, size = 0, 1
    for _ in itertools.count():
        if at >= len(checkpoints):
            return
        yield checkpoints[at : at + size]
        at, size = at + size, min(size * 5, 50)
