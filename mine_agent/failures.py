"""How a running mine records and reports an error: without a value of the owner's data.

`mine-agent data add` shows the owner the very cell that is at fault; a log or a database is read by others
and kept for long, so there only the place is named.
"""

from __future__ import annotations

from mine_agent.errors import MineError
from openmined_syft.errors import OpenMinedError
from pysonar.files.text import one_line
from pysonar.party.faults import fault
from pysonar.protocol.schema import BadValueError

LONGEST = 500


class UnexpectedError(MineError):
    """A fault in the program: what was raised and where. Its own text may hold anything and is not shown."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(fault(error))


def describe(error: OpenMinedError) -> str:
    """The error's text for logs and records, on one line and of limited length."""
    if isinstance(error, BadValueError):
        text = f"{error.source}: row {error.row}, column {error.column!r} is not {error.expected}"
    else:
        text = str(error)
    return one_line(text, LONGEST)
