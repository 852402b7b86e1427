"""`capsule store`: see `pysonar.party.cli.store_commands`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pysonar.party.cli.store_commands import store_commands

if TYPE_CHECKING:
    from openmined_oracle.home import Home
    from pysonar.party.home.home import AgentHome
    from pysonar.store.check import Kept


def _open(home: Path | None) -> Home:
    from openmined_oracle.cli.connect import home_path
    from openmined_oracle.home import Home

    return Home.open(home_path(home))


def _kept(_home: AgentHome) -> Iterable[Kept]:
    """Nothing: the running agent has the models in memory and puts them back itself."""
    return ()


store = store_commands("capsule", _open, _kept)
