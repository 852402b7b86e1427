"""What can go wrong in the statistics service."""

from __future__ import annotations

from typing import ClassVar

from openmined_syft.errors import OpenMinedError
from pysonar.chain.database_errors import DatabaseUnusableError, DatabaseWaitError


class WebError(OpenMinedError):
    """Base of the service's own errors."""

    status: ClassVar[int] = 500


class BadQueryError(WebError):
    """A parameter of a request that means nothing."""

    status: ClassVar[int] = 400

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name} is {value[:80]!r}; expected {expected}")


class UnknownError(WebError):
    """Nothing of that name is in the index."""

    status: ClassVar[int] = 404

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"there is no {what} {name[:80]!r} in what has been read so far")


class TooManyRequestsError(WebError):
    """One address asked too often."""

    status: ClassVar[int] = 429

    def __init__(self, most: int, seconds: float) -> None:
        super().__init__(f"more than {most} requests a minute; try again in {seconds:.0f} s")
        self.seconds = seconds


class BusyError(WebError):
    """As many do the same as this service bears."""

    status: ClassVar[int] = 503

    def __init__(self, what: str) -> None:
        super().__init__(f"there are as many {what} as this service bears; try again soon")


class StoreAwayError(WebError):
    """The store cannot give or take an artifact now."""

    status: ClassVar[int] = 503


class ForbiddenError(WebError):
    """A request that this service does not take from there."""

    status: ClassVar[int] = 403


class NoSessionError(WebError):
    """Whoever asks for the account has not shown the link, or the service was started anew since."""

    status: ClassVar[int] = 401

    def __init__(self) -> None:
        super().__init__("this browser is not let in; open the link that `sonar-web run --account` printed")


class UsedLinkError(WebError):
    """The link's token was used before, or is not one of this service."""

    status: ClassVar[int] = 403

    def __init__(self) -> None:
        super().__init__(
            "this link is not valid any more: it was used, or belongs to an earlier start; open the last"
            " one that `sonar-web run --account` printed"
        )


class NotOursError(WebError):
    """Something that the account of this machine does not do for the pages. Nothing was sent."""

    status: ClassVar[int] = 403

    def __init__(self, why: str) -> None:
        super().__init__(f"this account sends only a scientist's own calls to Sonar: {why}")


class AlreadyDoneError(WebError):
    """A transaction whose effect the chain shows already."""

    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__("it is done already: the chain shows it. Nothing was sent")


class RefusedCallError(WebError):
    """A call that the contract would revert."""

    status: ClassVar[int] = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"refused: {reason[:200]}")


class NotLocalError(WebError):
    """An account for pages that others can reach."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"--account is for this machine's own pages, and the service answers to {where!r}; leave out"
            " --host and --answer-to, or --account"
        )


class TooLargeError(WebError):
    """A body or an artifact that is larger than this service carries."""

    status: ClassVar[int] = 413

    def __init__(self, most: int) -> None:
        super().__init__(
            f"it is larger than {most >> 20} MiB, the most that this service carries; use IPFS itself"
        )


class DatabaseAwayError(DatabaseUnusableError):
    """The PostgreSQL server cannot be reached, or went away in the middle. Nothing was half written."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown, "the server does not answer; nothing is lost, it is tried again")


class AnotherWriterError(DatabaseWaitError):
    """Another process keeps this index up to date."""

    def __init__(self, shown: str) -> None:
        super().__init__(
            shown,
            "another sonar-web writes to it; stop that one first, or give this one a database of its own",
        )


class DatabaseSettingError(WebError):
    """A database address that names neither kind."""

    def __init__(self, value: str) -> None:
        super().__init__(f"--database is {value[:80]!r}; expected a path, or postgresql://USER@HOST/NAME")
