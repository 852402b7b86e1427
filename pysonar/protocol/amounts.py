"""Amounts as people write them: ether, parts of a whole, spans of time. Exact integers inside, never a float.

Text without a unit is refused (except 0): "10" may be ether or wei, "0.9" a ratio or a percentage.

    >>> parse_wei("1.5 gwei"), parse_ppm("2.5 %"), parse_seconds("1h30m")
    (1500000000, 25000, 5400)
    >>> format_wei(25 * 10**15), format_ppm(900_000), format_seconds(93_784)
    ('0.025 ETH', '90 %', '1d 2h')
    >>> parse_wei("10")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    pysonar.protocol.amounts.AmountError: '10' is not an amount; expected an amount with its unit, ...
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

from openmined_syft.errors import OpenMinedError

WEI_PER = {"wei": 1, "gwei": 10**9, "eth": 10**18, "ether": 10**18}
PPM_PER = {"%": 10_000, "ppm": 1}
SECONDS_PER = {"d": 86_400, "h": 3_600, "m": 60, "min": 60, "s": 1}

_NUMBER = r"([0-9]{1,60}(?:\.[0-9]{1,30})?)"
_WHOLE = 1_000_000


class AmountError(OpenMinedError):
    """Text that is not an amount of the kind asked for."""

    def __init__(self, text: str, expected: str) -> None:
        self.text, self.expected = text, expected
        super().__init__(f"{text!r} is not an amount; expected {expected}")


def parse_wei(text: str) -> int:
    """Wei of "10 ETH", "1.5 gwei", "25 wei"; "0" alone is 0. AmountError for anything else or a part of a
    wei.
    """
    return _scaled(text, WEI_PER, "an amount with its unit, such as '10 ETH', '1 gwei' or '25 wei'", "wei")


def parse_tokens(text: str, *, symbol: str, decimals: int) -> int:
    """The smallest units of "10 USDC", "1.5 tokens" or "25 units"; "0" alone is 0. A symbol that is a unit of
    ether is not taken for the token's.
    """
    units = {"token": 10**decimals, "tokens": 10**decimals, "unit": 1, "units": 1}
    example = "'10 tokens'"
    if symbol.lower() not in WEI_PER:
        units.setdefault(symbol.lower(), 10**decimals)
        example = f"'10 {symbol}', '10 tokens'"
    return _scaled(
        text, units, f"an amount of the token with its unit, such as {example} or '25 units'", "unit"
    )


def format_tokens(amount: int, *, symbol: str, decimals: int) -> str:
    """Exact: "10 USDC", "0.000001 USDC"."""
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{_decimal(size, 10**decimals)} {symbol}"


def parse_ppm(text: str) -> int:
    """Parts per million of "90 %", "90%", "2.5 %" or "900000 ppm"; "0" alone is 0. At most 100 %."""
    ppm = _scaled(text, PPM_PER, "a share from 0 to 100 % such as '90 %' or '900000 ppm'", "ppm")
    if ppm > _WHOLE:
        raise AmountError(text, "at most '100 %' (1000000 ppm)")
    return ppm


def parse_seconds(text: str) -> int:
    """Whole seconds of "30d", "2h", "1h30m", "90 s"."""
    compact = text.replace(" ", "").lower()
    parts = re.findall(r"([0-9]{1,12})(d|h|min|m|s)", compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise AmountError(text, "a span of time such as '30d', '2h', '1h30m' or '90s'")
    return sum(int(number) * SECONDS_PER[unit] for number, unit in parts)


def format_wei(wei: int) -> str:
    """Exact and short: "10 ETH", "0.025 ETH", "1.5 gwei", "25 wei"."""
    sign, size = ("-", -wei) if wei < 0 else ("", wei)
    for unit, scale, least in (("ETH", 10**18, 10**13), ("gwei", 10**9, 10**7)):
        if size >= least:
            text = _decimal(size, scale)
            if len(text) <= 20:
                return f"{sign}{text} {unit}"
    return f"{sign}{size} wei"


def format_ppm(ppm: int) -> str:
    """Exact and short: "90 %", "2.5 %", "0.0001 %"."""
    sign, size = ("-", -ppm) if ppm < 0 else ("", ppm)
    return f"{sign}{_decimal(size, PPM_PER['%'])} %"


def format_seconds(seconds: float) -> str:
    """The two largest units: "3d 4h", "1h 30m", "45s"; "0s" for nothing or less."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, SECONDS_PER[unit])
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def _scaled(text: str, units: dict[str, int], expected: str, smallest: str) -> int:
    stripped = text.strip()
    if stripped == "0":
        return 0
    match = re.fullmatch(_NUMBER + r"\s*([a-z%]+)", stripped, re.IGNORECASE)
    scale = units.get(match[2].lower()) if match else None
    if match is None or scale is None:
        raise AmountError(text, expected)
    with localcontext() as context:
        context.prec = 120
        exact = Decimal(match[1]) * scale
        if exact != int(exact):
            raise AmountError(text, f"{expected}; no parts of a {smallest}")
        return int(exact)


def _decimal(size: int, scale: int) -> str:
    whole, rest = divmod(size, scale)
    if not rest:
        return str(whole)
    digits = len(str(scale)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
