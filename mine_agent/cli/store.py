"""`mine-agent store`: see `pysonar.party.cli.store_commands`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pysonar.party.cli.store_commands import read_records, store_commands

if TYPE_CHECKING:
    from mine_agent.home import Home
    from pysonar.party.home.home import AgentHome
    from pysonar.store.check import Kept


def _open(home: Path | None) -> Home:
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home

    return Home.open(home_path(home))


def _kept(home: AgentHome) -> Iterator[Kept]:
    """The sealed gradients that have no verdict yet."""
    from mine_agent.journal import Journal
    from pysonar.chain.sending.deeds import mine_pins
    from pysonar.store.check import Kept

    records = read_records(home)
    for made in Journal(records).submissions() if records is not None else ():
        if made.sealed is not None and made.closed_at is None:
            yield Kept(made.sealed, mine_pins(home.address, made.campaign))


store = store_commands("mine", _open, _kept)
