"""The way out for every transaction: stored with nonce and signed bytes first, broadcast second, watched
until it is confirmed.

Whatever line the process dies on, the next `pump` goes on: a stored transaction is broadcast again byte for
byte, so it can land only once. `send` is idempotent by key: choose keys by what the transaction is for
("submit:<campaign>:<base version>"), never at random. A transaction that waits too long is replaced by one
with the same nonce and higher fees; all versions are kept, and the first one mined counts. One that a re-org
throws out is broadcast again.

One account belongs to one outbox. A nonce taken by somebody else is detected and named, not prevented.
"""

from __future__ import annotations

import sqlite3
import time

from eth_utils.crypto import keccak
from web3 import Web3

from pysonar.chain.contract.calls import Call
from pysonar.chain.database import transaction
from pysonar.chain.errors import (
    FeesTooHighError,
    KeyReusedError,
    NodeDownError,
    NodeRefusedError,
    NonceTakenError,
    RevertedError,
    StillPendingError,
    TransactionTimeoutError,
    UnknownKeyError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import TransactionReceipt
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import FeePolicy, Fees
from pysonar.chain.sending.outbox_records import Attempt, OutboxRecords, Pending, Receipt, Status
from pysonar.chain.sending.signer import Signer
from pysonar.chain.sending.transaction_maker import TransactionMaker

WAIT_SECONDS = 600.0
GAP_SECONDS = 30.0
PUMPS_UNTIL_DISPLACED = 2
PLAIN_TRANSFER_GAS = 21_000
_KNOWN_ALREADY = ("already known", "already imported", "known transaction")


class Outbox:
    """The outbox of one account in one database.

    confirmations: how many blocks must lie on top of a transaction's block before it counts (0: being mined
    is enough).
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        web3: Web3,
        signer: Signer,
        *,
        confirmations: int,
        policy: FeePolicy | None = None,
        poll_seconds: float = 1.0,
        gap_seconds: float = GAP_SECONDS,
    ) -> None:
        self._web3 = web3
        self._signer = signer
        self._confirmations = confirmations
        self._policy = policy or FeePolicy()
        self._poll_seconds = poll_seconds
        self._gap_seconds = gap_seconds
        self._maker = TransactionMaker(web3, signer, self._policy)
        self._records = OutboxRecords(database, signer.address)
        self._displaced: dict[str, int] = {}
        self._gap: tuple[int, float] | None = None

    @property
    def account(self) -> str:
        """The address that signs."""
        return self._signer.address

    def send(self, call: Call, key: str) -> Pending:
        """Simulate, sign, store, broadcast; or, if the key is known, what became of it.

        Raises before anything is stored: ContractRefusedError, InsufficientFundsError, FeesTooHighError,
        GasTooHighError, KeyReusedError (the key belongs to another call), NodeDownError. NodeDownError may
        also come after storing: the transaction is then kept, and `send` with the same key or `pump`
        broadcasts it.
        """
        known = self._same(call, key)
        if known is not None:
            return known
        gas, offer = self._maker.prepare(call, self._records.reserved())
        at_node = rpc.nonce(self._web3, self.account, "pending")
        with transaction(self._records.database):
            known = self._same(call, key)
            if known is None:
                nonce = self._records.next_nonce(at_node)
                self._records.add(key, call, nonce, gas)
                self._sign(key, call, nonce, gas, offer)
        if known is None:
            self._broadcast(key, self._records.attempts(key)[-1])
        return self.get(key)

    def find(self, key: str) -> Pending | None:
        """The transaction of that key, if `send` ever stored one."""
        return self._records.find(key)

    def get(self, key: str) -> Pending:
        """The transaction of that key; UnknownKeyError."""
        found = self._records.find(key)
        if found is None:
            raise UnknownKeyError(key)
        return found

    def history(self, prefix: str = "") -> list[Pending]:
        """Every transaction of the account whose key begins with `prefix`, by nonce."""
        return [pending for pending in self._records.all() if pending.key.startswith(prefix)]

    def unfinished(self) -> list[Pending]:
        """Those still waiting or not confirmed, by nonce."""
        return self._records.unfinished()

    def pump(self) -> list[Pending]:
        """Look after every unfinished transaction once: broadcast again, replace, confirm. Those that became
        final.

        Call it at start and in every round of an agent's loop. Raises NodeDownError.
        """
        head = rpc.block_number(self._web3)
        count = rpc.nonce(self._web3, self.account)
        for lost in self._records.finished_from(count):  # a fork deeper than the confirmations
            self._records.set_status(lost.key, Status.WAITING)
        finished = []
        for pending in self._records.unfinished():
            self._look_after(pending, head, count)
            now = self.get(pending.key)
            if now.final:
                finished.append(now)
        self._fill_gap(count)
        return finished

    def wait(self, key: str, timeout: float = WAIT_SECONDS) -> Receipt:
        """Pump until the transaction is confirmed; its receipt.

        Raises UnknownKeyError, RevertedError (with the contract's reason), NonceTakenError,
        TransactionTimeoutError. A node that goes away for a while is waited for.
        """
        until = time.monotonic() + timeout
        while True:
            down: NodeDownError | None = None
            try:
                if not self.get(key).final:
                    self.pump()
            except NodeDownError as error:
                down = error
            pending = self.get(key)
            if pending.final:
                return self._outcome(pending)
            if time.monotonic() >= until:
                if down is not None:
                    raise down
                raise TransactionTimeoutError(pending.call.label, key, timeout)
            time.sleep(min(self._poll_seconds, max(0.0, until - time.monotonic())))

    def free(self, key: str) -> None:
        """Let the key be used again, after its transaction reverted or was displaced. StillPendingError
        otherwise.
        """
        pending = self.get(key)
        if pending.status not in (Status.REVERTED, Status.DISPLACED):
            raise StillPendingError(key, pending.status.value)
        self._records.rename(key)

    # Making a transaction.

    def _same(self, call: Call, key: str) -> Pending | None:
        known = self._records.find(key)
        if known is not None and (known.call.to, known.call.data, known.call.value) != (
            call.to,
            call.data,
            call.value,
        ):
            raise KeyReusedError(key, _shown(known.call), _shown(call))
        return known

    def _sign(self, key: str, call: Call, nonce: int, gas: int, offer: Fees) -> Attempt:
        raw = self._maker.sign(call, nonce, gas, offer)
        self._records.add_attempt(key, keccak(raw), raw, offer)
        return self._records.attempts(key)[-1]

    def _broadcast(self, key: str, attempt: Attempt) -> None:
        try:
            rpc.send_raw(self._web3, attempt.raw)
        except NodeRefusedError as error:
            if not any(text in error.node_message.lower() for text in _KNOWN_ALREADY):
                # Not final: the nonce may have moved on, funds may come, fees may rise. `pump` finds out.
                self._records.set_status(key, Status.WAITING, problem=error.node_message)
                return
        with transaction(self._records.database):
            self._records.mark_sent(attempt.hash)
            self._records.set_status(key, Status.WAITING)

    # Watching it.

    def _look_after(self, pending: Pending, head: int, count: int) -> None:
        attempts = self._records.attempts(pending.key)
        for attempt in attempts:
            receipt = rpc.receipt(self._web3, attempt.hash)
            if receipt is not None:
                self._displaced.pop(pending.key, None)
                self._mined(pending, receipt, head)
                return
        if pending.status is Status.MINED:  # re-orged out
            self._records.set_status(pending.key, Status.WAITING)
        if count > pending.nonce:
            self._maybe_displaced(pending, head)
            return
        newest = attempts[-1]
        if not rpc.knows_transaction(self._web3, newest.hash):
            self._broadcast(pending.key, newest)
        if count == pending.nonce and time.time() - newest.created >= self._policy.bump_after:
            self._bump(pending, newest)

    def _mined(self, pending: Pending, receipt: TransactionReceipt, head: int) -> None:
        if head - receipt.block_number < self._confirmations:
            self._records.set_status(pending.key, Status.MINED, receipt=receipt)
        elif receipt.succeeded:
            self._records.set_status(pending.key, Status.CONFIRMED, receipt=receipt)
        else:
            reason = self._maker.why_reverted(pending.call, pending.gas, receipt)
            self._records.set_status(pending.key, Status.REVERTED, problem=reason, receipt=receipt)

    def _maybe_displaced(self, pending: Pending, head: int) -> None:
        """The nonce is used and none of our versions has a receipt. Once could be a node that lags; only
        what is confirmed, and seen twice, is believed.
        """
        confirmed = rpc.nonce(self._web3, self.account, max(0, head - self._confirmations))
        if confirmed <= pending.nonce:
            return
        seen = self._displaced[pending.key] = self._displaced.get(pending.key, 0) + 1
        if seen >= PUMPS_UNTIL_DISPLACED:
            del self._displaced[pending.key]
            self._records.set_status(
                pending.key, Status.DISPLACED, problem="another transaction took the nonce"
            )

    def _bump(self, pending: Pending, newest: Attempt) -> None:
        try:
            wanted = fees.suggest(self._web3, self._policy)
        except FeesTooHighError:
            wanted = newest.fees
        offer = fees.bumped(newest.fees, wanted, self._policy)
        if offer is None:
            problem = f"waits, and the fee cap of {self._policy.max_fee} wei per gas allows no higher offer"
            self._records.set_status(pending.key, Status.WAITING, problem=problem)
            return
        with transaction(self._records.database):
            replacement = self._sign(pending.key, pending.call, pending.nonce, pending.gas, offer)
        self._broadcast(pending.key, replacement)

    def _fill_gap(self, count: int) -> None:
        """Use up a nonce that nobody has, below our first waiting one: it would hold all of ours up for
        ever. It comes from a stranger's transaction that was waiting when we chose ours, and then
        vanished.
        """
        waiting = self._records.unfinished()
        if not waiting or waiting[0].nonce <= count or rpc.nonce(self._web3, self.account, "pending") > count:
            self._gap = None
            return
        if self._gap is None or self._gap[0] != count:
            self._gap = (count, time.monotonic())
        if time.monotonic() - self._gap[1] < self._gap_seconds:
            return
        call = Call(self.account, b"", 0, "fill a nonce")
        key = f"fill:{count}"
        with transaction(self._records.database):
            self._records.add(key, call, count, PLAIN_TRANSFER_GAS)
            attempt = self._sign(key, call, count, PLAIN_TRANSFER_GAS, fees.suggest(self._web3, self._policy))
        self._broadcast(key, attempt)

    def _outcome(self, pending: Pending) -> Receipt:
        if pending.status is Status.DISPLACED or pending.receipt is None:
            raise NonceTakenError(pending.call.label, self.account, pending.nonce)
        if pending.status is Status.REVERTED:
            reason = pending.problem or "no reason given"
            raise RevertedError(pending.call.label, pending.receipt.transaction_hash, reason)
        return pending.receipt


def _shown(call: Call) -> str:
    return f"{call.label} {call.data[:4].hex()}..., {call.value} wei to {call.to}"
