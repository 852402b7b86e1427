"""Ids, times and amounts in the few characters that a person needs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pysonar.protocol.amounts import format_wei

if TYPE_CHECKING:
    from pysonar.chain.node.handle import Node

ID_DIGITS = 8  # commands take six or more


def short(text: str, keep: int = 6) -> str:
    """A long hex or CID text by its two ends."""
    return text if len(text) <= 2 * keep + 3 else f"{text[: keep + 2]}…{text[-keep:]}"


def short_id(campaign: bytes | str) -> str:
    """The beginning of a campaign's id, as commands take it in place of the whole.

    >>> short_id(bytes(31) + b"x")
    '0x00000000'
    """
    digits = campaign.hex() if isinstance(campaign, bytes) else campaign.removeprefix("0x")
    return f"0x{digits[:ID_DIGITS]}"


def format_time(timestamp: float) -> str:
    """Seconds since 1970 as a time that says its zone.

    >>> format_time(1_764_158_400)
    '2025-11-26 12:00:00 UTC'
    """
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def about(wei: int) -> str:
    """An amount for tables: exact if that is short, else six decimals. JSON always has every wei."""
    exact = format_wei(wei)
    if len(exact) <= len("0.001234 ETH"):
        return exact
    unit, scale = ("ETH", 10**18) if abs(wei) >= 10**13 else ("gwei", 10**9)
    return f"{Decimal(wei) / scale:.6f} {unit}"


def counted(number: int, what: str) -> str:
    """So many of what is told in the singular, whose plural takes an s.

    >>> counted(1, "paid visit"), counted(2, "paid visit")
    ('1 paid visit', '2 paid visits')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def at_least(wei: int) -> str:
    """An amount to send: no less than `wei`, and short enough to type.

    >>> at_least(71_891_233_817_742)
    '0.000072 ETH'
    """
    step = 10 ** max(len(str(wei)) - 2, 0)
    return format_wei(-(-wei // step) * step)


@functools.lru_cache
def in_asset(web3: Node, address: str) -> Callable[[str | int], str]:
    """How a table shows amounts of the asset at that address: ether as `about`, tokens exactly and under
    their own symbol. They are given in the smallest units.
    """
    from pysonar.chain.contract.tokens import asset_for_people

    asset = asset_for_people(web3, address)
    return lambda amount: about(int(amount)) if asset.is_ether else asset.show(int(amount))
