"""Functions that note what they were called with, to be put in place of the real ones, which they call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def noting(function: Callable[P, R], calls: list[tuple[object, ...]]) -> Callable[P, R]:
    """The function; before each call its positional arguments are appended to `calls`."""

    @functools.wraps(function)
    def noted(*given: P.args, **named: P.kwargs) -> R:
        calls.append(given)
        return function(*given, **named)

    return noted
