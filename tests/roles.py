"""Types of the fixtures that every folder shares."""

from __future__ import annotations

from collections.abc import Callable

from pysonar.chain.contract.events import LoggedEvent
from pysonar.party.happenings import Happening

Transact = Callable[..., tuple[LoggedEvent, ...]]
"""`transact(anvil, signer, call) -> events`: sign, send and mine one call, without the outbox."""

Tell = Callable[[Happening], None]
"""What an agent is given to report with."""
