"""What can be wrong with an agent's database: its owner, its release, the disk under it. See
`pysonar.chain.database`.
"""

from __future__ import annotations

from pysonar.chain.errors import ChainError


class WrongDatabaseError(ChainError):
    """The database belongs to another chain or contract."""

    def __init__(self, path: str, what: str, found: str, expected: str) -> None:
        self.what, self.found, self.expected = what, found, expected
        super().__init__(
            f"the database {path} belongs to {what} {found}, expected {expected}; "
            "use another home directory for another chain or contract"
        )


class DatabaseUnusableError(ChainError):
    """The file is not a database of this project, or cannot be opened."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"the database {path} cannot be used: {why}")


class DatabaseWaitError(DatabaseUnusableError):
    """Base of the troubles that pass by themselves or by a person's help: an agent waits and goes on."""


class DatabaseBusyError(DatabaseWaitError):
    """Another program holds the database's lock for longer than we wait."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "it is busy: another program has locked it; nothing is lost, try again")


class DatabaseFullError(DatabaseWaitError):
    """There is no room left for it."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "the disk is full; nothing is lost, make room and go on")


class DatabaseReadOnlyError(DatabaseWaitError):
    """It, or the disk that it is on, cannot be written."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "it is read-only; make the file, its directory and its disk writable")


class DatabaseFailingError(DatabaseWaitError):
    """The disk under it does not read, write or lock."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            "its disk fails to read, write or lock; check the disk (network disks often cannot lock), "
            "or keep the home directory on a local one",
        )


class DatabaseDamagedError(DatabaseUnusableError):
    """The bytes are not those of an SQLite database."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            "it is damaged, or not a database; put back a copy of it. Events are read again from the chain,"
            " but what was sent and not yet confirmed is known only here",
        )


class NewerDatabaseError(ChainError):
    """A newer release has changed the tables."""

    def __init__(self, room: str, found: int, known: int) -> None:
        self.room, self.found, self.known = room, found, known
        super().__init__(
            f"the database's {room} tables are at step {found}, this release knows {known}; "
            "use the newer release"
        )
