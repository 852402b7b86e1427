"""The loop that keeps the index up to date: reads, waits, and survives a node or database that goes away."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from openmined_syft.errors import OpenMinedError
from pysonar.chain.block_times import BlockTimes
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import transaction
from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import NodeError
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import BlockRef
from pysonar.chain.node.handle import Node
from sonar_web.index.opening import WritersLock, open_index, without_secrets
from sonar_web.index.records import IndexRecords
from sonar_web.index.rows import Database
from sonar_web.queries import tip

SECONDS_BETWEEN_WORDS = 5.0
_TABLES = (
    *("event", "checkpoint", "block_time", "campaign", "submission", "miner", "capsule", "day"),
    *("gas", "gas_day"),
)


def collect_seldom() -> None:
    """For a process that reads events by the ten thousand: Python looks for garbage in cycles after every few
    hundred new objects, and of all that a range of blocks is made into, nothing is garbage until it is kept.
    """
    gc.set_threshold(50_000, 20, 20)


@dataclass
class Progress:
    """How far the index is, for `/healthz` and `/metrics`; written by the loop, read by others.

    Attributes:
        block: the last block that is read; -1 before the first. tip: its hash.
        head: the chain's newest block as last seen.
        events: read since the start of this process.
        trouble: what keeps it from going on, or None.
        looked_at: when it last looked whether there is something to read (`time.monotonic`).
    """

    block: int = -1
    tip: str = ""
    head: int = -1
    events: int = 0
    trouble: str | None = None
    looked_at: float = 0.0


class Indexer:
    """One contract's logs into one database. `setting`: see `open_index`. `say`: hears how far a long
    reading is.
    """

    def __init__(
        self,
        web3: Node,
        sonar: Sonar,
        setting: str,
        *,
        confirmations: int,
        start_block: int,
        poll_seconds: float = 2.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.web3 = web3
        self._say = say
        self._sonar = sonar
        self._setting = setting
        self._confirmations = confirmations
        self._start_block = start_block
        self._poll_seconds = poll_seconds
        self._database: Database | None = None
        self._follower: Follower | None = None
        self._lock: WritersLock | None = None
        self._genesis: bytes | None = None
        self.progress = Progress()
        self._times = BlockTimes(web3, lambda: self.progress.head)
        self._began = (0.0, -1)
        self._said_at = 0.0

    def run(self, stop: threading.Event, said: Callable[[str], None] = lambda _: None) -> None:
        """Until `stop` is set. Trouble of any kind is said once, and waited for: a service whose index stands
        still without a word would go on telling what was.
        """
        while not stop.is_set():
            trouble = self._round()
            self.progress.looked_at = time.monotonic()
            if trouble != self.progress.trouble:
                said(trouble or f"up to date at block {self.progress.block}")
                self.progress.trouble = trouble
            stop.wait(self._poll_seconds)
        self.close()

    def check(self) -> None:
        """Open the database, take its lock, and close it: `run` may be in another thread, and a connection
        belongs to one. Errors are those of `poll`, and those that say that the database is not ours to use.
        """
        try:
            self._opened()
        finally:
            self.close()

    def poll(self) -> int:
        """Read what is there to read; how many events are new. NodeError, DatabaseUnusableError: call
        again.
        """
        follower = self._opened()
        self.progress.head = rpc.block_number(self.web3)
        self._began = (time.monotonic(), self.progress.block)
        before = self.progress.events
        found = follower.poll()
        self.progress.head = rpc.block_number(self.web3)
        self.progress.events = before + found
        top = None if self._database is None else tip(self._database)
        if top is not None and top.hash.hex() != self.progress.tip:
            self.progress.block, self.progress.tip = top.block, top.hash.hex()
        return found

    def rebuild(self) -> None:
        """Delete everything that was read: it is read again from the first block on."""
        self._opened()
        assert self._database is not None  # noqa: S101 - just opened
        # All or nothing: totals that outlived their events would be added to when these are read again.
        with transaction(self._database):  # type: ignore[arg-type] # the few methods that it uses
            for table in _TABLES:
                self._database.execute(f"delete from {table}")  # noqa: S608 - our own words
        self.close()
        self.progress = Progress()

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            with contextlib.suppress(Exception):  # it is given up in any case
                self._database.close()
        if self._lock is not None:
            self._lock.release()
        # Whoever has not the lock hands out no connections either: those beside would go on writing.
        self._database = self._follower = self._lock = self._genesis = None

    def _round(self) -> str | None:
        try:
            self.poll()
        except NodeError as error:
            return str(error)
        except OpenMinedError as error:
            self.close()
            return str(error)
        except Exception as error:  # noqa: BLE001 - what no node and no database should say has been said
            self.close()
            found = "".join(traceback.format_exception_only(error)).strip()[:200]
            return f"what was read cannot be kept ({found}); nothing of it was, and it is tried again"
        return None if self._follower is None else self._follower.trouble

    def another_connection(self) -> Database:
        """To the same database, for another thread. DatabaseUnusableError before the first round, too."""
        if self._genesis is None:
            raise DatabaseUnusableError(without_secrets(self._setting), "the index has not been opened yet")
        return self._connected(self._genesis)

    def _connected(self, genesis: bytes) -> Database:
        sonar = self._sonar
        return open_index(self._setting, chain_id=sonar.chain_id, contract=sonar.address, genesis=genesis)

    def _opened(self) -> Follower:
        if self._follower is None:
            sonar = self._sonar
            genesis = rpc.genesis(self.web3)
            if self._database is None:
                self._database = self._connected(genesis)
            if self._lock is None:
                try:
                    self._lock = WritersLock(self._setting, self._database)
                except BaseException:
                    self.close()
                    raise
            self._follower = Follower(
                IndexRecords(self._database, self._times, self._kept),
                self.web3,
                sonar,
                confirmations=self._confirmations,
                start_block=self._start_block,
            )
            self._genesis = genesis  # the last: other threads may connect, and find the tables made
        return self._follower

    def _kept(self, end: BlockRef, events: int) -> None:
        """A range is in the database."""
        now, progress = time.monotonic(), self.progress
        progress.block, progress.tip, progress.looked_at = end.number, end.hash.hex(), now
        progress.events += events
        since, first = self._began
        if now - self._said_at < SECONDS_BETWEEN_WORDS or now - since < SECONDS_BETWEEN_WORDS:
            return
        self._said_at = now
        left = (progress.head - end.number) * (now - since) / max(1, end.number - first)
        share = 100 * end.number // max(1, progress.head)
        self._say(
            f"block {end.number:,} of {progress.head:,} ({share} %), {progress.events:,} events,"
            f" about {left / 60:.0f} min left"
        )


def wait_until_read(indexer: Indexer, block: int, seconds: float = 60.0) -> None:
    """Poll until a block is read. TimeoutError after this many seconds."""
    deadline = time.monotonic() + seconds
    while indexer.progress.block < block:
        if time.monotonic() > deadline:
            raise TimeoutError(f"block {block} was not read within {seconds:.0f} s")
        indexer.poll()
