"""Files that only their owner may read, written so that a crash leaves the old content or the new, never
half; and the refusal of those that others can read or write.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

from openmined_syft.errors import OpenMinedError

SECRET_MODE = 0o600
_OTHERS = 0o077
# What a disk without hard links (FAT, exFAT, shared folders of virtual machines), or without the flushing of
# directories, answers.
_NOT_SUPPORTED = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK)


class NotPrivateError(OpenMinedError):
    """A file or directory of secrets that other users of this machine can read, change or swap."""

    def __init__(self, path: str, why: str, mend: str) -> None:
        self.path, self.why, self.mend = path, why, mend
        super().__init__(f"{path}: {why}; {mend}")


def make_private_directory(path: Path) -> None:
    """The directory and its missing parents, mode 0700 for those created here."""
    missing = []
    current = path
    while not current.exists():
        missing.append(current)
        current = current.parent
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)


def require_private(path: Path) -> None:
    """Refuse what exists and is somebody else's, or open to other users.

    A link is followed: what counts is what is read in the end. What is neither file nor directory (a pipe
    from a password manager) has no mode that means anything, and passes if it is not another user's.

    Raises:
        NotPrivateError: saying what is open and how to close it.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise NotPrivateError(str(path), f"it cannot be looked at ({error.strerror})", "check it") from None
    require_private_stat(path, found)


def require_private_stat(path: Path, found: os.stat_result) -> None:
    """`require_private` of a file that is already open."""
    if found.st_uid not in (os.geteuid(), 0):
        raise NotPrivateError(
            str(path), f"it belongs to another user (number {found.st_uid})", "use files of your own"
        )
    directory = stat.S_ISDIR(found.st_mode)
    if not directory and not stat.S_ISREG(found.st_mode):
        return
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        wanted = "700" if directory else "600"
        raise NotPrivateError(
            str(path),
            f"mode is {mode:04o}; only its owner may read and write it (0{wanted})",
            f"run: chmod {wanted} {path}",
        )


def create_secret_file(path: Path, data: bytes) -> None:
    """A new file of mode 0600, complete or not there at all; FileExistsError if the path is taken.

    On a disk without hard links a crash of the machine may leave it incomplete, but never replaces one.
    """
    temporary = write_beside(path, data)
    try:
        os.link(temporary, path)  # unlike rename, refuses to replace
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        _create_without_links(path, data)
    finally:
        temporary.unlink()
    _sync_directory(path.parent)


def replace_secret_file(path: Path, data: bytes) -> None:
    """The file with new content, mode 0600; readers see the old bytes or the new, whatever happens."""
    replace_file(path, data, mode=SECRET_MODE)


def replace_file(path: Path, data: bytes, *, mode: int) -> None:
    """The file with new content and that mode, whole or not at all."""
    temporary = write_beside(path, data)
    try:
        if mode != SECRET_MODE:
            temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def write_beside(path: Path, data: bytes) -> Path:
    """The data in a temporary file of the same directory, mode 0600, on disk."""
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


def _create_without_links(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)
