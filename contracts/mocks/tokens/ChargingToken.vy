# pragma version 0.4.3
"""
@title Charging token: keeps a fee on some transfers
@license GPL-3.0-or-later
@notice For tests only. Both fees can be changed, as with real tokens.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)

from_receiver: public(uint256)    # taken from what arrives
from_sender: public(uint256)      # taken from the sender on top


@external
def charge(from_receiver: uint256, from_sender: uint256):
    self.from_receiver = from_receiver
    self.from_sender = from_sender


@internal
def _charged(owner: address, to: address, amount: uint256):
    ledger._move(owner, to, amount - self.from_receiver)
    ledger._move(owner, self, self.from_receiver + self.from_sender)


@external
def transfer(to: address, amount: uint256) -> bool:
    self._charged(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    self._charged(owner, to, amount)
    return True
