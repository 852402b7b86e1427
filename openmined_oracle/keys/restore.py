"""A Capsule's home on a new machine, from a backup: everything checked before anything is there."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import IO

from openmined_oracle.errors import BackupError
from openmined_oracle.home import Home
from openmined_oracle.keys.backup_manifest import KEYFILE, MANIFEST, NAMES, Manifest, manifest_of
from openmined_syft.errors import OpenMinedError
from pysonar.chain.address import checksum
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.files.flat_toml import SettingsError
from pysonar.files.secret_file import create_secret_file, make_private_directory
from pysonar.party.home.settings import save_settings

_PIECE = 1 << 20


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself; nothing of it is checked yet. BackupError."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            return manifest_of(tar, path)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{path}: cannot be read as a backup ({_why(error)})") from None


def restore_backup(path: Path, home: Path, passphrase: str, *, keys: Path | None = None) -> Home:
    """Make a home from a backup, whole or not at all.

    Args:
        home: a directory that is not there yet, or is empty.
        keys: the directory of copies (`keys_copy`), for campaigns that were opened after the backup.

    Raises:
        BackupError: not a backup, damaged, of several Capsules, or `home` is taken.
        WrongKeyPassphraseError: the passphrase does not open what is in it.
    """
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupError(f"{home}: {_taken_by(home)}; restore into a new directory")
    try:
        make_private_directory(home.parent)
        with tempfile.TemporaryDirectory(prefix=".restoring.", dir=home.parent) as temporary:
            folder = Path(temporary) / "home"
            make_private_directory(folder)
            manifest = _unpack(path, folder)
            if keys is not None:
                _add_copies(keys, folder / "keys")
            _check(path, folder, manifest, passphrase)
            if home.exists():
                home.rmdir()
            folder.rename(home)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{path}: cannot be restored ({_why(error)}); nothing was") from None
    return Home.open(home)


def _unpack(path: Path, folder: Path) -> Manifest:
    with tarfile.open(path, mode="r:") as tar:
        manifest, left = manifest_of(tar, path), {}
        left.update(manifest.files)
        for member in tar:
            if member.name == MANIFEST:
                continue
            size, digest = left.pop(member.name, (-1, ""))
            if not member.isreg() or member.size != size:
                raise BackupError(f"{path}: {member.name!r} is not what its list says; nothing was restored")
            source = tar.extractfile(member)
            if source is None or _unpack_file(source, folder / member.name) != digest:
                raise BackupError(f"{path}: {member.name!r} is damaged; nothing was restored")
        if left:
            raise BackupError(f"{path}: {min(left)!r} is missing: it was cut off; nothing was restored")
    return manifest


def _unpack_file(source: IO[bytes], target: Path) -> str:
    make_private_directory(target.parent)
    digest = hashlib.sha256()
    with target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        while piece := source.read(_PIECE):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _check(path: Path, folder: Path, manifest: Manifest, passphrase: str) -> None:
    """Whether all in it belongs together and opens. The keyfile is in the home from now on."""
    try:
        restored = Home.open(folder)
    except SettingsError as error:
        raise BackupError(f"{path}: {error}") from None
    if restored.settings.keyfile != KEYFILE:
        save_settings(folder, replace(restored.settings, keyfile=KEYFILE))
        restored = Home.open(folder)
    restored.secret_keys(passphrase)
    signer = KeyfileSigner.open(restored.keyfile, passphrase)
    settings = restored.settings
    said = {
        "account": (checksum(manifest.account), signer.address),
        "account of its settings": (checksum(settings.account or signer.address), signer.address),
        "chain id": (manifest.chain_id, settings.chain_id),
        "contract": (checksum(manifest.contract), checksum(settings.contract)),
        **_database_says(restored),
    }
    for what, (found, expected) in said.items():
        if found != expected:
            raise BackupError(
                f"{path}: holds parts of two Capsules: its {what} is {found}, by its keys and settings it"
                f" should be {expected}; nothing was restored"
            )


def _database_says(home: Home) -> dict[str, tuple[object, object]]:
    """What the snapshot is bound to, beside what the settings say."""
    if not home.database.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{home.database}?mode=ro&immutable=1", uri=True)) as database:
            found = dict(database.execute("select name, value from meta"))
    except sqlite3.Error:
        raise BackupError("the database in the backup is damaged; nothing was restored") from None
    settings = home.settings
    return {
        "database's chain id": (found.get("chain id"), str(settings.chain_id)),
        "database's contract": (found.get("contract"), checksum(settings.contract)),
    }


def _add_copies(keys: Path, target: Path) -> None:
    make_private_directory(target)
    for copy in sorted(keys.glob("*.pgp")):
        if NAMES.fullmatch(f"keys/{copy.name}") and not (target / copy.name).exists():
            create_secret_file(target / copy.name, copy.read_bytes())


def _taken_by(home: Path) -> str:
    try:
        return f"is the home of the Capsule {Home.open(home).address}"
    except OpenMinedError:
        return "already exists"


def _why(error: OSError | tarfile.TarError) -> str:
    return getattr(error, "strerror", None) or "it is cut off, or another kind of file"
