"""A campaign as people name it: its id, or the beginning of it. The one parser of what they type."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEAST_DIGITS = 6
_DIGITS = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},64}}")


def hex_digits(text: str) -> str | None:
    """The lower-case hex digits of an id or of its beginning, with or without 0x; None if it is neither.

    An id has 64 digits, its beginning LEAST_DIGITS at least.
    """
    digits = text.lower().removeprefix("0x")
    return digits if _DIGITS.fullmatch(digits) else None


def beginning_with(digits: str, known: Iterable[bytes]) -> list[bytes]:
    """Those of the known ids (32 bytes each) that begin with these digits."""
    return [campaign for campaign in known if campaign.hex().startswith(digits)]
