"""How commands find the home directory, connect, and open keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pysonar.scientist.connection import Connection, Scientist

CampaignArgument = Annotated[
    str,
    typer.Argument(metavar="CAMPAIGN", help="Name, id, or the first digits of the id.", show_default=False),
]


def home_path(given: Path | None) -> Path:
    """The directory of `--home`, or the user's default one."""
    from pysonar.party.home.settings import default_home

    return (given or default_home("scientist")).expanduser().absolute()


def connect_and_read(given: Path | None) -> Connection:
    """Connect, without any key, and read the newest events."""
    from pysonar.scientist.connection import Connection
    from pysonar.scientist.home import Home
    from pysonar.scientist.upkeep import put_back_specs

    connection = Connection.open(Home.open(home_path(given)))
    connection.read_events()
    put_back_specs(connection)
    return connection


def open_scientist(given: Path | None, passphrase_file: Path | None) -> Scientist:
    """Connect and open account and OpenPGP key; read the newest events."""
    from pysonar.party.home.passphrase import read_passphrase
    from pysonar.scientist.connection import Scientist
    from pysonar.scientist.home import Home
    from pysonar.scientist.upkeep import put_back_specs

    home = Home.open(home_path(given))
    scientist = Scientist.open(home, read_passphrase(passphrase_file, what=str(home.path)))
    scientist.connection.read_events()
    put_back_specs(scientist.connection)
    return scientist
