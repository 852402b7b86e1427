"""One request's look at the index: a connection, a snapshot, and the block that the answer is of."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pysonar.chain.address import checksum
from sonar_web import queries
from sonar_web.errors import BadQueryError
from sonar_web.index.reading import require_index
from sonar_web.index.rows import Database

_ID = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_NOTHING = queries.Tip(-1, bytes(32))


@dataclass(frozen=True)
class Place:
    """Which contract this service tells about."""

    chain_id: int
    contract: str


class Reader:
    """Connections for reading, one for each thread. `connect` makes one."""

    def __init__(self, place: Place, connect: Callable[[], Database]) -> None:
        self.place = place
        self._connect = connect
        self._mine = threading.local()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[tuple[Database, queries.Tip]]:
        """A connection in a transaction: all that is read is of one block."""
        database: Database | None = getattr(self._mine, "database", None)
        try:
            if database is None:
                database = self._mine.database = self._connect()
                place = self.place
                require_index(database, chain_id=place.chain_id, contract=place.contract)
            database.execute("begin")
            yield database, queries.tip(database) or _NOTHING
        except BaseException:
            self._drop()
            raise
        else:
            database.execute("rollback")

    def envelope(self, tip: queries.Tip, **more: Any) -> dict[str, Any]:
        """The fields of every answer."""
        return {
            "chain_id": self.place.chain_id,
            "contract": self.place.contract,
            "block": tip.block,
            "block_hash": "0x" + tip.hash.hex(),
            **more,
        }

    def _drop(self) -> None:
        database, self._mine.database = getattr(self._mine, "database", None), None
        if database is not None:
            with contextlib.suppress(Exception):
                database.close()


def address(name: str, value: str) -> str:
    """An account's address as the index has it. BadQueryError if it is not one."""
    if not _ADDRESS.fullmatch(value):
        raise BadQueryError(name, value, "an address, 0x and 40 hex digits")
    return checksum(value)


def campaign_id(value: str) -> bytes:
    """A campaign's id. BadQueryError if it is not one."""
    if not _ID.fullmatch(value):
        raise BadQueryError("campaign", value, "an id, 0x and 64 hex digits")
    return bytes.fromhex(value[2:])
