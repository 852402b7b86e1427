"""A new home or the one that is there, with its account opened: what the three `init` commands share.

The settings are written last, so that what a crash or an error leaves is never taken for a home; `init` run
again keeps the keys that are there, after opening them with the passphrase given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from pysonar.chain.sending.signer import KeyfileSigner, create_keyfile
from pysonar.files.secret_file import require_private
from pysonar.party.cli.console import note, warn
from pysonar.party.cli.options import NewHome
from pysonar.party.home.home import AgentHome
from pysonar.party.home.passphrase import choose_passphrase, read_passphrase, weakness
from pysonar.party.home.settings import Settings

HomeT = TypeVar("HomeT", bound=AgentHome)


@dataclass(frozen=True)
class Unlocked(Generic[HomeT]):
    """A home, the account that its keyfile really holds, and the passphrase that opened it."""

    home: HomeT
    signer: KeyfileSigner
    passphrase: str


def make_or_keep(
    kind: type[HomeT],
    path: Path,
    new: NewHome,
    create: Callable[[Settings, str], HomeT],
) -> Unlocked[HomeT]:
    """The home at `path`, kept as it is if there is one.

    Args:
        new: what the command line says of a new home. With a keyfile: one that exists already.
        create: makes all of the new home but the account, settings last.

    Raises:
        NotPrivateError: others can read or write the directory, a keyfile or the passphrase file.
        PassphraseError, KeyfileError, SettingsError, HomeError: what cannot be used.
    """
    if path.is_dir() and not any(path.iterdir()):
        path.chmod(0o700)
    require_private(path)
    if kind.exists(path):
        note(f"{path} already exists and is kept as it is")
        home = kind.open(path)
        passphrase = read_passphrase(new.passphrase_file, what=str(path))
        return Unlocked(home, KeyfileSigner.open(home.keyfile, passphrase), passphrase)
    chosen = new.settings()
    if new.keyfile is not None:
        passphrase = read_passphrase(new.passphrase_file, what=f"the keyfile {chosen.keyfile}")
    else:
        passphrase = choose_passphrase(new.passphrase_file, what="the new keys")
    signer = make_account(chosen.keyfile_path(path), passphrase, make=new.keyfile is None)
    home = create(replace(chosen, account=signer.address), passphrase)
    weak = weakness(passphrase)
    if weak is not None:
        warn(weak)
    return Unlocked(home, signer, passphrase)


def make_account(keyfile: Path, passphrase: str, *, make: bool = True) -> KeyfileSigner:
    """The account of a keyfile, made if it is missing and `make` says so. One that an interrupted `init` has
    left is kept, after checking that the passphrase opens it.

    Raises:
        KeyfileMissingError, WrongPassphraseError, MalformedKeyfileError: what is there cannot be opened.
    """
    if make and not keyfile.exists():
        create_keyfile(keyfile, passphrase)
    return KeyfileSigner.open(keyfile, passphrase)
