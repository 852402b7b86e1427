"""What of an encryption can be computed before there is anything to encrypt."""

from typing import Protocol


class Ahead(Protocol):
    """Work on a key that depends on neither model nor data, done in slices while there is nothing else to do.

    Whoever keeps one hands it back to the scheme that it came from. It stays in one process's memory: what is
    in it is used once.
    """

    @property
    def wanted(self) -> bool:
        """Whether there is anything left to do."""
        ...

    def work(self) -> None:
        """One slice, some hundredths of a second."""
        ...
