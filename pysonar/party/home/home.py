"""What is where in every home directory. What only one agent keeps there is its own room's affair.

settings.toml    chain, contract, store, account (see `pysonar.party.home.settings`)
keyfile.json     the account, unless an existing keyfile is named
*.sqlite         events, transactions, and the agent's own journal
lock             held by the one process that follows the chain and sends
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pysonar.chain.sending.signer import keyfile_address
from pysonar.party.home.settings import FILE_NAME, Settings, load_settings


class AgentHome:
    """Base of the agents' homes; each names its database."""

    database_name: ClassVar[str]

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the settings; `SettingsError` names what is missing or wrong, NotPrivateError what is open to
        others.
        """
        return cls(path, load_settings(path))

    @classmethod
    def exists(cls, path: Path) -> bool:
        """Whether a complete home is there."""
        return (path / FILE_NAME).exists()

    @property
    def keyfile(self) -> Path:
        """The account's keyfile."""
        return self.settings.keyfile_path(self.path)

    @property
    def address(self) -> str:
        """The account, as `init` found it in the opened keyfile. Homes of earlier releases ask the keyfile,
        which is not opened: KeyfileMissingError, MalformedKeyfileError.
        """
        return self.settings.account or keyfile_address(self.keyfile)

    @property
    def database(self) -> Path:
        """The SQLite file of follower, outbox and journal."""
        return self.path / self.database_name

    @property
    def lock(self) -> Path:
        """The file whose lock the one process holds that follows the chain and sends."""
        return self.path / "lock"
