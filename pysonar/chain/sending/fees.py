"""What to offer per gas (EIP-1559), with caps: a mad node or a mad market must not empty an account.

The offer is tip + twice the base fee: a base fee can grow by 1/8 per block at most, so it stays valid for
six full blocks. Only what the block asks is paid.
"""

from __future__ import annotations

from dataclasses import dataclass

from web3 import Web3

from pysonar.chain.errors import FeesTooHighError, NoFeeMarketError
from pysonar.chain.node import rpc

GWEI = 10**9


@dataclass(frozen=True)
class FeePolicy:
    """Limits in wei per gas, times in seconds.

    max_fee: never offer more. max_tip, min_tip: bounds of the tip that a node suggests. bump_after: replace a
    transaction that waits longer than that. bump_percent: by how much; nodes refuse less than 10.
    """

    max_fee: int = 300 * GWEI
    max_tip: int = 5 * GWEI
    min_tip: int = 1
    bump_after: float = 90.0
    bump_percent: int = 13


@dataclass(frozen=True)
class Fees:
    """`maxFeePerGas` and `maxPriorityFeePerGas`, in wei."""

    max_fee: int
    tip: int


def suggest(web3: Web3, policy: FeePolicy) -> Fees:
    """The offer for a new transaction. FeesTooHighError if the cap is under what the next block asks;
    NoFeeMarketError on a chain without base fee."""
    base_fee = rpc.latest(web3).base_fee
    if base_fee is None:
        raise NoFeeMarketError(rpc.chain_id(web3))
    suggested = rpc.priority_fee(web3)
    tip = max(policy.min_tip, min(policy.max_tip, GWEI if suggested is None else suggested))
    tip = min(tip, policy.max_fee)
    if base_fee + tip > policy.max_fee:
        raise FeesTooHighError(base_fee + tip, policy.max_fee)
    return Fees(min(2 * base_fee + tip, policy.max_fee), tip)


def bumped(old: Fees, wanted: Fees, policy: FeePolicy) -> Fees | None:
    """The offer that replaces `old`: both parts raised by the policy's percentage, or to what the market
    asks if that is more; None if the cap does not allow it.
    """
    raised = Fees(_raise(old.max_fee, policy.bump_percent), _raise(old.tip, policy.bump_percent))
    tip = max(raised.tip, wanted.tip)
    max_fee = max(raised.max_fee, wanted.max_fee, tip)
    return None if max_fee > policy.max_fee else Fees(max_fee, tip)


def _raise(amount: int, percent: int) -> int:
    return amount + -(-amount * percent // 100) + 1
