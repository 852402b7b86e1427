# pragma version 0.4.3
"""
@title Trap token: once set, it refuses receivers, takes all the gas it gets, or notes how much it gets
@license GPL-3.0-or-later
@notice For tests only. As a trap it behaves in a simulation, which offers nothing for gas.
"""

from contracts.mocks import ledger

initializes: ledger
exports: (ledger.balanceOf, ledger.allowance, ledger.mint, ledger.approve)

REFUSES: constant(uint256) = 1
HUNGRY: constant(uint256) = 2
TRAP: constant(uint256) = 3
NOTES: constant(uint256) = 4
ROUNDS: constant(uint256) = 10_000

mood: public(uint256)
gas_offered: public(uint256)


@external
def turn(mood: uint256):
    self.mood = mood


@external
def transfer(to: address, amount: uint256) -> bool:
    if self.mood == NOTES:
        self.gas_offered = msg.gas
    assert self.mood != REFUSES, "token: no"
    if self.mood == TRAP and tx.gasprice != 0:
        raise UNREACHABLE
    if self.mood == HUNGRY:
        burned: bytes32 = empty(bytes32)
        for i: uint256 in range(ROUNDS):
            burned = keccak256(burned)
    ledger._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return True
