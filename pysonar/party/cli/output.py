"""Standard output and standard error that never end a program by themselves.

A terminal or a log of another encoding gets what it can show: characters that it lacks are replaced. If bytes
cannot be written at all (a full disk, a closed pipe), it depends on what the command does: one whose only
result is its output fails, and says so; one that sends, makes or runs something goes on, for what was done is
done (`keep_going`).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, TextIO

from rich.console import Console

PIPE = 80  # columns of a pipe, unless COLUMNS says otherwise; no word and no id is broken there
_SUBSTITUTES = str.maketrans({"…": "...", "—": "-", "→": "->"})
_unwritten: ContextVar[list[str] | None] = ContextVar("unwritten", default=None)


class OutputLostError(Exception):
    """The result cannot be written. `closed`: whoever read it has gone, as `head` does, and wants no more."""

    def __init__(self, why: str, *, closed: bool) -> None:
        self.why, self.closed = why, closed
        super().__init__(why)


@contextlib.contextmanager
def keep_going(going: bool = True) -> Iterator[list[str]]:
    """Within the block output that cannot be written is left out; what stood in its way is in the list.
    `going=False`: it is raised, as outside.
    """
    lost: list[str] = []
    token = _unwritten.set(lost if going else None)
    try:
        yield lost
    finally:
        _unwritten.reset(token)


class Stream:
    """A text stream as `rich` wants it, over one that may be of any encoding, full, closed or not there."""

    def __init__(self, below: TextIO | None, *, may_be_lost: bool = False) -> None:
        self._below = below
        self._may_be_lost = may_be_lost

    @property
    def encoding(self) -> str:
        """Of the stream below."""
        return getattr(self._below, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether a terminal is below."""
        with contextlib.suppress(ValueError):  # closed
            return self._below is not None and self._below.isatty()
        return False

    def fileno(self) -> int:
        """The descriptor of the stream below."""
        if self._below is None:
            raise OSError("there is no stream")
        return self._below.fileno()

    def write(self, text: str) -> int:
        """Write what the stream can show of the text."""
        if self._below is not None:
            try:
                self._below.write(showable(text, self.encoding))
            except (OSError, ValueError) as error:
                self._lost(error)
        return len(text)

    def flush(self) -> None:
        """Hand it on now, so that trouble is known now."""
        if self._below is not None:
            try:
                self._below.flush()
            except (OSError, ValueError) as error:
                self._lost(error)

    def _lost(self, error: OSError | ValueError) -> None:
        why = getattr(error, "strerror", None) or "it is closed"
        lost = _unwritten.get()
        if self._may_be_lost:
            return
        if lost is None:
            raise OutputLostError(why, closed=isinstance(error, BrokenPipeError)) from None
        if why not in lost:
            lost.append(why)


def showable(text: str, encoding: str) -> str:
    """The text with everything replaced that the encoding lacks."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_SUBSTITUTES).encode(encoding, "replace").decode(encoding)
    except LookupError:
        return showable(text, "ascii")
    return text


def output() -> Console:
    """Standard output, looked up anew each time so that tests may redirect it."""
    return _console(Stream(sys.stdout))


def messages() -> Console:
    """Standard error. What cannot be written there has nowhere to be complained of, and is left out."""
    return _console(Stream(sys.stderr, may_be_lost=True))


def out() -> Stream:
    """Standard output without any layout."""
    return Stream(sys.stdout)


def give_up_on(stream: Any) -> None:
    """Let go of what is still to be written there, so that the end of the process does not fail by it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _console(stream: Stream) -> Console:
    as_file: Any = stream
    return Console(file=as_file, width=None if stream.isatty() else pipe_width(), highlight=False)


def pipe_width() -> int:
    """Columns for what no terminal shows."""
    wanted = os.environ.get("COLUMNS", "")
    return int(wanted) if wanted.isdecimal() and 0 < len(wanted) < 10 and int(wanted) else PIPE
