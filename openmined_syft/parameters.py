"""Checks of parameters that come from a spec: type, finiteness, range, and no unknown names."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from openmined_syft.errors import ParameterError


def number(name: str, value: Any, smallest: float, largest: float) -> float:
    """`value` as a float in [smallest, largest].

    Raises:
        ParameterError: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParameterError(f"{name} is {value!r}; needs a finite number")
    if not smallest <= value <= largest:
        raise ParameterError(f"{name} is {value}; needs a number from {smallest} to {largest}")
    return float(value)


def whole(name: str, value: Any, smallest: int, largest: int) -> int:
    """`value` as an integer in [smallest, largest].

    Raises:
        ParameterError: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
        raise ParameterError(f"{name} is {value!r}; needs an integer from {smallest} to {largest}")
    return value


def of_training(l2: Any, damping: Any, learning_rate: Any = None) -> None:
    """The parameters that training rules share: penalty, damping, and a step size where it is not 1/L.

    Raises:
        ParameterError: one is out of range.
    """
    number("l2", l2, 0.0, 1e6)
    number("damping", damping, 1e-6, 1.0)
    if learning_rate is not None:
        number("learning_rate", learning_rate, 1e-12, 1e6)


def known_only(what: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse names outside `known`.

    Raises:
        ParameterError: names the first.
    """
    allowed = sorted(known)
    for name in given:
        if name not in allowed:
            raise ParameterError(f"{what} has no parameter {name!r}; it has {allowed}")
