# pragma version 0.4.3
"""
@title False token: answers False where others revert
@license GPL-3.0-or-later
@notice For tests only. Moves nothing while it refuses.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)

refusing: public(bool)


@external
def refuse(refusing: bool):
    self.refusing = refusing


@external
def transfer(to: address, amount: uint256) -> bool:
    if self.refusing or ledger.balanceOf[msg.sender] < amount:
        return False
    ledger._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    if self.refusing or ledger.allowance[owner][msg.sender] < amount:
        return False
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return True
