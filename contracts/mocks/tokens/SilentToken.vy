# pragma version 0.4.3
"""
@title Silent token: returns nothing, as some old tokens do
@license GPL-3.0-or-later
@notice For tests only. Reverts when it must.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)


@external
def transfer(to: address, amount: uint256):
    ledger._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256):
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
