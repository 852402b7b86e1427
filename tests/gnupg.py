"""GnuPG for tests: an independent judge of messages, and one that can be told another time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pysequoia
import pytest

from pysonar.protocol.openpgp import Certificate, SecretKey


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


def key_of(gpg: Callable[..., bytes], moment: float) -> SecretKey:
    """A key that signs and opens, made at that time, in seconds since 1970."""
    then = at(moment)
    gpg(*then, "--passphrase", "", "--quick-gen-key", "later@example.org", "ed25519", "sign", "never")
    lines = gpg("--with-colons", "--list-keys").decode().splitlines()
    fingerprint = next(line.split(":")[9] for line in lines if line[:3] == "fpr")
    gpg(*then, "--passphrase", "", "--quick-add-key", fingerprint, "cv25519", "encr", "never")
    tsk = pysequoia.Tsk.from_bytes(gpg("--passphrase", "", "--export-secret-keys", fingerprint))
    return SecretKey(tsk, Certificate.from_bytes(gpg(*then, "--export", fingerprint)))
