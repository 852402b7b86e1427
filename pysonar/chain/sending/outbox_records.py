"""The outbox's tables: one row per transaction, one per signed version of it. Pure bookkeeping, no node.

The data of a row never change; its status does. Every signed version is kept, since any of them may be the
one mined.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from enum import StrEnum

from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.events import LoggedEvent, decode_receipt_logs
from pysonar.chain.database import transaction
from pysonar.chain.migrations import Tables, migrate
from pysonar.chain.node.answers import NotUnderstood, TransactionReceipt
from pysonar.chain.sending.fees import Fees

_STEP_1 = (
    """create table if not exists outbox (
        key text primary key, account text not null, nonce integer not null, receiver text not null,
        data blob not null, value text not null, label text not null, gas integer not null,
        status text not null, problem text, receipt text, created real not null,
        unique (account, nonce)) strict""",
    """create table if not exists outbox_attempt (
        hash blob primary key, key text not null, raw blob not null, max_fee integer not null,
        tip integer not null, created real not null, sent real) strict""",
    "create index if not exists outbox_attempt_key on outbox_attempt (key)",
)
SCHEMA = Tables("outbox", (_STEP_1,))


class Status(StrEnum):
    """Where a transaction is. The last three are final unless the chain forks deeper than the
    confirmations.
    """

    WAITING = "waiting"
    """Signed and stored; broadcast, or about to be."""
    MINED = "mined"
    """In a block, not yet confirmed often enough."""
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    DISPLACED = "displaced"
    """A transaction from elsewhere took the nonce."""


FINAL = (Status.CONFIRMED, Status.REVERTED, Status.DISPLACED)


@dataclass(frozen=True)
class Receipt:
    """A mined transaction. `gas_used` in gas, `gas_price` and `fee` in wei; `events` of Sonar, in order."""

    transaction_hash: str
    block_number: int
    succeeded: bool
    gas_used: int
    gas_price: int
    events: tuple[LoggedEvent, ...]

    @property
    def fee(self) -> int:
        """Wei paid for gas."""
        return self.gas_used * self.gas_price

    @classmethod
    def of(cls, said: TransactionReceipt, contract: str) -> Receipt:
        """What the node said, with the events of the contract."""
        return cls(
            transaction_hash="0x" + said.transaction_hash.hex(),
            block_number=said.block_number,
            succeeded=said.succeeded,
            gas_used=said.gas_used,
            gas_price=said.gas_price,
            events=decode_receipt_logs(said.logs, contract),
        )


@dataclass(frozen=True)
class Pending:
    """A transaction of the outbox. `hashes`: of all signed versions, oldest first. `problem`: what stands in
    its way, or why it reverted. `receipt`: once mined.
    """

    key: str
    account: str
    nonce: int
    call: Call
    gas: int
    status: Status
    hashes: tuple[str, ...]
    problem: str | None
    receipt: Receipt | None

    @property
    def final(self) -> bool:
        """Whether nothing more is expected to happen to it."""
        return self.status in FINAL


@dataclass(frozen=True)
class Attempt:
    """One signed version."""

    hash: bytes
    raw: bytes
    fees: Fees
    created: float
    sent: float | None


class OutboxRecords:
    """Reads and writes the two tables for one account."""

    def __init__(self, database: sqlite3.Connection, account: str) -> None:
        self.database = database
        self.account = account
        with transaction(database):
            migrate(database, SCHEMA)

    def find(self, key: str) -> Pending | None:
        """The transaction of that key."""
        row = self.database.execute("select * from outbox where key = ?", (key,)).fetchone()
        return None if row is None else self._pending(row)

    def unfinished(self) -> list[Pending]:
        """Waiting and mined ones, by nonce."""
        return self._select("status in ('waiting', 'mined')")

    def all(self) -> list[Pending]:
        """Every transaction of the account, by nonce."""
        return self._select("1 = 1")

    def finished_from(self, nonce: int) -> list[Pending]:
        """Final ones with that nonce or a higher one."""
        return self._select("status not in ('waiting', 'mined') and nonce >= ?", nonce)

    def next_nonce(self, at_node: int) -> int:
        """The nonce for a new transaction: after all stored ones and all that the node knows."""
        row = self.database.execute(
            "select max(nonce) as top from outbox where account = ?", (self.account,)
        ).fetchone()
        return at_node if row["top"] is None else max(at_node, row["top"] + 1)

    def add(self, key: str, call: Call, nonce: int, gas: int) -> None:
        """A new transaction; its first signed version must follow in the same database transaction."""
        self.database.execute(
            "insert into outbox (key, account, nonce, receiver, data, value, label, gas, status, created) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
            (key, self.account, nonce, call.to, call.data, str(call.value), call.label, gas, time.time()),
        )

    def add_attempt(self, key: str, transaction_hash: bytes, raw: bytes, fees: Fees) -> None:
        """A signed version."""
        self.database.execute(
            "insert into outbox_attempt (hash, key, raw, max_fee, tip, created) values (?, ?, ?, ?, ?, ?)",
            (transaction_hash, key, raw, fees.max_fee, fees.tip, time.time()),
        )

    def attempts(self, key: str) -> list[Attempt]:
        """All signed versions, oldest first."""
        rows = self.database.execute(
            "select * from outbox_attempt where key = ? order by created, rowid", (key,)
        )
        return [
            Attempt(r["hash"], r["raw"], Fees(r["max_fee"], r["tip"]), r["created"], r["sent"]) for r in rows
        ]

    def mark_sent(self, transaction_hash: bytes) -> None:
        """The node took the signed version."""
        self.database.execute(
            "update outbox_attempt set sent = ? where hash = ?", (time.time(), transaction_hash)
        )

    def set_status(
        self,
        key: str,
        status: Status,
        *,
        problem: str | None = None,
        receipt: TransactionReceipt | None = None,
    ) -> None:
        """What is known of the transaction now."""
        self.database.execute(
            "update outbox set status = ?, problem = ?, receipt = ? where key = ?",
            (status.value, problem, None if receipt is None else receipt.to_json(), key),
        )

    def rename(self, key: str) -> str:
        """Free the key; the transaction is kept under another one."""
        count = self.database.execute(
            "select count(*) as n from outbox where key like ? || '#%'", (key,)
        ).fetchone()
        kept = f"{key}#{count['n'] + 1}"
        with transaction(self.database):
            self.database.execute("update outbox set key = ? where key = ?", (kept, key))
            self.database.execute("update outbox_attempt set key = ? where key = ?", (kept, key))
        return kept

    def reserved(self) -> int:
        """Wei that the waiting transactions may still take: value and the dearest version's gas."""
        total = 0
        for pending in self._select("status = 'waiting'"):
            dearest = max((attempt.fees.max_fee for attempt in self.attempts(pending.key)), default=0)
            total += pending.call.value + pending.gas * dearest
        return total

    def _select(self, condition: str, *values: object) -> list[Pending]:
        rows = self.database.execute(
            f"select * from outbox where account = ? and {condition} order by nonce",  # noqa: S608 - no outside text
            (self.account, *values),
        )
        return [self._pending(row) for row in rows.fetchall()]

    def _pending(self, row: sqlite3.Row) -> Pending:
        call = Call(row["receiver"], row["data"], int(row["value"]), row["label"])
        said = None if row["receipt"] is None else _understood(row["receipt"])
        return Pending(
            key=row["key"],
            account=row["account"],
            nonce=row["nonce"],
            call=call,
            gas=row["gas"],
            status=Status(row["status"]),
            hashes=tuple("0x" + attempt.hash.hex() for attempt in self.attempts(row["key"])),
            problem=row["problem"],
            receipt=None if said is None else Receipt.of(said, call.to),
        )


def _understood(stored: str) -> TransactionReceipt | None:
    """None for what an older release stored as a node gave it, if it is not understood: it is asked again."""
    try:
        return TransactionReceipt.from_json(stored)
    except NotUnderstood:
        return None
