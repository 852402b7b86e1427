# pragma version 0.4.3
"""
@title Gas burning miner: burns whatever gas it is given on receipt
@license GPL-3.0-or-later
@notice For tests only.
"""

from contracts.mocks import puppet

exports: puppet.perform


@external
@payable
def __default__():
    raise UNREACHABLE
