"""Where a passphrase may come from: a file, the environment, or the terminal. It is never a setting or an
argument.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from openmined_syft.errors import OpenMinedError

PASSPHRASE_VARIABLE = "OPENMINED_PASSPHRASE"  # noqa: S105 - the name of a variable
MAX_PASSPHRASE_BYTES = 4096


class PassphraseError(OpenMinedError):
    """No passphrase, or none that can be used."""


def read_passphrase(file: Path | None = None, *, what: str = "the keys of this home directory") -> str:
    """The passphrase that opens existing keys: from `file`, else the variable OPENMINED_PASSPHRASE, else
    asked for on the terminal. PassphraseError names the three ways if none gives one.
    """
    given = _given_passphrase(file)
    return given if given is not None else _ask(f"Passphrase for {what}: ", what)


def choose_passphrase(file: Path | None = None, *, what: str = "the keys of this home directory") -> str:
    """As `read_passphrase`, for keys about to be made: a terminal is asked twice."""
    given = _given_passphrase(file)
    if given is not None:
        return given
    first = _ask(f"New passphrase for {what}: ", what)
    if _ask("The same again: ", what) != first:
        raise PassphraseError("the two passphrases differ; start again")
    return first


def _given_passphrase(file: Path | None) -> str | None:
    if file is not None:
        try:
            with file.open("rb") as opened:
                raw = opened.read(MAX_PASSPHRASE_BYTES + 1)
            text = raw.decode("utf-8").rstrip("\r\n")
        except OSError as error:
            raise PassphraseError(f"the passphrase file {file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise PassphraseError(f"the passphrase file {file} is not UTF-8 text") from None
        if not text or len(raw) > MAX_PASSPHRASE_BYTES:
            raise PassphraseError(f"the passphrase file {file} must hold 1 to {MAX_PASSPHRASE_BYTES} bytes")
        return text
    from_environment = os.environ.get(PASSPHRASE_VARIABLE)
    if from_environment == "":
        raise PassphraseError(
            f"the variable {PASSPHRASE_VARIABLE} is empty; set it to the passphrase or unset it"
        )
    return from_environment


def _ask(prompt: str, what: str) -> str:
    import getpass

    if not sys.stdin.isatty():
        raise PassphraseError(
            f"no passphrase for {what}: set {PASSPHRASE_VARIABLE}, name a --passphrase-file, "
            "or run on a terminal"
        )
    answer = getpass.getpass(prompt, stream=sys.stderr)
    if not answer:
        raise PassphraseError("an empty passphrase protects nothing; choose one of at least one character")
    return answer
