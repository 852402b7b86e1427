"""How every command finds its home directory and, where it sends something, opens the account."""

from __future__ import annotations

from pathlib import Path

from mine_agent.connection import Connection
from mine_agent.errors import HomeError
from mine_agent.home import Home
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.party.home.passphrase import read_passphrase
from pysonar.party.home.settings import default_home

LOCK_PATIENCE = 2.0
"""Seconds that what must have a home to itself waits for it: other commands, and the pages, read events."""


def home_path(given: Path | None) -> Path:
    """The directory of `--home`, or the user's default one."""
    return (given or default_home("mine")).expanduser().absolute()


def open_account(home: Home, passphrase_file: Path | None) -> KeyfileSigner:
    """The home's account. Raises PassphraseError, KeyfileError, HomeError."""
    signer = KeyfileSigner.open(home.keyfile, read_passphrase(passphrase_file, what=str(home.keyfile)))
    if signer.address != home.address:
        raise HomeError(
            f"{home.keyfile} says it is for {home.address}, but holds the key of {signer.address}; restore it"
        )
    return signer


def connect_and_read(path: Path) -> Connection:
    """Connect, and read the newest events, unless a running agent does that already."""
    connection = Connection.open(Home.open(path))
    connection.read_events()
    return connection
