# pragma version 0.4.3
"""
@title Wallet miner: a contract that keeps books when ether arrives
@license GPL-3.0-or-later
@notice For tests only.
"""

from contracts.mocks import puppet

exports: puppet.perform

received: public(uint256)


@external
@payable
def __default__():
    # More than the 2,300 gas that a plain `send` leaves.
    self.received += msg.value
