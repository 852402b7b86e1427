# pragma version 0.4.3
"""
@title Strict token: six decimals, and no approval that is changed from one amount to another
@license GPL-3.0-or-later
@notice For tests only. As the best known stable coin does, it returns nothing, and an
        approval that is not zero must be set to zero first.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.mint)

decimals: public(constant(uint8)) = 6
symbol: public(constant(String[8])) = "USDX"
allowance: public(HashMap[address, HashMap[address, uint256]])


@external
def approve(spender: address, amount: uint256):
    assert amount == 0 or self.allowance[msg.sender][spender] == 0, "approve zero first"
    self.allowance[msg.sender][spender] = amount


@external
def transfer(to: address, amount: uint256):
    ledger._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256):
    self.allowance[owner][msg.sender] -= amount
    ledger._move(owner, to, amount)
