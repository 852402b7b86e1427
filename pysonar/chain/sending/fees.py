"""What to offer per gas, with caps: a faulty node or a runaway market must not empty an account.

With a base fee (EIP-1559) the offer is tip + twice the base fee: a base fee can grow by 1/8 per block at
most, so it stays valid for six full blocks. Only what the block asks is paid. A chain without base fee is
offered the node's gas price.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from fractions import Fraction

from pysonar.chain.errors import FeesTooHighError, NodeRefusedError
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node

GWEI = 10**9
DEFAULT_TIP = GWEI
"""Of a chain whose nodes suggest none."""
TOKEN_CALL_COST = 2 * 10**16
PLAIN_TRANSFER_GAS = 21_000
"""Of an empty transfer, on Ethereum."""
DEARNESS_SECONDS = 600.0


@dataclass(frozen=True)
class FeePolicy:
    """Limits in wei per gas, times in seconds.

    Attributes:
        max_fee: never offer more.
        max_tip: never tip more; None follows the node's suggestion as far as `max_fee` goes.
        min_tip: never tip less.
        bump_after: replace a transaction that waits longer than that.
        bump_percent: by how much; nodes refuse less than 10.
        max_token_call: the most, in wei, that the gas of a call may cost in which a token's own code runs:
            that code is a stranger's, and may burn all gas it gets.
    """

    max_fee: int = 300 * GWEI
    max_tip: int | None = None
    min_tip: int = 1
    bump_after: float = 90.0
    bump_percent: int = 13
    max_token_call: int = TOKEN_CALL_COST

    @property
    def tip_cap(self) -> int:
        """The highest tip that may be offered."""
        return self.max_fee if self.max_tip is None else min(self.max_tip, self.max_fee)

    def for_gas(self, gas: int, *, runs_token: bool) -> FeePolicy:
        """The policy for a call of so much gas."""
        if not runs_token:
            return self
        return replace(self, max_fee=min(self.max_fee, self.max_token_call // max(1, gas)))


@dataclass(frozen=True)
class Fees:
    """`maxFeePerGas` and `maxPriorityFeePerGas`, in wei; `legacy`: a gas price, and both are it."""

    max_fee: int
    tip: int
    legacy: bool = False


def suggest(web3: Node, policy: FeePolicy) -> Fees:
    """The offer for a new transaction. FeesTooHighError if the cap is under what the next block asks."""
    base_fee = rpc.latest(web3).base_fee
    if base_fee is None:
        price = max(policy.min_tip, rpc.gas_price(web3))
        if price > policy.max_fee:
            raise FeesTooHighError(price, policy.max_fee)
        return Fees(price, price, legacy=True)
    suggested = rpc.priority_fee(web3)
    tip = max(policy.min_tip, DEFAULT_TIP if suggested is None else suggested)
    tip = min(tip, policy.tip_cap, max(policy.min_tip, policy.max_fee - base_fee))
    if base_fee + tip > policy.max_fee:
        raise FeesTooHighError(base_fee + tip, policy.max_fee)
    return Fees(min(2 * base_fee + tip, policy.max_fee), tip)


def price_now(web3: Node) -> int:
    """Wei that one gas costs in the next block: base fee and suggested tip, or the node's gas price."""
    base_fee = rpc.latest(web3).base_fee
    if base_fee is None:
        return rpc.gas_price(web3)
    suggested = rpc.priority_fee(web3)
    return base_fee + (DEFAULT_TIP if suggested is None else suggested)


class GasPrice:
    """What a unit of gas costs an account, as Ethereum counts gas.

    Some chains bill the bytes of a transaction as gas, so that the same call takes many times as much there
    (Arbitrum, zkSync). How many times shows an empty transfer, which takes 21,000 on Ethereum.
    """

    def __init__(self, web3: Node, account: str) -> None:
        self._web3 = web3
        self._account = account
        self._factor = Fraction(1)
        self._until = 0.0

    def now(self) -> int:
        """Wei per gas in the next block, at least the node's own price. NodeDownError."""
        if time.monotonic() >= self._until:
            self._factor = self._dearness()
            self._until = time.monotonic() + DEARNESS_SECONDS
        return math.ceil(price_now(self._web3) * self._factor)

    def _dearness(self) -> Fraction:
        return Fraction(transfer_gas(self._web3, self._account), PLAIN_TRANSFER_GAS)


def transfer_gas(web3: Node, account: str) -> int:
    """Gas of an empty transfer of the account to itself: more than 21,000 where bytes are billed as gas."""
    transfer = {"from": account, "to": account, "value": "0x0"}
    try:
        return max(PLAIN_TRANSFER_GAS, rpc.estimate_gas(web3, transfer))
    except NodeRefusedError:
        return PLAIN_TRANSFER_GAS


def with_margin(gas: int) -> int:
    """A gas limit for a transfer that takes so much: exactly that on Ethereum, a quarter more elsewhere."""
    return gas if gas == PLAIN_TRANSFER_GAS else gas * 5 // 4


def bumped(old: Fees, wanted: Fees, policy: FeePolicy) -> Fees | None:
    """The offer that replaces `old`: both parts raised by the policy's percentage, or to what the market
    asks if that is more; None if the caps do not allow it.
    """
    max_fee = max(_raise(old.max_fee, policy.bump_percent), wanted.max_fee)
    tip = max(_raise(old.tip, policy.bump_percent), wanted.tip)
    return _within(Fees(max(max_fee, tip), tip, wanted.legacy), policy)


def outbid(old: Fees, wanted: Fees, policy: FeePolicy) -> Fees | None:
    """The next offer to a node that finds `old` too low: twice the tip, so that even a floor of many gwei is
    reached in a few steps, or just the cap. None if the caps do not allow a replacement.
    """
    least = bumped(old, wanted, policy)
    if least is None:
        return None
    tip = max(least.tip, min(2 * old.tip, policy.tip_cap))
    return _within(
        Fees(min(max(least.max_fee, old.max_fee + tip), policy.max_fee), tip, least.legacy), policy
    )


def _within(offer: Fees, policy: FeePolicy) -> Fees | None:
    if offer.legacy:
        offer = Fees(offer.max_fee, offer.max_fee, legacy=True)
    tip_cap = policy.max_fee if offer.legacy else policy.tip_cap
    return offer if offer.max_fee <= policy.max_fee and offer.tip <= tip_cap else None


def _raise(amount: int, percent: int) -> int:
    return amount + -(-amount * percent // 100) + 1
