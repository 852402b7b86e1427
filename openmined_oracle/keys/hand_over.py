"""Handing a Capsule over to another machine or operator, with every campaign that is open.

A campaign names an account, so whoever goes on with it needs the account: the home is what is handed over.
Two machines with one account would take each other's nonces; the home that was handed over therefore refuses
to run from before its last backup is written.
"""

from __future__ import annotations

from pathlib import Path

from openmined_oracle.errors import HandedOverError
from openmined_oracle.home import Home
from openmined_oracle.keys.backup import write_backup
from openmined_oracle.keys.backup_manifest import Manifest
from pysonar.files.secret_file import replace_secret_file
from pysonar.party.home.home_lock import home_lock

MARK = "handed-over"


def hand_over(home: Home, path: Path) -> Manifest:
    """Write the last backup of the home to a new file; nobody runs it here afterwards.

    The mark comes first: a power cut in between leaves a Capsule that is off, never one that runs twice. Said
    again, with a new file, it writes another backup of the same state.

    Raises:
        AlreadyRunningError: the agent runs; stop it first.
        BackupError: no backup was written, and it may run here as before.
    """
    with home_lock(home.lock):
        mark, was_there = _mark(home), _mark(home).exists()
        replace_secret_file(mark, f"{path.name}\n".encode())
        try:
            return write_backup(home, path)
        except BaseException:
            if not was_there:
                mark.unlink()
            raise


def require_not_handed_over(home: Home) -> None:
    """Raises HandedOverError if another machine works with this account."""
    mark = _mark(home)
    if mark.exists():
        raise HandedOverError(
            home.path, mark.read_text(encoding="utf-8", errors="replace").strip()[:100], mark
        )


def _mark(home: Home) -> Path:
    return home.path / MARK
