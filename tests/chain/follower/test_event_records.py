"""What one account has submitted is found without a look at what others have."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pysonar.chain.contract.events import CampaignEvent, CampaignOpened, LoggedEvent, Settled, Submitted
from pysonar.chain.database import open_database
from pysonar.chain.event_records import EventRecords

OWN, OTHER = "0x" + "Aa" * 20, "0x" + "Bb" * 20
FIRST, SECOND = bytes([1]) * 32, bytes([2]) * 32


def logged(event: CampaignEvent, place: int) -> LoggedEvent:
    return LoggedEvent(event, place, place.to_bytes(32, "big"), 0, bytes(32))


@pytest.fixture
def records(tmp_path: Path) -> EventRecords:
    """Two campaigns: 200 submissions of somebody else, and among them one of one's own to the second."""
    database = open_database(
        tmp_path / "agent.sqlite", chain_id=1337, genesis=bytes([7]) * 32, contract="0x" + "ab" * 20
    )
    found = EventRecords(database)
    opened = [CampaignOpened(campaign, bytes(32), bytes(32), 0) for campaign in (FIRST, SECOND)]
    others = [Submitted((FIRST, SECOND)[index % 2], index, OTHER, bytes(32)) for index in range(200)]
    events = [*opened, *others[:150], Submitted(SECOND, 200, OWN, bytes([9]) * 32), *others[150:]]
    found.add([logged(event, place) for place, event in enumerate(events)], None)
    return found


def plan_of(database: sqlite3.Connection, ask: Callable[[], object]) -> str:
    """How SQLite goes about the one question that `ask` puts to it."""
    asked: list[str] = []
    database.set_trace_callback(asked.append)
    ask()
    database.set_trace_callback(None)
    (question,) = asked
    return "; ".join(row["detail"] for row in database.execute(f"explain query plan {question}"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda records: records.campaigns_with(Submitted, OWN),
        lambda records: records.on_chain(Submitted, submitter=OWN),
        lambda records: records.on_chain(Submitted, SECOND, OWN),
    ],
    ids=["its campaigns", "its submissions", "its submissions to one campaign"],
)
def test_one_s_own_submissions_are_looked_up_in_an_index(
    records: EventRecords, ask: Callable[[EventRecords], object]
) -> None:
    plan = plan_of(records.database, lambda: ask(records))
    assert "SEARCH event USING INDEX event_miner (<expr>=?" in plan
    assert "SCAN" not in plan


def test_they_are_the_ones_that_a_look_at_all_of_them_finds(records: EventRecords) -> None:
    (own,) = [one for one in records.on_chain(Submitted) if one.event.miner == OWN]
    assert records.on_chain(Submitted, submitter=OWN) == [own]
    assert records.on_chain(Submitted, SECOND, OWN) == [own]
    assert records.on_chain(Submitted, FIRST, OWN) == []
    assert records.campaigns_with(Submitted, OWN) == [SECOND]
    assert [one.event.name for one in records.on_chain(CampaignEvent, SECOND, OWN)] == [
        "CampaignOpened",
        "Submitted",
    ]
    assert records.campaigns_with(CampaignOpened, OWN) == [FIRST, SECOND]
    assert records.campaigns_with(Settled, OWN) == []


def test_what_a_fork_took_back_is_not_found(records: EventRecords) -> None:
    records.give_up_above(100)
    assert records.on_chain(Submitted, submitter=OWN) == []
    assert records.campaigns_with(Submitted, OWN) == []
