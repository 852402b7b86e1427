"""How a running mine records and reports an error: without a value of the owner's data.

`mine-agent data add` shows the owner the very cell that is at fault; a log or a database is read by others
and kept for long, so there only the place is named.
"""

from __future__ import annotations

from pathlib import Path

from mine_agent.errors import MineError
from openmined_syft.errors import OpenMinedError
from pysonar.files.text import one_line
from pysonar.protocol.schema import BadValueError

LONGEST = 500


class UnexpectedError(MineError):
    """A fault in the program: what was raised and where. Its own text may hold anything and is not shown."""

    def __init__(self, error: BaseException) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (
            f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
            if trace
            else "an unknown place"
        )
        super().__init__(f"a fault in the program: {type(error).__name__} at {place}; please report it")


def describe(error: OpenMinedError) -> str:
    """The error's text for logs and records, on one line and of limited length."""
    if isinstance(error, BadValueError):
        text = f"{error.source}: row {error.row}, column {error.column!r} is not {error.expected}"
    else:
        text = str(error)
    return one_line(text, LONGEST)
