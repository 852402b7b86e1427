"""Walks a folder for its files, in one order everywhere, never through links: no loop can be walked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from pysonar.protocol.schema.errors import FileFormatError

MOST_FILES = 5_000_000


def files_in(
    folder: Path, endings: tuple[str, ...] | None = None, depth: int | None = None
) -> Iterator[Path]:
    """Regular files below `folder` with one of the endings (in any case), by name; at most `depth` names
    below it, or however deep.

    Raises:
        FileFormatError: no such folder, or more than `MOST_FILES` files.
    """
    if not folder.is_dir():
        raise FileFormatError(f"{folder}: not a folder; give the path of a folder with files")
    count = 0
    for place, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        if depth is not None and len(Path(place).relative_to(folder).parts) >= depth - 1:
            folders.clear()
        for name in sorted(names):
            path = Path(place) / name
            if (endings is not None and not name.lower().endswith(endings)) or path.is_symlink():
                continue
            if not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                raise FileFormatError(f"{folder}: more than {MOST_FILES} files")
            yield path


def begins_with(location: str, endings: tuple[str, ...]) -> bool:
    """Whether it is a folder whose first file has one of the endings."""
    folder = Path(location)
    if not folder.is_dir():
        return False
    first = next(files_in(folder), None)
    return first is not None and first.name.lower().endswith(endings)


def require_files(folder: Path, endings: tuple[str, ...], what: str) -> None:
    """Raises FileFormatError: no such folder, or no file with one of the endings in it."""
    require_folder(folder, what)
    if next(files_in(folder, endings), None) is None:
        raise FileFormatError(f"{folder}: there are no {what} in this folder ({', '.join(endings)})")


def require_folder(folder: Path, what: str) -> None:
    """Raises FileFormatError: no such folder."""
    if not folder.is_dir():
        lost = folder.is_symlink() and not folder.exists()
        there = "a link that leads to itself or to nothing" if lost else "not a folder"
        raise FileFormatError(f"{folder}: {there}; give the path of a folder with {what}")


def digest_of_folder(folder: Path, files: Iterator[Path]) -> bytes:
    """SHA-256 of names and bytes of the files."""
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            raise FileFormatError(f"{path}: cannot be read") from None
        digest.update(os.fsencode(path.relative_to(folder).as_posix()) + b"\0" + content)
    return digest.digest()
