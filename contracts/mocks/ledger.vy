# pragma version 0.4.3
"""
@title Ledger: the balances that the mock tokens share
@license GPL-3.0-or-later
@notice For tests only.
"""

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@internal
def _move(sender: address, to: address, amount: uint256):
    self.balanceOf[sender] -= amount
    self.balanceOf[to] += amount


@internal
def _spend(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] -= amount
