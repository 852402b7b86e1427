"""What the type checker cannot follow: fields that are only named when a test runs, and arguments that are
wrong on purpose.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

R = TypeVar("R")

Wrong = Any
"""An argument that the checker would refuse, where the refusal at run time is what is tested."""


def wrong(value: object) -> Wrong:
    """A value of a type that the parameter does not take."""
    return value


def with_fields(record: R, changes: Mapping[str, object]) -> R:
    """A copy of a dataclass with these fields changed. Raises TypeError if it has no field of a name."""
    copied: R = dataclasses.replace(wrong(record), **changes)
    return copied
