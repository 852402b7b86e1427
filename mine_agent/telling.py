"""What a running mine says about what it does: fields for programs and a sentence for people. No data, no
keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Tell = Callable[[Mapping[str, Any], str], None]
"""Called with the fields of what happened (amounts as text, CIDs and ids as 0x...) and a sentence."""


def short_id(campaign: bytes) -> str:
    """Enough of a campaign's id to recognise it."""
    return f"0x{campaign.hex()[:8]}"


def happening(event: str, campaign: bytes, **fields: Any) -> dict[str, Any]:
    """The fields of one happening with a campaign."""
    return {"event": event, "campaign": "0x" + campaign.hex(), **fields}
