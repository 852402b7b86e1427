"""The account's nonces as the chain has them: which one is next, and who used one.

What a node does not have proves nothing: receipts are pruned, indexes lag, answers get lost. So a
transaction counts as displaced only once another one of the same account and nonce has been seen in a
confirmed block.
"""

from __future__ import annotations

from dataclasses import dataclass

from pysonar.chain.errors import NodeRefusedError, UnexpectedAnswerError, UnexpectedNonceError
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node

MOST_WAITING = 64
"""How far the next nonce may lie above the number of mined transactions, as a node says both."""


@dataclass(frozen=True)
class Use:
    """The transaction that used a nonce, and its block."""

    hash: bytes
    block_number: int


def next_at_node(web3: Node, account: str) -> int:
    """The account's next nonce by what the node knows, mined and waiting.

    Raises:
        UnexpectedNonceError: the node contradicts itself. (One wrong answer must not put a transaction, and
            all that follow it, where no nonce leads.)
    """
    latest, pending = rpc.nonce(web3, account), rpc.nonce(web3, account, "pending")
    if not latest <= pending <= latest + MOST_WAITING:
        raise UnexpectedNonceError(account, latest, pending, MOST_WAITING)
    return pending


def who_used(web3: Node, account: str, nonce: int, confirmed: int) -> Use | None:
    """The account's transaction with that nonce in a block up to `confirmed`.

    None if none can be seen: the nonce is not used there, or the node does not have the states or the block
    to tell.
    """
    try:
        block = _block_of(web3, account, nonce, confirmed)
        listed = None if block is None else rpc.block_transactions(web3, block)
    except (NodeRefusedError, UnexpectedAnswerError):  # it no longer has those states, or lists it oddly
        return None
    for transaction in listed or ():
        if (transaction.sender, transaction.nonce) == (account.lower(), nonce) and block is not None:
            return Use(transaction.hash, block)
    return None


def _block_of(web3: Node, account: str, nonce: int, upper: int) -> int | None:
    """The first block after which the account has used the nonce, by bisection from the newest ones."""
    if upper < 0 or rpc.nonce(web3, account, upper) <= nonce:
        return None
    step, low = 1, upper
    while low > 0:  # the states of new blocks are kept by every node
        low = max(0, upper - step)
        if rpc.nonce(web3, account, low) <= nonce:
            break
        upper, step = low, step * 2
    if low == 0 and rpc.nonce(web3, account, 0) > nonce:
        return None
    while upper - low > 1:
        middle = (low + upper) // 2
        if rpc.nonce(web3, account, middle) > nonce:
            upper = middle
        else:
            low = middle
    return upper
