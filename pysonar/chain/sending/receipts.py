"""A receipt as the outbox keeps it: what was understood of the node's, and Sonar's events in it."""

from __future__ import annotations

from dataclasses import dataclass

from pysonar.chain.contract.events import LoggedEvent, decode_log
from pysonar.chain.errors import UndecodableLogError
from pysonar.chain.node.answers import NotUnderstood, TransactionReceipt


@dataclass(frozen=True)
class Receipt:
    """A mined transaction.

    Attributes:
        gas_used, gas_price: in gas, and wei per gas; 0 where the node did not say.
        events: Sonar's, in order.
    """

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
        """What the node said, with the events of the contract; other logs are left out."""
        events = []
        for log in said.logs:
            try:
                if log.address == contract.lower():
                    events.append(decode_log(log))
            except UndecodableLogError:
                continue
        return cls(
            "0x" + said.transaction_hash.hex(),
            said.block_number,
            said.succeeded,
            said.gas_used,
            said.gas_price,
            tuple(events),
        )

    @classmethod
    def stored(cls, text: str, contract: str) -> Receipt | None:
        """From the database; None for what an older release stored as a node gave it, if it is not
        understood.
        """
        try:
            return cls.of(TransactionReceipt.from_json(text), contract)
        except NotUnderstood:
            return None


def unseen(transaction_hash: str, block_number: int) -> TransactionReceipt:
    """Stands for the receipt, which the node does not have, of a transaction whose effect the chain shows."""
    return TransactionReceipt(bytes.fromhex(transaction_hash[2:]), block_number, bytes(32), True, 0, 0, ())
