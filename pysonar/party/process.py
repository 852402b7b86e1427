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
    """Whether somebody can be asked. Standard input is None where it was closed."""
    return sys.stdin is not None and sys.stdin.isatty()
