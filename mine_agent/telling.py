"""What a running mine says about what it does: fields for programs and a sentence for people. No data, no
keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pysonar.protocol.amounts import format_wei

Tell = Callable[[Mapping[str, Any], str], None]
"""Called with the fields of what happened (amounts as text, CIDs and ids as 0x...) and a sentence."""


def short_id(campaign: bytes) -> str:
    """Enough of a campaign's id to recognise it."""
    return f"0x{campaign.hex()[:8]}"


def about(wei: int) -> str:
    """An amount for tables: exact if that is short, else six decimals. JSON always has every wei."""
    exact = format_wei(wei)
    if len(exact) <= len("0.001234 ETH"):
        return exact
    unit, scale = ("ETH", 10**18) if abs(wei) >= 10**13 else ("gwei", 10**9)
    return f"{Decimal(wei) / scale:.6f} {unit}"


def happening(event: str, campaign: bytes, **fields: Any) -> dict[str, Any]:
    """The fields of one happening with a campaign."""
    return {"event": event, "campaign": "0x" + campaign.hex(), **fields}
