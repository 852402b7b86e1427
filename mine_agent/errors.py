"""What can go wrong at a mine: each error names the thing, the value found, and what would have been right.

Not here: the errors of the rooms underneath (chain, store, artifacts, encrypted learning), which pass through
unchanged. No message ever contains more of a record than the one cell that is at fault, and such messages are
shown to the mine's owner only.
"""

from __future__ import annotations

from openmined_syft.errors import OpenMinedError


class MineError(OpenMinedError):
    """Base of every error raised by the mine itself."""


class HomeError(MineError):
    """The mine's directory is missing, is already set up, or is open to other users."""


class DataError(MineError):
    """A data set that cannot be registered or used."""


class DataChangedError(DataError):
    """Registered data are gone, are not what was registered, or changed while they were read."""


class UnknownDataError(DataError):
    """No data set of that name is registered."""


class ClosedSubmissionError(MineError):
    """A submission that is decided, taken back or given up was to be sent again."""
