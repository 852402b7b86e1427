"""A way back for transactions whose nonce leads nowhere: a node once gave a wrong number, and they would wait
for ever.

The account goes on with its own next nonce, and the deeds are sent again as any others that failed, after the
contract has been asked for their effect. What must not happen is that both land. So a transaction is given up
only where it never can: its nonce is further away than an account ever sends, or the node has taken another
transaction, an empty transfer to oneself, in its place.
"""

from __future__ import annotations

from pysonar.chain.contract.calls import Call
from pysonar.chain.errors import FeesTooHighError, NodeRefusedError
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.chain.sending import fees
from pysonar.chain.sending.fees import FeePolicy
from pysonar.chain.sending.outbox_records import OutboxRecords, Pending, Status
from pysonar.chain.sending.transaction_maker import TransactionMaker
from pysonar.chain.sending.watching.broadcaster import KNOWN_ALREADY
from pysonar.chain.sending.watching.nonces import MOST_WAITING

OUT_OF_REACH = 1_000_000
"""Nonces that no account of this project ever gets through: one a minute is two years."""


def is_astray(nonce: int, count: int) -> bool:
    """Whether a nonce is too far above the `count` transactions mined for the gap to be filled."""
    return nonce > count + MOST_WAITING


class Astray:
    """Gives up what waits with such nonces."""

    def __init__(
        self, web3: Node, records: OutboxRecords, maker: TransactionMaker, policy: FeePolicy
    ) -> None:
        self._web3 = web3
        self._records = records
        self._maker = maker
        self._policy = policy

    def give_up(self, count: int) -> list[str]:
        """Give up all that waits too far above `count`; what to tell of it. Raises NodeDownError."""
        if self._records.highest_mined() >= count:
            return []  # the node is behind what was seen before: its number proves nothing
        told = []
        for pending in self._records.unfinished():
            if pending.status is not Status.WAITING or not is_astray(pending.nonce, count):
                continue
            where = f"{pending.deed} waits with nonce {pending.nonce}, but the account's next one is {count}"
            obstacle = self._obstacle(pending, count)
            if obstacle is not None:
                told.append(f"{where}, too many to fill, and {obstacle}")
                continue
            problem = f"nonce {pending.nonce} leads nowhere: the account's next one is {count}"
            self._records.set_status(pending.number, Status.DISPLACED, problem=problem)
            told.append(
                f"{where}: a node once gave a wrong number. It is given up and cannot land any more; what is"
                " still to be done is sent again with the right nonce"
            )
        return told

    def _obstacle(self, pending: Pending, count: int) -> str | None:
        """Why it may land after all, although nobody waits for it; None if it cannot."""
        if pending.nonce - count > OUT_OF_REACH:
            return None
        newest = self._records.attempts(pending.number)[-1].fees
        try:
            wanted = fees.suggest(self._web3, self._policy)
        except FeesTooHighError:
            wanted = newest
        offer = fees.outbid(newest, wanted, self._policy)
        if offer is None:
            return "the fee cap ('max_fee_gwei') allows no transfer in its place; raise it to go on"
        transfer = Call(self._records.account, b"", 0, "stand in for a wrong nonce")
        gas = fees.with_margin(fees.transfer_gas(self._web3, self._records.account))
        raw = self._maker.sign(transfer, pending.nonce, gas, offer)
        try:
            rpc.send_raw(self._web3, raw)
        except NodeRefusedError as error:
            if not any(text in error.node_message.lower() for text in KNOWN_ALREADY):
                return f"the node takes no transfer in its place: {error.node_message}"
        return None
