"""How deeply JSON is nested, found before it is parsed.

The standard library's parser recurses in C, as deeply as Python's recursion limit lets it. Other libraries
raise that limit for the whole process; then a hundred thousand brackets of a stranger end it instead of
raising an error.
"""

import json
import re
from typing import Any

MOST_DEPTH = 32

_SHAPE = b'[]{}"\\'
_NO_SHAPE = bytes(set(range(256)) - set(_SHAPE))
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def nested_deeper(data: bytes, most: int) -> bool:
    """Whether brackets stand more than `most` deep inside each other. Brackets in texts do not count.

    >>> nested_deeper(b'[["[[["]]', 2), nested_deeper(b"[[[", 2)
    (False, True)
    """
    # An answer of a node has tens of megabytes, nearly all of it in texts that hold neither brackets nor
    # escapes: such a text is two quotes side by side when everything else is gone.
    if b"\\" not in data:
        data = data.translate(None, _NO_SHAPE).replace(b'""', b"")
    if len(data) <= most:
        return False
    depth = 0
    for bracket in _TEXT.sub(b"", data).translate(None, _NO_SHAPE + b'"\\'):
        depth += 1 if bracket in b"[{" else -1
        if depth > most:
            return True
    return False


def shallow_json(data: bytes, most: int = MOST_DEPTH) -> Any:
    """The value of a stranger's JSON. ValueError: it is not JSON, or nested more than `most` deep.

    >>> shallow_json(b'{"a": [1]}', 2)
    {'a': [1]}
    """
    if nested_deeper(data, most):
        raise ValueError(f"brackets are nested more than {most} deep")
    return json.loads(data)
