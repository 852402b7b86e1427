"""ERC-20 tokens as Sonar meets them: what an account holds, what it has approved, and in which units it is
counted.

A token is a stranger's contract: what it answers is checked, its text is cleaned, and nothing of it is
believed beyond that. Sonar takes and gives exact amounts or refuses, so a token that lies costs nothing but
gas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pysonar.chain.address import ZERO_ADDRESS, require_address
from pysonar.chain.contract.calls import Call
from pysonar.chain.contract.words import encode_words
from pysonar.chain.errors import ChainError, NodeRefusedError, NotATokenError, TokensMissingError
from pysonar.chain.node import rpc
from pysonar.chain.node.handle import Node
from pysonar.protocol.account_address import keccak256
from pysonar.protocol.amounts import format_tokens, format_wei, parse_tokens, parse_wei

MOST_DECIMALS = 30
LONGEST_SYMBOL = 16


@dataclass(frozen=True)
class Asset:
    """In what amounts are counted: `decimals` digits of the smallest unit are behind the point."""

    address: str
    symbol: str
    decimals: int

    @property
    def is_ether(self) -> bool:
        """Whether it is the chain's own currency."""
        return self.address == ZERO_ADDRESS

    def parse(self, text: str) -> int:
        """The smallest units of an amount with its unit; AmountError."""
        if self.is_ether:
            return parse_wei(text)
        return parse_tokens(text, symbol=self.symbol, decimals=self.decimals)

    def show(self, amount: int) -> str:
        """The amount for people."""
        if self.is_ether:
            return format_wei(amount)
        return format_tokens(amount, symbol=self.symbol, decimals=self.decimals)


ETHER = Asset(ZERO_ADDRESS, "ETH", 18)


class Token:
    """The token at `address`."""

    def __init__(self, web3: Node, address: str) -> None:
        self._web3 = web3
        self.address = require_address("the token", address)

    def asset(self) -> Asset:
        """Symbol and decimals as the token says them. NotATokenError: no code there, or decimals that cannot
        be read.
        """
        if not rpc.code(self._web3, self.address):
            raise NotATokenError(self.address, "there is no contract")
        decimals = self._number("decimals()")
        if decimals > MOST_DECIMALS:
            raise NotATokenError(
                self.address, f"it says {decimals} decimals, expected at most {MOST_DECIMALS}"
            )
        return Asset(self.address, self._symbol(), decimals)

    def balance(self, account: str, *, block: rpc.Tag = "latest") -> int:
        """What the account holds, in the smallest unit."""
        return self._number("balanceOf(address)", account, block=block)

    def allowance(self, owner: str, spender: str, *, block: rpc.Tag = "latest") -> int:
        """How much of the owner's the spender may take."""
        return self._number("allowance(address,address)", owner, spender, block=block)

    def require_balance(self, label: str, account: str, needed: int) -> None:
        """TokensMissingError unless the account holds so much."""
        held = self.balance(account)
        if held < needed:
            asset = asset_for_people(self._web3, self.address)
            raise TokensMissingError(label, account, self.address, held, needed, show=asset.show)

    def approve(self, spender: str, amount: int) -> Call:
        """Let the spender take exactly so much, whatever was approved before."""
        data = _selector("approve(address,uint256)") + encode_words(["address", "uint256"], [spender, amount])
        return Call(self.address, data, 0, "approve", runs_token=True)

    def _symbol(self) -> str:
        """At most 16 letters and digits; "tokens" where it says none that can be shown."""
        # Here, since it takes a third of a second to load, and few campaigns pay in tokens.
        from eth_abi.abi import decode
        from eth_abi.exceptions import DecodingError

        try:
            raw = self._call("symbol()")
        except (NodeRefusedError, NotATokenError):
            return "tokens"
        try:
            text = str(decode(["string"], raw)[0])
        except (DecodingError, OverflowError, UnicodeDecodeError):
            text = raw[:32].rstrip(b"\0").decode("ascii", errors="replace")  # as the first tokens say it
        plain = "".join(c for c in text if c.isascii() and c.isalnum())[:LONGEST_SYMBOL]
        return plain or "tokens"

    def _number(self, function: str, *addresses: str, block: rpc.Tag = "latest") -> int:
        try:
            raw = self._call(function, *addresses, block=block)
        except NodeRefusedError as error:
            if rpc.revert_reason(error) is None:
                raise
            raise NotATokenError(self.address, f"it refuses {function}") from None
        if len(raw) != 32:
            raise NotATokenError(self.address, f"it does not answer {function} with a number")
        return int.from_bytes(raw, "big")

    def _call(self, function: str, *addresses: str, block: rpc.Tag = "latest") -> bytes:
        data = _selector(function) + encode_words(["address"] * len(addresses), list(addresses))
        request: dict[str, Any] = {"to": self.address, "data": "0x" + data.hex()}
        return rpc.eth_call(self._web3, request, block)


def asset_at(web3: Node, address: str) -> Asset:
    """The asset of that address; the zero address is ether."""
    return ETHER if address == ZERO_ADDRESS else Token(web3, address).asset()


def asset_for_people(web3: Node, address: str) -> Asset:
    """The asset of that address, to show amounts of it; a token that cannot be asked is counted in its
    smallest units.
    """
    try:
        return asset_at(web3, address)
    except ChainError:
        return smallest_units(address)


def smallest_units(address: str) -> Asset:
    """The token at that address as one of which only the address is known."""
    return Asset(address, f"units of {address[:8]}...{address[-4:]}", 0)


def _selector(function: str) -> bytes:
    return keccak256(function.encode())[:4]
