"""Looks after transactions on their way: mined, confirmed, reverted, displaced, held up by a gap.

A receipt counts because it is there. That none is there proves nothing; see `nonces` for when a transaction
counts as displaced.
"""

from __future__ import annotations

import time

from pysonar.chain.contract.calls import Call
from pysonar.chain.database import transaction
from pysonar.chain.errors import FeesTooHighError, NodeRefusedError, UnexpectedAnswerError
from pysonar.chain.node import rpc
from pysonar.chain.node.answers import TransactionReceipt
from pysonar.chain.node.handle import Node
from pysonar.chain.sending import fees
from pysonar.chain.sending.deeds import Action, Deed
from pysonar.chain.sending.fees import FeePolicy
from pysonar.chain.sending.outbox_records import Attempt, OutboxRecords, Pending, Status
from pysonar.chain.sending.transaction_maker import TransactionMaker
from pysonar.chain.sending.watching.astray import Astray, is_astray
from pysonar.chain.sending.watching.broadcaster import Broadcaster
from pysonar.chain.sending.watching.nonces import who_used
from pysonar.pause import Pause

_SEARCH = Pause(first=1.0, longest=60.0)


class Watch:
    """The watch over one account's transactions.

    confirmations: how many blocks must lie on top of a transaction's block before it counts. `notices`: told
    of what the account's owner should know.
    """

    def __init__(
        self,
        web3: Node,
        records: OutboxRecords,
        maker: TransactionMaker,
        broadcaster: Broadcaster,
        policy: FeePolicy,
        *,
        confirmations: int,
        gap_seconds: float,
        notices: list[str],
    ) -> None:
        self._web3 = web3
        self._records = records
        self._maker = maker
        self._broadcaster = broadcaster
        self._policy = policy
        self._confirmations = confirmations
        self._gap_seconds = gap_seconds
        self._notices = notices
        self._searched: dict[int, tuple[int, float]] = {}
        self._gap: tuple[int, float] | None = None
        self._told_gap: tuple[int, str] | None = None
        self._astray = Astray(web3, records, maker, policy)

    def look(self, pending: Pending, head: int, count: int) -> None:
        """Bring one unfinished transaction up to date, at the newest block `head` with `count` transactions
        of the account mined.
        """
        attempts = self._records.attempts(pending.number)
        unread = False
        for attempt in attempts:
            try:
                receipt = rpc.receipt(self._web3, attempt.hash)
            except UnexpectedAnswerError:  # no receipt of it, as good as none
                unread = True
                continue
            if receipt is not None:
                self._searched.pop(pending.number, None)
                self._mined(pending, receipt, head)
                return
        if (count > pending.nonce or unread) and self._seen_mined(pending, attempts):
            return
        if count > pending.nonce:
            self._nonce_is_used(pending, attempts, head)
            return
        if pending.status is Status.MINED:  # a re-org threw it out
            self._records.set_status(pending.number, Status.WAITING)
        newest = attempts[-1]
        if rpc.transaction(self._web3, newest.hash) is None:
            self._broadcaster.send(pending, newest)
        if count == pending.nonce:
            now = self._records.row(pending.number)
            self._broadcaster.bump_if_due(now, self._records.attempts(pending.number)[-1])

    def fill_gap(self, count: int) -> None:
        """Use up a nonce that nobody has, below our first waiting one: it would hold all of ours up for
        ever. It comes from a stranger's transaction that was waiting when we chose ours, and then vanished.

        At most `MOST_WAITING` are filled, one at a time, and each is told: they cost gas. See `astray` for
        what waits higher than that.
        """
        waiting = self._records.unfinished()
        gap = waiting[0].nonce - count if waiting else 0
        if gap <= 0 or rpc.nonce(self._web3, self._records.account, "pending") > count:
            self._gap = None
            return
        if self._gap is None or self._gap[0] != count:
            self._gap = (count, time.monotonic())
        if time.monotonic() - self._gap[1] < self._gap_seconds:
            return
        if is_astray(waiting[0].nonce, count):
            for text in self._astray.give_up(count):
                self._tell_once(count, text)
            return
        try:
            offer = fees.suggest(self._web3, self._policy)
        except FeesTooHighError as error:
            self._tell_once(count, f"nonce {count} holds up later transactions, and is not filled: {error}")
            return
        call = Call(self._records.account, b"", 0, "fill a nonce")
        gas = fees.with_margin(fees.transfer_gas(self._web3, self._records.account))
        with transaction(self._records.database):
            stored = self._records.with_nonce(count)
            if stored is None:
                number = self._records.add(Deed(Action.FILL, None, str(count)), call, count, gas)
            else:  # one that a re-org threw out after its deed was done otherwise
                number = stored.number
            attempt = self._broadcaster.sign(number, call, count, gas, offer)
        self._notices.append(
            f"nonce {count} of account {self._records.account} was left open and holds up later "
            "transactions: filled by an empty transfer to itself, for at most "
            f"{gas * offer.max_fee} wei of gas"
        )
        if stored is None:
            self._broadcaster.send(self._records.row(number), attempt)
            return
        try:
            rpc.send_raw(self._web3, attempt.raw)
        except NodeRefusedError as error:
            self._notices.append(f"the node does not take it: {error.node_message}")

    def _mined(self, pending: Pending, receipt: TransactionReceipt, head: int) -> None:
        number, block = pending.number, receipt.block_number
        if head - block < self._confirmations:
            self._records.set_status(number, Status.MINED, block=block, receipt=receipt)
        elif receipt.succeeded:
            self._records.set_status(number, Status.CONFIRMED, block=block, receipt=receipt)
        else:
            reason = self._maker.why_reverted(pending.call, pending.gas, receipt)
            self._records.set_status(number, Status.REVERTED, problem=reason, block=block, receipt=receipt)

    def _seen_mined(self, pending: Pending, attempts: list[Attempt]) -> bool:
        """Whether the node has one of ours in a block, though no receipt of it that can be read."""
        for attempt in attempts:
            found = rpc.transaction(self._web3, attempt.hash)
            if found is not None and found.hash == attempt.hash and found.block_number is not None:
                self._mined_unseen(pending, found.block_number)
                return True
        return False

    def _nonce_is_used(self, pending: Pending, attempts: list[Attempt], head: int) -> None:
        """One of ours or another transaction has used the nonce, and the node does not have ours: find out
        which it was.
        """
        use = None
        tries, until = self._searched.get(pending.number, (0, 0.0))
        if _SEARCH.is_due(until, time.monotonic()):
            use = who_used(
                self._web3, self._records.account, pending.nonce, max(0, head - self._confirmations)
            )
            self._searched[pending.number] = (tries + 1, time.monotonic() + _SEARCH.after(tries + 1))
        if use is None and pending.status is Status.MINED:
            return  # as it was seen before
        if use is None:
            problem = f"nonce {pending.nonce} is used, and the node does not show by which transaction"
            self._records.set_status(pending.number, Status.WAITING, problem=problem)
        elif use.hash in {attempt.hash for attempt in attempts}:
            self._mined_unseen(pending, use.block_number)
        else:
            problem = f"transaction 0x{use.hash.hex()} of the same account took nonce {pending.nonce}"
            self._records.set_status(
                pending.number, Status.DISPLACED, problem=problem, block=use.block_number
            )

    def _mined_unseen(self, pending: Pending, block: int) -> None:
        problem = f"mined in block {block}; the node has no readable receipt of it"
        self._records.set_status(pending.number, Status.MINED, problem=problem, block=block)

    def _tell_once(self, count: int, text: str) -> None:
        if self._told_gap != (count, text):
            self._told_gap = count, text
            self._notices.append(text)
