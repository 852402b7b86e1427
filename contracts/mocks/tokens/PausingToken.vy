# pragma version 0.4.3
"""
@title Pausing token: can be paused, and can refuse one receiver
@license GPL-3.0-or-later
@notice For tests only. 
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)

paused: public(bool)
blocked: public(address)


@external
def pause(paused: bool):
    self.paused = paused


@external
def block_receiver(receiver: address):
    self.blocked = receiver


@external
def transfer(to: address, amount: uint256) -> bool:
    assert not self.paused and to != self.blocked, "token: paused"
    ledger._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    assert not self.paused and to != self.blocked, "token: paused"
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return True
