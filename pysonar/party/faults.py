"""A fault of our own program, as it is shown: by its type and place, as its own text may hold anything."""

from __future__ import annotations

from pathlib import Path


def fault(error: BaseException) -> str:
    """The sentence for people, without the error's words."""
    return f"a fault in the program: {type(error).__name__} at {_place(error)}; please report it"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
