"""Where a passphrase may come from: a file, an open file descriptor, the system's keyring, the environment,
or the terminal. It is never a setting or an argument.

A source is a path, "fd:N" (read to its end, and closed), or "keyring:SERVICE" (the entry of the user
"passphrase", or "keyring:SERVICE/USER"; needs the extra `keyring`).

A new one is kept in the form that all keyboards and systems share (`pysonar.files.text.normal`); those of
earlier releases are opened in the form in which they were given (`spellings`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from openmined_syft.errors import OpenMinedError
from pysonar.files.secret_file import NotPrivateError, require_private_stat
from pysonar.files.text import UnreadableFileError, decode, normal
from pysonar.party.process import in_terminal

PASSPHRASE_VARIABLE = "OPENMINED_PASSPHRASE"  # noqa: S105 - the name of a variable
SOURCE_VARIABLE = "OPENMINED_PASSPHRASE_FROM"
KEYRING_USER = "passphrase"
MAX_PASSPHRASE_BYTES = 4096
_STRENGTH_IS_SAID_BELOW = 4  # of the scores 0 to 4; 4 is beyond ten billion guesses


class PassphraseError(OpenMinedError):
    """No passphrase, or none that can be used."""


def read_passphrase(file: Path | None = None, *, what: str = "the keys of this home directory") -> str:
    """The passphrase that opens existing keys: from the source `file`, else the one that the variable
    OPENMINED_PASSPHRASE_FROM names, else the variable OPENMINED_PASSPHRASE, else asked for on the terminal.

    Raises:
        PassphraseError: none of these ways gives one; a locked or missing keyring says so.
        NotPrivateError: others can read or write the file.
    """
    given = _given_passphrase(file)
    return given if given is not None else _ask(f"Passphrase for {what}: ", what)


def choose_passphrase(file: Path | None = None, *, what: str = "the keys of this home directory") -> str:
    """As `read_passphrase`, for keys about to be made: a terminal is asked twice."""
    given = _given_passphrase(file)
    if given is None:
        given = _ask(f"New passphrase for {what}: ", what)
        if normal(_ask("The same again: ", what)) != normal(given):
            raise PassphraseError("the two passphrases differ; start again")
    return normal(given)


def weakness(passphrase: str) -> str | None:
    """What is to be said of a new passphrase that can be guessed; None for a strong one. Nothing of the
    passphrase itself is in it.
    """
    from zxcvbn import zxcvbn

    found = zxcvbn(
        passphrase[:72]
    )  # the estimate of longer ones takes minutes, and they are strong or a pattern
    if found["score"] >= _STRENGTH_IS_SAID_BELOW:
        return None
    hours = float(found["crack_times_seconds"]["offline_slow_hashing_1e4_per_second"]) / 3600
    time = f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.0f} hours" if hours >= 2 else "minutes"
    return (
        f"this passphrase can be guessed in {time} by whoever has a copy of the home directory and tries"
        " 10,000 a second; several random words are stronger"
    )


def _given_passphrase(file: Path | None) -> str | None:
    source = str(file) if file is not None else os.environ.get(SOURCE_VARIABLE)
    if source:
        return _from_source(source)
    from_environment = os.environ.get(PASSPHRASE_VARIABLE)
    if from_environment is None:
        return None
    if not from_environment:
        raise PassphraseError(
            f"the variable {PASSPHRASE_VARIABLE} is empty; set it to the passphrase or unset it"
        )
    return _whole_text(from_environment, f"the variable {PASSPHRASE_VARIABLE}")


def _from_source(source: str) -> str:
    kind, _, name = source.partition(":")
    if kind == "fd" and name.isdigit():
        return _from_descriptor(int(name))
    if kind == "keyring" and name:
        return _from_keyring(name)
    return _from_file(Path(source).expanduser())


def _from_descriptor(number: int) -> str:
    try:
        with os.fdopen(number, "rb") as opened:
            raw = opened.read(MAX_PASSPHRASE_BYTES + 1)
    except OSError as error:
        raise PassphraseError(
            f"no passphrase can be read from the file descriptor {number}: {error.strerror}; "
            f"open one in the shell, as in: {number}< FILE"
        ) from None
    return _text_of(raw, f"the file descriptor {number}")


def _from_keyring(name: str) -> str:
    """The entry of the system's keyring: Secret Service, KWallet, macOS Keychain."""
    service, _, user = name.partition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise PassphraseError(
            "the passphrase should come from the keyring, for which a package is missing: pip install keyring"
        ) from None
    try:
        found = keyring.get_password(service, user or KEYRING_USER)
    except (KeyringError, OSError, RuntimeError) as error:
        kind = type(error).__name__
        raise PassphraseError(
            f"the keyring gives nothing ({kind}): it is locked, or there is none for this user; unlock it, or"
            f" set {PASSPHRASE_VARIABLE} or name a --passphrase-file"
        ) from None
    if found is None:
        raise PassphraseError(
            f"the keyring has no entry for {service!r}; make one:"
            f" keyring set {service} {user or KEYRING_USER}"
        )
    return _text_of(found.encode(), f"the keyring's entry {service!r}")


def _text_of(raw: bytes, where: str) -> str:
    try:
        text = decode(raw, source=where).rstrip("\r\n")
    except UnreadableFileError as error:
        raise PassphraseError(f"{where} is not text: {error.why}") from None
    if not text or len(raw) > MAX_PASSPHRASE_BYTES:
        raise PassphraseError(f"{where} must hold 1 to {MAX_PASSPHRASE_BYTES} bytes")
    return text


def _from_file(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            require_private_stat(file, os.fstat(opened.fileno()))
            raw = opened.read(MAX_PASSPHRASE_BYTES + 1)
    except OSError as error:
        raise PassphraseError(f"the passphrase file {file} cannot be read: {error.strerror}") from None
    except NotPrivateError as error:
        raise NotPrivateError(f"the passphrase file {error.path}", error.why, error.mend) from None
    return _text_of(raw, f"the passphrase file {file}")


def _whole_text(text: str, where: str) -> str:
    """Bytes that are not text in this locale come as halves of characters; no file can be sealed by them."""
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        raise PassphraseError(
            f"{where} holds bytes that are not UTF-8 text; set it in a UTF-8 locale, or use --passphrase-file"
        )
    return text


def _ask(prompt: str, what: str) -> str:
    import getpass

    if not in_terminal():
        raise PassphraseError(
            f"no passphrase for {what}: set {PASSPHRASE_VARIABLE}, name a --passphrase-file, "
            "or run on a terminal"
        )
    answer = getpass.getpass(prompt, stream=sys.stderr)
    if not answer:
        raise PassphraseError("an empty passphrase protects nothing; choose one of at least one character")
    return _whole_text(answer, "what was typed")
