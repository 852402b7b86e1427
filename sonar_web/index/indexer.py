"""The loop that keeps the index up to date: reads, waits, and survives a node or database that goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from web3 import Web3

from pysonar.chain.contract.events import LoggedEvent
from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.database import transaction
from pysonar.chain.database_errors import DatabaseUnusableError
from pysonar.chain.errors import NodeDownError, NodeError
from pysonar.chain.follower import Follower
from pysonar.chain.node import rpc
from sonar_web.index.opening import open_index
from sonar_web.index.records import IndexRecords
from sonar_web.index.rows import Database
from sonar_web.queries import tip

BLOCKS_AT_ONCE = 100
_TABLES = (
    *("event", "checkpoint", "block_time", "campaign", "submission", "miner", "capsule", "day"),
    *("gas", "gas_day"),
)


@dataclass
class Progress:
    """How far the index is, for `/healthz` and `/metrics`; written by the loop, read by others.

    Attributes:
        block: the last block that is read; -1 before the first. tip: its hash.
        head: the chain's newest block as last seen.
        events: read since the start of this process.
        trouble: what keeps it from going on, or None.
    """

    block: int = -1
    tip: str = ""
    head: int = -1
    events: int = 0
    trouble: str | None = None


class Indexer:
    """One contract's logs into one database. `setting`: see `open_index`."""

    def __init__(
        self,
        web3: Web3,
        sonar: Sonar,
        setting: str,
        *,
        confirmations: int,
        start_block: int,
        poll_seconds: float = 2.0,
    ) -> None:
        self.web3 = web3
        self._sonar = sonar
        self._setting = setting
        self._confirmations = confirmations
        self._start_block = start_block
        self._poll_seconds = poll_seconds
        self._database: Database | None = None
        self._follower: Follower | None = None
        self._genesis: bytes | None = None
        self.progress = Progress()

    def run(self, stop: threading.Event, said: Callable[[str], None] = lambda _: None) -> None:
        """Until `stop` is set. Trouble is said once, and waited for."""
        while not stop.is_set():
            trouble = self._round()
            if trouble != self.progress.trouble:
                said(trouble or f"up to date at block {self.progress.block}")
                self.progress.trouble = trouble
            stop.wait(self._poll_seconds)
        self.close()

    def poll(self) -> int:
        """Read what is there to read; how many events are new. NodeError, DatabaseUnusableError: call
        again.
        """
        follower = self._opened()
        found = follower.poll()
        self.progress.head = rpc.block_number(self.web3)
        self.progress.events += found
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
            self._database.close()
        self._database = self._follower = None

    def _round(self) -> str | None:
        try:
            self.poll()
        except DatabaseUnusableError as error:
            self.close()
            return str(error)
        except NodeError as error:
            return str(error)
        return None if self._follower is None else self._follower.trouble

    def another_connection(self) -> Database:
        """To the same database, for another thread. DatabaseUnusableError before the first round, too."""
        if self._genesis is None:
            raise DatabaseUnusableError(self._setting, "the index has not been opened yet")
        return self._connected(self._genesis)

    def _connected(self, genesis: bytes) -> Database:
        sonar = self._sonar
        return open_index(self._setting, chain_id=sonar.chain_id, contract=sonar.address, genesis=genesis)

    def _opened(self) -> Follower:
        if self._follower is None:
            sonar = self._sonar
            genesis = rpc.genesis(self.web3)
            self._database = self._connected(genesis)
            self._follower = Follower(
                IndexRecords(self._database, self._times),
                self.web3,
                sonar,
                confirmations=self._confirmations,
                start_block=self._start_block,
            )
            self._genesis = genesis  # the last: other threads may connect, and find the tables made
        return self._follower

    def _times(self, events: Sequence[LoggedEvent]) -> dict[bytes, int]:
        """The times of the events' blocks. NodeDownError if one is not on the chain (any more)."""
        wanted = {logged.block_number: logged.block_hash for logged in events}
        numbers = sorted(wanted)
        found: dict[bytes, int] = {}
        for first in range(0, len(numbers), BLOCKS_AT_ONCE):
            some = numbers[first : first + BLOCKS_AT_ONCE]
            for number, block in zip(some, rpc.blocks(self.web3, some), strict=True):
                if block is None or block.hash != wanted[number]:
                    raise NodeDownError("the node", f"block {number} changed while it was read")
                found[block.hash] = block.timestamp
        return found


def wait_until_read(indexer: Indexer, block: int, seconds: float = 60.0) -> None:
    """Poll until a block is read. TimeoutError after so many seconds."""
    deadline = time.monotonic() + seconds
    while indexer.progress.block < block:
        if time.monotonic() > deadline:
            raise TimeoutError(f"block {block} was not read within {seconds:.0f} s")
        indexer.poll()
