"""Amounts of campaigns for people: in ether, or in the units and under the symbol of the campaign's token."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from pysonar.protocol.amounts import format_wei

if TYPE_CHECKING:
    from pysonar.chain.node.handle import Node

Money = Callable[[int | str], str]


def ether(amount: int | str) -> str:
    """An amount of wei."""
    return format_wei(int(amount))


def money_of(web3: Node, address: str) -> Money:
    """How amounts of that asset are shown. A token that cannot be asked is counted in its smallest unit."""
    from pysonar.chain.contract.tokens import asset_for_people

    asset = functools.cache(lambda: asset_for_people(web3, address))  # asked once, if something is shown
    return lambda amount: asset().show(int(amount))
