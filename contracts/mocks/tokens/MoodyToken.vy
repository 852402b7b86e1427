# pragma version 0.4.3
"""
@title Moody token: one of the calls of a payment fails, or answers nonsense
@license GPL-3.0-or-later
@notice For tests only. `held` is what `balanceOf` would say in a good mood.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.allowance, ledger.mint, ledger.approve)

BEFORE: constant(uint256) = 1      # the look at the balance before the payment
PAYMENT: constant(uint256) = 2
AFTER: constant(uint256) = 3       # the look at the balance after it

spoiled: uint256
answer: Bytes[32]
has_paid: bool


@external
def spoil(call: uint256, answer: Bytes[32]):
    """
    @param call Which call of the next payment, 0 for none.
    @param answer What it answers; empty lets it fail.
    """
    self.spoiled = call
    self.answer = answer
    self.has_paid = False


@external
@view
def held(account: address) -> uint256:
    return ledger.balanceOf[account]


@external
@view
@raw_return
def balanceOf(account: address) -> Bytes[32]:
    return self._said(AFTER if self.has_paid else BEFORE, ledger.balanceOf[account])


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[32]:
    self.has_paid = True
    ledger._move(msg.sender, to, amount)
    return self._said(PAYMENT, 1)


@external
@raw_return
def transferFrom(owner: address, to: address, amount: uint256) -> Bytes[32]:
    self.has_paid = True
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return self._said(PAYMENT, 1)


@internal
@view
def _said(call: uint256, honest: uint256) -> Bytes[32]:
    if self.spoiled != call:
        return abi_encode(honest)
    assert len(self.answer) != 0, "token: in no mood"
    return self.answer
