"""Files that only their owner may read, written so that a crash leaves the old content or the new, never
half.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make_private_directory(path: Path) -> None:
    """The directory and its missing parents, mode 0700 for those created here."""
    missing = []
    current = path
    while not current.exists():
        missing.append(current)
        current = current.parent
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)


def create_secret_file(path: Path, data: bytes) -> None:
    """A new file of mode 0600, complete or not there at all; FileExistsError if the path is taken."""
    temporary = _write_beside(path, data)
    try:
        os.link(temporary, path)  # unlike rename, refuses to replace
    finally:
        temporary.unlink()
    _sync_directory(path.parent)


def replace_secret_file(path: Path, data: bytes) -> None:
    """The file with new content, mode 0600; readers see the old bytes or the new, whatever happens."""
    temporary = _write_beside(path, data)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _write_beside(path: Path, data: bytes) -> Path:
    """The data in a temporary file of the same directory, on disk."""
    make_private_directory(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
