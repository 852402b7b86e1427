"""JSON that somebody else wrote, parsed without trusting how deeply it is nested."""

from __future__ import annotations

import json

from pysonar.files.nesting import nested_deeper

DEEPEST = 200


def parse_strangers_json(content: bytes) -> object:
    """The value. NaN and infinities are gaps.

    Raises:
        ValueError: no JSON, or nested more than `DEEPEST` deep.
    """
    if nested_deeper(content, DEEPEST):
        raise ValueError(f"nested more than {DEEPEST} deep")
    return json.loads(content, parse_constant=lambda _: None)
