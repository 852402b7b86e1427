"""What `capsule campaigns` and `capsule status` show: the chain's view of every campaign that names this
Capsule.
"""

from __future__ import annotations

from dataclasses import dataclass

from openmined_oracle.connection import Connection
from pysonar.chain.contract.events import CampaignCancelled, CampaignCreated, CampaignDeclined
from pysonar.chain.contract.types import EMPTY, CampaignRecord, State
from pysonar.files.text import shown


@dataclass(frozen=True)
class Entry:
    """One campaign. `state`: requested, open, finished (not settled yet), settled, declined or cancelled.
    `problem`: what went wrong last. `declined`: why it was declined, as the chain has it.
    """

    record: CampaignRecord
    state: str
    problem: str | None
    declined: str | None = None


def overview(connection: Connection) -> list[Entry]:
    """The campaigns that name this home's account, oldest first."""
    account, now = connection.home.address, connection.sonar.now()
    noted = {row.id: row for row in connection.journal.campaigns()}
    created = [stored.event for stored in connection.follower.history(CampaignCreated)]
    # One whose block has just left the chain is not among those found.
    found = connection.sonar.many([event.id for event in created if event.capsule == account])
    entries = []
    for campaign, record in found.items():
        row = noted.get(campaign)
        state = _state(connection, record, now)
        declined = _reason(connection, campaign) if state == "declined" else None
        entries.append(Entry(record, state, row.problem if row else None, declined))
    return entries


def _reason(connection: Connection, campaign: bytes) -> str | None:
    for logged in connection.follower.history(CampaignDeclined, campaign=campaign):
        if isinstance(logged.event, CampaignDeclined):
            return shown(logged.event.reason)
    return None


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
