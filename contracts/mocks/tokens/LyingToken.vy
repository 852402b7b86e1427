# pragma version 0.4.3
"""
@title Lying token: answers True and moves nothing
@license GPL-3.0-or-later
@notice For tests only. 
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)


@external
def transfer(to: address, amount: uint256) -> bool:
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return True
