"""A Data Scientist's home directory: what is where.

    settings.toml      chain, contract, store (see `pysonar.party.home.settings`)
    keyfile.json       the account, unless an existing keyfile is named
    openpgp.json       the OpenPGP secret that opens results, sealed by the passphrase
    scientist.sqlite   follower, outbox, the campaigns opened from here
    lock               held while the chain is being read

Directories are 0700 and files 0600. Without `openpgp.json` and its passphrase no result can be opened.
"""

from __future__ import annotations

import json
from pathlib import Path

from pysonar.files.secret_file import make_private_directory
from pysonar.party.home.home import AgentHome
from pysonar.party.home.settings import Settings, save_settings
from pysonar.protocol.openpgp import SecretKey
from pysonar.scientist.errors import HomeError

SECRET_FILE = "openpgp.json"  # noqa: S105 - the name of a file


class Home(AgentHome):
    """An existing home directory, opened with `Home.open` or made with `Home.create`."""

    database_name = "scientist.sqlite"

    @classmethod
    def create(cls, path: Path, settings: Settings, passphrase: str, *, name: str) -> Home:
        """Make the OpenPGP key, then write the settings. The account's keyfile is the caller's affair.

        The secret is on disk before the settings, so an interrupted `create` can be repeated.

        Raises: HomeError: there is a complete home already.
        """
        if cls.exists(path):
            raise HomeError(f"{path} is a home already; choose another --home, or use it as it is")
        make_private_directory(path)
        home = cls(path, settings)
        if home.secret_file.exists():  # an interrupted `init` has left it
            home.secret_key(passphrase)
        else:
            SecretKey.generate(name).seal_to_file(home.secret_file, passphrase)
        save_settings(path, settings)
        return home

    def secret_key(self, passphrase: str) -> SecretKey:
        """The OpenPGP key. Raises SealError: missing, damaged, or another passphrase."""
        return SecretKey.open_from_file(self.secret_file, passphrase)

    @property
    def fingerprint(self) -> str:
        """The OpenPGP certificate's, as the sealed file says it; only opening the file proves it."""
        try:
            return str(json.loads(self.secret_file.read_bytes())["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError):
            raise HomeError(f"{self.secret_file} is not an OpenPGP key sealed by 'sonar init'") from None

    @property
    def secret_file(self) -> Path:
        """The sealed OpenPGP key."""
        return self.path / SECRET_FILE

    @property
    def launch_lock(self) -> Path:
        """The file whose lock is held while a campaign is being opened."""
        return self.path / "launch.lock"
