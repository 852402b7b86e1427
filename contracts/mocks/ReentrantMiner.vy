# pragma version 0.4.3
"""
@title Re-entrant miner: calls out when ether arrives
@license GPL-3.0-or-later
@notice For tests only.
"""

from contracts.mocks import puppet

exports: puppet.perform

target: address
data: Bytes[2048]
let_it_fail: bool


@external
def arm(target: address, data: Bytes[2048], let_it_fail: bool):
    """
    @param let_it_fail Swallow a failed call, and take the ether all the same.
    """
    self.target = target
    self.data = data
    self.let_it_fail = let_it_fail


@external
@payable
def __default__():
    target: address = self.target
    if target != empty(address):
        self.target = empty(address)
        done: bool = raw_call(target, self.data, revert_on_failure=False)
        assert done or self.let_it_fail, "miner: strike failed"
