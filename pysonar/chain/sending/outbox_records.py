"""The outbox's tables: one row per transaction, one per signed version of it. Pure bookkeeping, no node.

The call of a row never changes; its status does. Every signed version is kept, since any of them may be the
one mined. A deed has one current transaction (`try` 0); the ones before it, which reverted or were displaced,
keep their rows under the numbers 1, 2, ...
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from enum import StrEnum

from pysonar.chain.contract.calls import Call
from pysonar.chain.database import transaction
from pysonar.chain.migrations import migrate
from pysonar.chain.node.answers import TransactionReceipt
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.fees import Fees
from pysonar.chain.sending.outbox_schema import SCHEMA
from pysonar.chain.sending.receipts import Receipt


class Status(StrEnum):
    """Where a transaction is. The last three are final unless the chain forks deeper than the
    confirmations.
    """

    WAITING = "waiting"
    """Signed and stored; broadcast, or about to be."""
    MINED = "mined"
    """In a block, not yet confirmed often enough; or in one whose receipt the node does not have."""
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    DISPLACED = "displaced"
    """Another transaction of the account was seen in a block with the same nonce; or (`block` None) the nonce
    is one that the account never gets to."""


UNFINISHED = (Status.WAITING, Status.MINED)
FAILED = (Status.REVERTED, Status.DISPLACED)


@dataclass(frozen=True)
class Pending:
    """A transaction of the outbox.

    Attributes:
        number: the row's.
        hashes: of all signed versions, oldest first.
        problem: what stands in its way, or why it failed.
        block: the one it was mined in; of a displaced one, that of the other transaction. None while unknown.
        receipt: once mined, as far as the node has one.
        told: a failed one has been reported to whoever asked for it.
    """

    number: int
    deed: Deed
    account: str
    nonce: int
    call: Call
    gas: int
    status: Status
    hashes: tuple[str, ...]
    problem: str | None
    block: int | None
    receipt: Receipt | None
    told: bool

    @property
    def final(self) -> bool:
        """Whether nothing more is expected to happen to it."""
        return self.status not in UNFINISHED

    @property
    def failed(self) -> bool:
        """Whether it came to nothing."""
        return self.status in FAILED

    @property
    def given_up(self) -> bool:
        """Whether its nonce is one that the account never gets to (see `watching.astray`)."""
        return self.status is Status.DISPLACED and self.block is None


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

    def find(self, deed: Deed) -> Pending | None:
        """The current transaction of that deed."""
        found = self._select("deed = ? and try = 0", str(deed))
        return found[0] if found else None

    def row(self, number: int) -> Pending:
        """The transaction of that row, which must exist."""
        return self._select("number = ?", number)[0]

    def unfinished(self) -> list[Pending]:
        """Waiting and mined ones, by nonce."""
        return self._select("status in ('waiting', 'mined')")

    def all(self) -> list[Pending]:
        """Every transaction of the account, by nonce."""
        return self._select("1 = 1")

    def of_campaign(self, campaign: bytes) -> list[Pending]:
        """Every transaction of the account about that campaign, by nonce."""
        return self._select("campaign = ?", campaign)

    def tries(self, deed: Deed) -> list[Pending]:
        """Every transaction ever made for that deed, by nonce."""
        return self._select("deed = ?", str(deed))

    def confirmed(self, action: Action, about: str) -> list[Pending]:
        """Those that went through of one kind, by nonce. `about`: how the deed's text goes on, up to what
        numbers it: a campaign in hex, or the tail of a deed without campaign.
        """
        start = {
            Action.REGISTER: f"register/-/{about}.",
            Action.APPROVE: f"approve/{about}.",
        }.get(action, f"{action.value}/{about}/")
        return self._select("status = 'confirmed' and substr(deed, 1, ?) = ?", len(start), start)

    def current_from(self, nonce: int) -> list[Pending]:
        """Final ones with that nonce or a higher one, each the current transaction of its deed."""
        return self._select("status not in ('waiting', 'mined') and nonce >= ? and try = 0", nonce)

    def highest_mined(self) -> int:
        """The highest nonce that was seen in a block; -1 if none was."""
        found = self.database.execute(
            "select max(nonce) from outbox where account = ? and block is not null and status <> 'displaced'",
            (self.account,),
        ).fetchone()[0]
        return -1 if found is None else int(found)

    def with_nonce(self, nonce: int) -> Pending | None:
        """The transaction with that nonce."""
        found = self._select("nonce = ?", nonce)
        return found[0] if found else None

    def free_nonce(self, at_node: int) -> int:
        """The first nonce from `at_node` on that no transaction of ours has."""
        taken = {
            row["nonce"]
            for row in self.database.execute(
                "select nonce from outbox where account = ? and nonce >= ?", (self.account, at_node)
            )
        }
        nonce = at_node
        while nonce in taken:
            nonce += 1
        return nonce

    def add(self, deed: Deed, call: Call, nonce: int, gas: int) -> int:
        """A new transaction, the deed's current one; its first signed version must follow in the same
        database transaction. The row's number."""
        cursor = self.database.execute(
            "insert into outbox (deed, campaign, account, nonce, receiver, data, value, label, token, gas, "
            "status, created) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?)",
            (
                str(deed),
                deed.campaign,
                self.account,
                nonce,
                call.to,
                call.data,
                str(call.value),
                call.label,
                int(call.runs_token),
                gas,
                time.time(),
            ),
        )
        return int(cursor.lastrowid or 0)

    def add_attempt(self, number: int, transaction_hash: bytes, raw: bytes, fees: Fees) -> None:
        """A signed version; again without effect."""
        self.database.execute(
            "insert or ignore into outbox_attempt (hash, number, raw, max_fee, tip, legacy, created) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (transaction_hash, number, raw, str(fees.max_fee), str(fees.tip), int(fees.legacy), time.time()),
        )

    def attempts(self, number: int) -> list[Attempt]:
        """All signed versions, in the order in which they were signed."""
        rows = self.database.execute(
            "select * from outbox_attempt where number = ? order by rowid", (number,)
        )
        return [
            Attempt(
                r["hash"],
                r["raw"],
                Fees(int(r["max_fee"]), int(r["tip"]), bool(r["legacy"])),
                r["created"],
                r["sent"],
            )
            for r in rows
        ]

    def mark_sent(self, transaction_hash: bytes) -> None:
        """The node took the signed version."""
        self.database.execute(
            "update outbox_attempt set sent = ? where hash = ?", (time.time(), transaction_hash)
        )

    def set_status(
        self,
        number: int,
        status: Status,
        *,
        problem: str | None = None,
        block: int | None = None,
        receipt: TransactionReceipt | None = None,
    ) -> None:
        """What is known of the transaction now."""
        self.database.execute(
            "update outbox set status = ?, problem = ?, block = ?, receipt = ?, told = 0 where number = ?",
            (status.value, problem, block, None if receipt is None else receipt.to_json(), number),
        )

    def mark_told(self, number: int) -> None:
        """That it failed has been reported."""
        self.database.execute("update outbox set told = 1 where number = ?", (number,))

    def retire(self, pending: Pending) -> None:
        """Let the deed have another transaction; this one keeps its row."""
        self.database.execute(
            "update outbox set try = (select max(try) + 1 from outbox where account = ? and deed = ?) "
            "where number = ?",
            (self.account, str(pending.deed), pending.number),
        )

    def reserved(self) -> int:
        """Wei that the waiting transactions may still take: value and the dearest version's gas."""
        total = 0
        for pending in self._select("status = 'waiting'"):
            dearest = max((attempt.fees.max_fee for attempt in self.attempts(pending.number)), default=0)
            total += pending.call.value + pending.gas * dearest
        return total

    def _select(self, condition: str, *values: object) -> list[Pending]:
        rows = self.database.execute(
            f"select * from outbox where account = ? and {condition} order by nonce",  # noqa: S608 - no outside text
            (self.account, *values),
        )
        return [self._pending(row) for row in rows.fetchall()]

    def _pending(self, row: sqlite3.Row) -> Pending:
        return Pending(
            number=row["number"],
            deed=Deed.parse(row["deed"]),
            account=row["account"],
            nonce=row["nonce"],
            call=Call(row["receiver"], row["data"], int(row["value"]), row["label"], bool(row["token"])),
            gas=row["gas"],
            status=Status(row["status"]),
            hashes=tuple("0x" + attempt.hash.hex() for attempt in self.attempts(row["number"])),
            problem=row["problem"],
            block=row["block"],
            receipt=None if row["receipt"] is None else Receipt.stored(row["receipt"], row["receiver"]),
            told=bool(row["told"]),
        )
