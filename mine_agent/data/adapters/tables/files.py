"""What adapters of single files share: the file's digest, and its opening with an error that names it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pysonar.tables.text_files import open_binary

_PIECE = 1 << 20


def digest_of_file(path: Path) -> bytes:
    """SHA-256 of the bytes. FileFormatError if the file cannot be read."""
    digest = hashlib.sha256()
    with open_binary(path) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()


def starts_with(location: str, magic: bytes) -> bool:
    """Whether there is a file that begins with these bytes."""
    path = Path(location)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False
