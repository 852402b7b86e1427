"""What can go wrong at a mine: each error names the thing, the value found, and what would have been right.

Not here: the errors of the rooms underneath (chain, store, artifacts, encrypted learning), which pass through
unchanged. No message ever contains more of a record than the one cell that is at fault, and such messages are
shown to the mine's owner only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from openmined_syft.errors import OpenMinedError


class MineError(OpenMinedError):
    """Base of every error raised by the mine itself."""


class HomeError(MineError):
    """The mine's directory is missing, is already set up, or is open to other users."""


class DataError(MineError):
    """A data set that cannot be registered or used."""


class ScaleError(MineError):
    """The mine's own cluster is away, too slow, or answers what cannot be. Nothing was released."""


class DataChangedError(DataError):
    """Registered data are gone, are not what was registered, or changed while they were read."""


class TooLittleDataError(DataError):
    """A visit would show single records: the owner's limits ask for more of them."""

    def __init__(self, data: str, what: str, there: int, least: int) -> None:
        key = "least_records" if what == "records" else "least_classes"
        super().__init__(
            f"data set {data!r} has {there} usable {what} for this campaign; {key} in policy.toml asks for"
            f" {least}: from so few, Capsule could read single records"
        )


class TooLittleReleasedError(DataError):
    """Hardly a record fits a campaign: a release has too few even with luck of its noise."""

    def __init__(self, data: str, most: int, least: int) -> None:
        super().__init__(
            f"data set {data!r} has, by its noised release, hardly more than {most} usable records for this"
            f" campaign; least_records in policy.toml asks for {least}: a fee would most likely be lost"
        )


class MemoryLimitError(MineError):
    """A campaign needs more memory than the owner gives to all of them."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(
            f"{what} takes {_megabytes(size)}; memory_mb in policy.toml gives {_megabytes(limit)} to all"
            " campaigns together"
        )


def _megabytes(size: int) -> str:
    return f"{-(-size // (1 << 20))} MB"


class UnknownDataError(DataError):
    """No data set of that name is registered."""


class UnknownCampaignError(MineError):
    """A campaign's id, or its beginning, names none or several."""

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"{given!r} does not name a campaign: {expected}")


class ClosedSubmissionError(MineError):
    """A submission that is decided, taken back or given up was to be sent again."""


class ClaimUnfinishedError(MineError):
    """Claiming ended before everything was seen confirmed."""

    exit_code: ClassVar[int] = 3

    def __init__(self, claims: Sequence[object], sent: Sequence[str], why: object) -> None:
        self.claims, self.sent = list(claims), list(sent)
        super().__init__(
            f"{why}. {len(claims)} of {len(sent)} transactions for claims are confirmed; the others are "
            "signed and stored, and may be on their way. Run the same command again: it claims what is left, "
            "and nothing twice"
        )


class StillFetchingError(MineError):
    """An artifact is being looked for; this is not a failure yet."""

    exit_code: ClassVar[int] = 3

    def __init__(self, cid: str) -> None:
        super().__init__(f"{cid} is still being fetched; it is asked for again in a later round")
