# pragma version 0.4.3
"""
@title Refusing miner: takes no ether
@license GPL-3.0-or-later
@notice For tests only.
"""

from contracts.mocks import puppet

exports: puppet.perform

