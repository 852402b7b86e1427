"""Types of the fixtures that every folder shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from openmined_syft.features.text import SparseRows
from openmined_syft.models import ModelFamily
from openmined_syft.models.family import LinearFamily
from pysonar.chain.contract.events import LoggedEvent
from pysonar.party.happenings import Happening

Transact = Callable[..., tuple[LoggedEvent, ...]]
"""`transact(anvil, signer, call) -> events`: sign, send and mine one call, without the outbox."""

T = TypeVar("T")

Tell = Callable[[Happening], None]
"""What an agent is given to report with."""


def there(value: T | None) -> T:
    """A value that the test has seen to: None is a failure, not an answer."""
    assert value is not None
    return value


def dense(rows: NDArray[np.float64] | SparseRows) -> NDArray[np.float64]:
    """Encoded rows of a schema without texts, which are an array."""
    assert isinstance(rows, np.ndarray)
    return rows


def as_a(kind: type[T], value: object) -> T:
    """The value as the class it is of, where only the test knows which; another one fails the test."""
    assert isinstance(value, kind)
    return value


def linear(family: ModelFamily) -> LinearFamily:
    """The family as one of those that learn by affine maps."""
    assert isinstance(family, LinearFamily)
    return family
