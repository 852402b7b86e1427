"""Amounts of money as people write them, to and from wei; not a currency converter.

Floats never appear: an amount is an exact decimal or it is refused.
"""

from __future__ import annotations

import re
from fractions import Fraction

from mine_agent.errors import AmountError

WEI_PER = {"wei": 1, "gwei": 10**9, "ether": 10**18, "eth": 10**18}
_LARGEST = 2**256 - 1
_DECIMAL = re.compile(r"[0-9]{1,78}(\.[0-9]{1,78})?")


def parse_amount(text: str | int) -> int:
    """Wei of `text`: an integer (wei), or a decimal and a unit, such as ``"0.01 ether"`` or ``"30 gwei"``.

    Raises AmountError for anything negative, finer than a wei, not a decimal, or without a known unit.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise AmountError(f"{text!r} is not an amount; write for example '0.01 ether'")
    number, _, unit = str(text).strip().partition(" ")
    scale = WEI_PER.get(unit.strip().lower() or "wei")
    if scale is None:
        raise AmountError(f"{text!r} has an unknown unit; known are {', '.join(WEI_PER)}")
    if not _DECIMAL.fullmatch(number):
        raise AmountError(f"{text!r} is not an amount; write for example '0.01 ether'")
    wei = Fraction(number) * scale
    if wei.denominator != 1 or wei > _LARGEST:
        raise AmountError(f"{text!r} is not a whole number of wei from 0 to 2^256 - 1")
    return int(wei)


def show_amount(wei: int) -> str:
    """`wei` for people: ether with all its digits and no trailing zeros ("0.01 ETH"), "-" in front if
    negative.
    """
    whole, rest = divmod(abs(wei), 10**18)
    digits = f"{rest:018d}".rstrip("0")
    return f"{'-' if wei < 0 else ''}{whole}{'.' + digits if digits else ''} ETH"
