"""How the listings find the home directory and read the chain, beside a running agent or without one."""

from __future__ import annotations

from pathlib import Path

from openmined_oracle.connection import Connection
from openmined_oracle.home import Home
from pysonar.chain.errors import AlreadyRunningError
from pysonar.party.home.home_lock import home_lock
from pysonar.party.home.settings import default_home


def home_path(given: Path | None) -> Path:
    """The directory of `--home`, or the user's default one."""
    return (given or default_home("capsule")).expanduser().absolute()


def connect_and_read(path: Path) -> Connection:
    """Connect, and read the newest events, unless a running agent does that already."""
    connection = Connection.open(Home.open(path))
    if not is_running(connection.home):
        connection.follower.poll()
    return connection


def is_running(home: Home) -> bool:
    """Whether a process works with this home."""
    try:
        with home_lock(home.lock):
            return False
    except AlreadyRunningError:
        return True
