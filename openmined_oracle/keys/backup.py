"""Backups of a Capsule's home: one file with all that a new machine needs beside the chain and IPFS.

Everything secret in it is sealed already, by the passphrase or to a certificate whose secret is; so it is
made without the passphrase, while the agent runs, and worth nothing without it. It is a tar file whose first
member lists the others with their digests:

    manifest.json           format, account, chain, contract, when; bytes and sha256 of each file
    settings.toml  capsule.toml  keyfile.json
    certificates/<F>.json   keys/<campaign>.pgp   announced.pgp
    capsule.sqlite          a snapshot of follower, outbox and journal

The order of reading makes it whole while the agent writes: settings name certificates, and the journal names
keys, that are on disk before; so settings and journal are read first.
"""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from openmined_oracle.errors import BackupError
from openmined_oracle.home import CAPSULE_FILE, Home
from openmined_oracle.keys.backup_manifest import KEYFILE, MANIFEST, Manifest
from pysonar.files.secret_file import make_private_directory
from pysonar.party.home.settings import FILE_NAME


def write_backup(home: Home, path: Path) -> Manifest:
    """Write a backup of the home to a new file, whole or not at all, mode 0600.

    Raises:
        BackupError: the file is there already, or something cannot be read or written.
    """
    if path.exists():
        raise BackupError(f"{path}: already exists; a backup is never overwritten, name a new file")
    try:
        make_private_directory(path.parent)
        with tempfile.TemporaryDirectory(prefix=".backup.", dir=path.parent) as folder:
            return _write(home, path, Path(folder))
    except OSError as error:
        raise BackupError(f"{error.filename or path}: {error.strerror}; there is no backup") from None


def _write(home: Home, path: Path, folder: Path) -> Manifest:
    read = {
        FILE_NAME: (home.path / FILE_NAME).read_bytes(),
        CAPSULE_FILE: (home.path / CAPSULE_FILE).read_bytes(),
    }
    sources: dict[str, Path] = {}
    if home.database.exists():
        sources[home.database_name] = _snapshot(home.database, folder / home.database_name)
    sources[KEYFILE] = home.keyfile
    for name in ("announced.pgp", "certificates/*.json", "keys/*.pgp"):
        sources |= {str(found.relative_to(home.path)): found for found in sorted(home.path.glob(name))}
    read |= {name: found.read_bytes() for name, found in sources.items() if name != home.database_name}
    files = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in read.items()}
    database = sources.get(home.database_name)
    if database is not None:
        files[home.database_name] = (database.stat().st_size, _digest(database))
    settings = home.settings
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    manifest = Manifest(home.address, settings.chain_id, settings.contract, made, files)
    partial = folder / "backup"
    with partial.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        with tarfile.open(fileobj=file, mode="w") as tar:
            _add(tar, MANIFEST, io.BytesIO(data := manifest.to_bytes()), len(data))
            for name, data in read.items():
                _add(tar, name, io.BytesIO(data), len(data))
            if database is not None:
                with database.open("rb") as snapshot:
                    _add(tar, home.database_name, snapshot, files[home.database_name][0])
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)  # refuses to replace
    except FileExistsError:
        raise BackupError(f"{path}: already exists; a backup is never overwritten") from None
    return manifest


def _snapshot(database: Path, target: Path) -> Path:
    """A consistent copy of a database that may be written to at this moment."""
    read_only = f"file:{database}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("pragma journal_mode=delete")
    return target


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    tar.addfile(info, source)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
