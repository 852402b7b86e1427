"""GnuPG for tests: an independent judge of messages, and one that can be told another time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def gpg(tmp_path) -> Iterator[Callable[..., bytes]]:
    """GnuPG with a home of its own: gpg(*arguments, data=stdin) -> stdout."""
    binary = shutil.which("gpg")
    if binary is None:
        pytest.skip("OpenPGP against GnuPG: no 'gpg' on PATH")
    # A short path: GnuPG's agent puts a socket in it.
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    home.chmod(0o700)

    def run(*arguments: str, data: bytes = b"") -> bytes:
        command = [
            binary,
            "--homedir",
            str(home),
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            *arguments,
        ]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    yield run
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], capture_output=True, check=False)
    shutil.rmtree(home, ignore_errors=True)


def at(seconds: float) -> list[str]:
    """The options that make GnuPG believe in that time, in seconds since 1970."""
    return ["--faked-system-time", time.strftime("%Y%m%dT%H%M%S!", time.gmtime(seconds))]
