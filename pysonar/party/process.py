"""What a process that opens keys does first: whatever becomes of it, its memory is not written to a disk."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4


def leave_no_core_dump() -> None:
    """No core file however the process ends, and on Linux no reading of its memory by other processes of the
    same user. Programs that it starts have no core files either.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a libc without prctl
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def in_terminal() -> bool:
    """Whether somebody can type a passphrase: the terminal itself is asked, wherever the output goes.
    Standard input is None where it was closed.
    """
    return sys.stdin is not None and sys.stdin.isatty()


def can_be_asked() -> bool:
    """Whether somebody sees a question, which goes to standard error, and can answer it.

    A program that was started in a terminal passes that on as the input of those that it starts, but reads
    their output itself: a question there is one that nobody sees, and that waits for ever.
    """
    return in_terminal() and sys.stderr is not None and sys.stderr.isatty()
