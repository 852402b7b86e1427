# pragma version 0.4.3
"""
@title Puppet: makes any call in the name of a mock contract
@license GPL-3.0-or-later
@notice For tests only.
"""


@external
@payable
def perform(target: address, data: Bytes[2048]):
    raw_call(target, data, value=msg.value)
