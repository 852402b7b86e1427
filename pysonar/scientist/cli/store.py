"""`sonar store`: see `pysonar.party.cli.store_commands`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pysonar.party.cli.store_commands import read_records, store_commands

if TYPE_CHECKING:
    from pysonar.party.home.home import AgentHome
    from pysonar.scientist.home import Home
    from pysonar.store.check import Kept


def _open(home: Path | None) -> Home:
    from pysonar.scientist.cli.connect import home_path
    from pysonar.scientist.home import Home

    return Home.open(home_path(home))


def _kept(home: AgentHome) -> Iterator[Kept]:
    """The specs of the campaigns opened from this home."""
    from pysonar.chain.sending.deeds import scientist_pins
    from pysonar.scientist.journal import Journal
    from pysonar.store.check import Kept

    records = read_records(home)
    for row in Journal(records).all() if records is not None else ():
        yield Kept(row.spec, scientist_pins(row.id))


store = store_commands("scientist", _open, _kept)
