"""JSON that somebody else wrote, parsed without trusting how deeply it is nested.

The parser of the standard library recurses in C: where another library has raised Python's recursion limit, a
hundred thousand brackets end the process instead of raising an error.
"""

from __future__ import annotations

import json
import re

import numpy as np

DEEPEST = 200
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_strangers_json(content: bytes) -> object:
    """The value. NaN and infinities are gaps.

    Raises:
        ValueError: no JSON, or nested more than `DEEPEST` deep.
    """
    if content.count(b"[") + content.count(b"{") > DEEPEST and _depth(content) > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} deep")
    return json.loads(content, parse_constant=lambda _: None)


def _depth(content: bytes) -> int:
    marks = np.frombuffer(_TEXT.sub(b"", content), dtype=np.uint8)
    steps = np.isin(marks, list(b"[{")).astype(np.int8) - np.isin(marks, list(b"]}")).astype(np.int8)
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))
