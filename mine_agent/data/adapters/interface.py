"""What an adapter is: a class that knows which locations are its own, and opens them as a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

from mine_agent.errors import DataError
from pysonar.tables import Source

GROUP = "openmined.adapters"
"""The entry-point group; an entry's name is the kind, its value the class."""


@runtime_checkable
class Adapter(Protocol):
    """One kind of source. It only reads; what it opens it closes itself.

    Attributes:
        kind: the name by which it is registered.
        options: the options it knows, each with a line of help. No option holds a secret.
        live: whether the source may change while it is registered (a database): then its digest is taken
            anew before each use. A file that changed is refused until its owner adds it again.
    """

    kind: ClassVar[str]
    options: ClassVar[Mapping[str, str]]
    live: ClassVar[bool]

    def takes(self, location: str) -> bool:
        """Whether a location looks like this kind: by its ending, its beginning, or what is there."""
        ...

    def source(self, location: str, options: Mapping[str, str]) -> Source:
        """The source there. DataError, SchemaError: it cannot be opened, and what would help."""
        ...


def check_options(adapter: Adapter, options: Mapping[str, str]) -> None:
    """Raises DataError for an option the adapter does not know."""
    for name in options:
        if name not in adapter.options:
            known = ", ".join(sorted(adapter.options)) or "none"
            raise DataError(f"{adapter.kind} data have no option {name!r}; known: {known}")
