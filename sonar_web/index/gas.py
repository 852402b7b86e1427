"""What the transactions behind the events cost: read from their receipts, since logs do not tell.

Totals of a day and a kind of call change in one transaction with the receipts that they come from; a re-org
takes both back.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Sequence
from typing import Any

from pysonar.chain.database import transaction
from pysonar.chain.errors import NodeRefusedError
from pysonar.chain.node import answers, rpc
from pysonar.chain.node.answers import TransactionReceipt
from pysonar.chain.node.handle import Node
from sonar_web.index.rows import Database, read_one, upsert
from sonar_web.index.tables import amount

BLOCKS_AT_ONCE = 50
CALLS = {
    "CapsuleRegistered": "register",
    "CampaignCreated": "create",
    "CampaignCancelled": "cancel",
    "CampaignDeclined": "decline",
    "CampaignOpened": "open",
    "Submitted": "submit",
    "Verdicts": "report",
    "Reclaimed": "reclaim",
    "Delivered": "deliver",
    "Settled": "settle",
    "Claimed": "claim",
}
"""What a transaction is called, by the first of its events that is listed here."""


class GasReader:
    """Reads what is missing, block by block. `connect` opens the index for writing."""

    def __init__(self, connect: Callable[[], Database], web3: Node) -> None:
        self._connect = connect
        self._web3 = web3
        self.found = 0

    def round(self, stop: threading.Event | None = None) -> int:
        """Read receipts that are missing; how many were found. DatabaseUnusableError, NodeError."""
        found = 0
        database = self._connect()
        try:
            while not (stop is not None and stop.is_set()):
                blocks = database.execute(
                    "select hash, number, at from block_time where gas_read = 0 order by number limit ?",
                    (BLOCKS_AT_ONCE,),
                ).fetchall()
                read = [self._block(database, bytes(row["hash"]), row["number"], row["at"]) for row in blocks]
                found += sum(count for count in read if count is not None)
                if not any(count is not None for count in read):  # none left, or none that the node knows yet
                    break
        finally:
            database.close()
        self.found += found
        return found

    def _block(self, database: Database, block: bytes, number: int, at: int) -> int | None:
        """Keep the receipts of a block; how many. None if they cannot be had now."""
        calls = _calls_in(database, block)
        asked = [("eth_getTransactionReceipt", ["0x" + one.hex()]) for one in calls]
        said = rpc.ask_all(self._web3, asked, [answers.mined_receipt] * len(asked)) if asked else []
        receipts = [one for one in said if one is not None and not isinstance(one, NodeRefusedError)]
        named = {one.transaction_hash for one in receipts if one.block_hash == block}
        if named != set(calls):
            return None  # a re-org is on its way, or the node is behind
        with transaction(database):  # type: ignore[arg-type] # the few methods that it uses
            if set(_calls_in(database, block)) != set(calls):
                return None  # the chain changed meanwhile
            for receipt in receipts:
                self._keep(database, receipt, number, at, calls[receipt.transaction_hash])
            database.execute("update block_time set gas_read = 1 where hash = ?", (block,))
        return len(receipts)

    def _keep(self, database: Database, receipt: TransactionReceipt, number: int, at: int, call: str) -> None:
        key = {"block_hash": receipt.block_hash, "transaction_hash": receipt.transaction_hash}
        if read_one(database, "gas", key) is not None:
            return
        day = datetime.datetime.fromtimestamp(at, datetime.UTC).date().isoformat()
        cost = receipt.gas_used * receipt.gas_price
        row = {"block_number": number, "day": day, "call": call, "used": receipt.gas_used}
        upsert(database, "gas", tuple(key), key | row | {"cost": amount(cost)})
        _add(database, day, call, receipt.gas_used, cost)


def take_back_gas(database: Database, number: int) -> None:
    """Forget what blocks above that one used. Inside the caller's transaction."""
    rows = database.execute("select distinct day from gas where block_number > ?", (number,)).fetchall()
    database.execute("delete from gas where block_number > ?", (number,))
    for day in [row["day"] for row in rows]:
        database.execute("delete from gas_day where day = ?", (day,))
        for row in database.execute("select call, used, cost from gas where day = ?", (day,)).fetchall():
            _add(database, day, row["call"], row["used"], int(row["cost"]))


def _add(database: Database, day: str, call: str, used: int, cost: int) -> None:
    key: dict[str, Any] = {"day": day, "call": call}
    known = read_one(database, "gas_day", key)
    if known is None:
        known = {"transactions": 0, "used": 0, "least": used, "most": used, "cost": amount(0)}
    row = {
        "transactions": known["transactions"] + 1,
        "used": known["used"] + used,
        "least": min(known["least"], used),
        "most": max(known["most"], used),
        "cost": amount(int(known["cost"]) + cost),
    }
    upsert(database, "gas_day", tuple(key), key | row)


def _calls_in(database: Database, block: bytes) -> dict[bytes, str]:
    """The transactions with events in a block, and what each is called."""
    rows: Sequence[Any] = database.execute(
        "select transaction_hash, name from event where block_hash = ? and orphaned = 0 order by log_index",
        (block,),
    ).fetchall()
    found: dict[bytes, str] = {}
    for row in rows:
        if row["name"] in CALLS:
            found.setdefault(bytes(row["transaction_hash"]), CALLS[row["name"]])
    return found
