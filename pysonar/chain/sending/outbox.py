"""The way out for every transaction: stored with nonce and signed bytes first, broadcast second, watched
until it is confirmed.

Whatever line the process dies on, the next `pump` goes on: a stored transaction is broadcast again byte for
byte, so it can land only once. A transaction that waits too long is replaced by one with the same nonce and
higher fees; all versions are kept, and the first one mined counts. One that a re-org throws out is broadcast
again.

Transactions are known by their deed. `ensure` sees to it that a deed is done: it sends, and sends again what
failed, but never before it has asked the contract whether the effect is there already.

One account belongs to one outbox. A nonce taken by somebody else is detected and named, not prevented.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence

from pysonar.chain.contract.calls import Call
from pysonar.chain.database import transaction
from pysonar.chain.errors import (
    ChainError,
    DeedReusedError,
    EventsBehindError,
    NodeBehindError,
    NodeDownError,
    NodeRefusedError,
    NonceAstrayError,
    NonceTakenError,
    RevertedError,
    TransactionTimeoutError,
    UnknownDeedError,
)
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.chain.sending.deeds import Deed
from pysonar.chain.sending.effects import Effects
from pysonar.chain.sending.fees import FeePolicy
from pysonar.chain.sending.outbox_records import OutboxRecords, Pending, Status
from pysonar.chain.sending.receipts import Receipt, unseen
from pysonar.chain.sending.signer import Signer
from pysonar.chain.sending.transaction_maker import TransactionMaker
from pysonar.chain.sending.watching.broadcaster import Broadcaster
from pysonar.chain.sending.watching.nonces import next_at_node
from pysonar.chain.sending.watching.watch import Watch

WAIT_SECONDS = 600.0
GAP_SECONDS = 30.0


class Outbox:
    """The outbox of one account in one database.

    Args:
        chain_id: what is signed is for this chain only; a node that serves another one is refused.
        confirmations: how many blocks must lie on top of a transaction's block before it counts (0: being
            mined is enough).
        effects: tells by the contract's state whether a deed is done.
        gap_seconds: how long a nonce may be missing below ours before it is filled.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        web3: Node,
        signer: Signer,
        *,
        chain_id: int,
        confirmations: int,
        effects: Effects | None = None,
        policy: FeePolicy | None = None,
        poll_seconds: float = 1.0,
        gap_seconds: float = GAP_SECONDS,
    ) -> None:
        policy = policy or FeePolicy()
        self._web3 = web3
        self._signer = signer
        self._confirmations = confirmations
        self._poll_seconds = poll_seconds
        self._effects = effects
        self._notices: list[str] = []
        self._maker = TransactionMaker(web3, signer, policy, chain_id=chain_id)
        self._records = OutboxRecords(database, signer.address)
        self._broadcaster = Broadcaster(web3, self._records, self._maker, policy)
        self._watch = Watch(
            web3,
            self._records,
            self._maker,
            self._broadcaster,
            policy,
            confirmations=confirmations,
            gap_seconds=gap_seconds,
            notices=self._notices,
        )

    @property
    def account(self) -> str:
        """The address that signs."""
        return self._signer.address

    @property
    def web3(self) -> Node:
        """The node it works with."""
        return self._web3

    @property
    def records(self) -> OutboxRecords:
        """What is stored, for questions that `find` does not answer."""
        return self._records

    def notices(self) -> list[str]:
        """What the account's owner should know, since this was asked last: fillers paid, nonces astray."""
        told = list(self._notices)
        self._notices.clear()
        return told

    def find(self, deed: Deed) -> Pending | None:
        """The deed's current transaction, if `send` ever stored one."""
        return self._records.find(deed)

    def get(self, deed: Deed) -> Pending:
        """The deed's current transaction; UnknownDeedError."""
        found = self._records.find(deed)
        if found is None:
            raise UnknownDeedError(str(deed))
        return found

    def tries(self, deed: Deed) -> list[Pending]:
        """Every transaction ever made for the deed, by nonce."""
        return self._records.tries(deed)

    def history(self) -> list[Pending]:
        """Every transaction of the account, by nonce."""
        return self._records.all()

    def unfinished(self) -> list[Pending]:
        """Those still waiting or not confirmed, by nonce."""
        return self._records.unfinished()

    # Sending.

    def send(self, call: Call, deed: Deed) -> Pending:
        """Simulate, sign, store, broadcast; or, if the deed has a transaction, what became of it.

        Raises before anything is stored: ContractRefusedError, InsufficientFundsError, FeesTooHighError,
        TokenCallTooDearError, WrongChainError, UnexpectedNonceError, DeedReusedError (the deed belongs to
        another call), NodeDownError. NodeDownError may also come after storing: the transaction is then kept,
        and `send` with the same deed or `pump` broadcasts it.
        """
        known = self._same(call, deed)
        return self._send(call, deed, None) if known is None else known

    def ensure(self, deed: Deed, make: Callable[[], Call]) -> Pending | None:
        """See to it that the deed is done: the transaction that does it, or None if the chain shows its
        effect though no transaction of this outbox is known to have brought it about.

        What was stored for the deed before, perhaps by a process that died since, is what is sent: `make` is
        asked only for a new transaction. The retry rule: one that was displaced is sent again at once; one
        that reverted cost gas, so it is raised first, and sent again when the deed is asked for once more.
        Before either, the contract is asked for the effect, at a block that is not older than the failure.

        Raises:
            RevertedError: once for each transaction that reverted, unless `wait` has raised it already.
            NodeBehindError: the node does not know the block of the failure yet.
            ChainError: it cannot be sent now; see `send`.
        """
        stored = self._records.find(deed)
        if stored is None:
            return self._send(make(), deed, None)
        if not stored.failed:
            return stored
        if self.shows(deed, after=[stored]):
            return None
        if stored.status is Status.REVERTED and not stored.told:
            self._records.mark_told(stored.number)
            raise _reverted(stored)
        return self._send(make(), deed, stored)

    def shows(self, deed: Deed, *, after: Sequence[Pending]) -> bool:
        """Whether the chain shows the effect of the deed, at a block that is not older than those of the
        transactions `after`. NodeBehindError: the node cannot say, for it does not know such a block yet.
        """
        head = rpc.block_number(self._web3)
        seen = max((pending.block or 0 for pending in after), default=0)
        if head < seen:
            raise NodeBehindError(rpc.shown(self._web3), head, seen)
        return self._effects is not None and self._effects.shown(deed, head)

    def pump(self) -> list[Pending]:
        """Look after every unfinished transaction once: broadcast again, replace, confirm. Those that became
        final.

        Call it at start and in every round of an agent's loop. Raises NodeDownError.
        """
        head = rpc.block_number(self._web3)
        count = rpc.nonce(self._web3, self.account)
        for lost in self._records.current_from(count):  # a fork deeper than the confirmations
            if not lost.given_up:
                self._records.set_status(lost.number, Status.WAITING)
        finished = []
        for pending in self._records.unfinished():
            self._watch.look(pending, head, count)
            now = self._by_effect(self._records.row(pending.number), head)
            if now.final:
                finished.append(now)
        self._watch.fill_gap(count)
        return finished

    def wait(self, deed: Deed, timeout: float = WAIT_SECONDS) -> Receipt:
        """Pump until the deed's transaction is confirmed; its receipt. Where the contract shows the effect, a
        receipt that the node does not have is made up without gas and events, and a failure does not count.

        Raises UnknownDeedError, RevertedError (with the contract's reason), NonceTakenError,
        NonceAstrayError, TransactionTimeoutError (with what the node last said). A node that goes away for a
        while is waited for.
        """
        until = time.monotonic() + timeout
        while True:
            down: ChainError | None = None
            done = False
            pending = self.get(deed)
            try:
                if not pending.final:
                    self.pump()
                    pending = self.get(deed)
                done = pending.failed and self.shows(deed, after=[pending])
            except (NodeDownError, NodeRefusedError) as error:
                down = error
            if pending.final and down is None:
                return self._outcome(pending, done)
            if time.monotonic() >= until:
                if down is not None:
                    raise down
                raise TransactionTimeoutError(pending.call.label, str(deed), timeout, pending.problem)
            time.sleep(min(self._poll_seconds, max(0.0, until - time.monotonic())))

    def _same(self, call: Call, deed: Deed) -> Pending | None:
        known = self._records.find(deed)
        if known is not None and (known.call.to, known.call.data, known.call.value) != (
            call.to,
            call.data,
            call.value,
        ):
            raise DeedReusedError(str(deed), _shown(known.call), _shown(call))
        return known

    def _send(self, call: Call, deed: Deed, instead_of: Pending | None) -> Pending:
        """`instead_of`: the deed's transaction that failed; it makes room as the new one is stored."""
        gas, offer = self._maker.prepare(call, self._records.reserved())
        at_node = next_at_node(self._web3, self.account)
        with transaction(self._records.database):
            current = self._records.find(deed)
            if current is not None and (instead_of is None or current.number != instead_of.number):
                attempt = None  # another process was quicker
            else:
                if instead_of is not None:
                    self._records.retire(instead_of)
                nonce = self._records.free_nonce(at_node)
                number = self._records.add(deed, call, nonce, gas)
                attempt = self._broadcaster.sign(number, call, nonce, gas, offer)
        if attempt is None:
            return self._same(call, deed) or self.get(deed)
        self._broadcaster.send(self.get(deed), attempt)
        return self.get(deed)

    def _by_effect(self, pending: Pending, head: int) -> Pending:
        """The transaction; confirmed, if its nonce is used, the node has no receipt, and the chain shows the
        effect all the same.
        """
        if pending.final or pending.problem is None or pending.receipt is not None:
            return pending
        confirmed = head - self._confirmations
        if self._effects is None or confirmed < max(0, pending.block or 0):
            return pending
        try:
            if rpc.nonce(self._web3, self.account, confirmed) <= pending.nonce:
                return pending
            if not self._effects.shown(pending.deed, confirmed):
                return pending
        except (NodeRefusedError, EventsBehindError):  # it no longer has that state, or not those events yet
            return pending
        seen = unseen(pending.hashes[-1], pending.block or confirmed)
        self._records.set_status(pending.number, Status.CONFIRMED, block=seen.block_number, receipt=seen)
        return self._records.row(pending.number)

    def _outcome(self, pending: Pending, done: bool) -> Receipt:
        if pending.failed:
            self._records.mark_told(pending.number)
        if pending.status is Status.REVERTED and not done:
            raise _reverted(pending)
        if pending.status is Status.DISPLACED and not done:
            if pending.given_up:
                raise NonceAstrayError(pending.call.label, pending.problem or "its nonce leads nowhere")
            raise NonceTakenError(pending.call.label, self.account, pending.nonce)
        receipt = pending.receipt
        if receipt is None:  # stored by an older release in a form that is not understood
            receipt = Receipt.of(unseen(pending.hashes[-1], pending.block or 0), pending.call.to)
        return receipt


def _reverted(pending: Pending) -> RevertedError:
    where = pending.receipt.transaction_hash if pending.receipt else pending.hashes[-1]
    return RevertedError(pending.call.label, where, pending.problem or "no reason given")


def _shown(call: Call) -> str:
    return f"{call.label} {call.data[:4].hex()}..., {call.value} wei to {call.to}"
