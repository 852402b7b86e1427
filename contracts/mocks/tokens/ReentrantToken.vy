# pragma version 0.4.3
"""
@title Re-entrant token: calls out in the middle of a transfer
@license GPL-3.0-or-later
@notice For tests only. Sends what it was armed with, once, and passes a failure on.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)

target: address
data: Bytes[2048]
in_permit: bool
strikes: public(uint256)          # failed ones, in `permit`


@external
def arm(target: address, data: Bytes[2048]):
    self.target = target
    self.data = data


@external
def arm_permit(target: address, data: Bytes[2048]):
    """
    @notice Strike in `permit`, and swallow the failure.
    """
    self.target = target
    self.data = data
    self.in_permit = True


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    if self.in_permit:
        target: address = self.target
        self.target = empty(address)
        done: bool = raw_call(target, self.data, revert_on_failure=False)
        if not done:
            self.strikes += 1


@internal
def _strike():
    target: address = self.target
    if target != empty(address):
        self.target = empty(address)
        raw_call(target, self.data)


@external
def transfer(to: address, amount: uint256) -> bool:
    ledger._move(msg.sender, to, amount)
    self._strike()
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    self._strike()
    ledger._move(owner, to, amount)
    return True
