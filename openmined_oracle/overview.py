"""What `capsule campaigns` and `capsule status` show: the chain's view of every campaign that names this
Capsule.
"""

from __future__ import annotations

from dataclasses import dataclass

from openmined_oracle.connection import Connection
from pysonar.chain.contract.events import CampaignCancelled, CampaignCreated, CampaignDeclined
from pysonar.chain.contract.types import EMPTY, CampaignRecord, State
from pysonar.chain.errors import NoSuchCampaignError


@dataclass(frozen=True)
class Entry:
    """One campaign. `state`: requested, open, finished (not settled yet), settled, declined or cancelled."""

    record: CampaignRecord
    state: str
    problem: str | None


def overview(connection: Connection) -> list[Entry]:
    """The campaigns that name this home's account, oldest first."""
    account, now = connection.home.address, connection.sonar.now()
    noted = {row.id: row for row in connection.journal.campaigns()}
    entries = []
    for stored in connection.follower.history(CampaignCreated):
        event = stored.event
        if event.capsule != account:
            continue
        try:
            record = connection.sonar.campaign(event.id)
        except NoSuchCampaignError:  # its block has just left the chain
            continue
        row = noted.get(event.id)
        entries.append(Entry(record, _state(connection, record, now), row.problem if row else None))
    return entries


def _state(connection: Connection, record: CampaignRecord, now: int) -> str:
    if record.state is State.REQUESTED:
        return "requested"
    if record.state is State.OPEN:
        return "finished" if record.finished(now) else "open"
    if record.public_key != EMPTY:
        return "settled"
    if connection.follower.history(CampaignDeclined, campaign=record.id):
        return "declined"
    return "cancelled" if connection.follower.history(CampaignCancelled, campaign=record.id) else "settled"
