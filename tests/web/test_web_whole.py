"""Whether a campaign's events are all there: the index's rows never tell it otherwise than its events do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pysonar.chain.address import ZERO_ADDRESS, checksum
from pysonar.chain.audit import counted, hole
from pysonar.chain.contract.events import (
    CampaignCreated,
    CampaignDeclined,
    CampaignOpened,
    Improved,
    Logged,
    Reclaimed,
    Settled,
    SonarEvent,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import Verdict
from pysonar.chain.event_records import EventRecords
from pysonar.chain.node.answers import BlockRef
from sonar_web.index.opening import open_index
from sonar_web.index.records import IndexRecords

CONTRACT, CAPSULE, MINER = (checksum(f"0x{number:040x}") for number in (1, 2, 3))
LIMITS, PRICE = (
    1 | 1_000_000 << 5 | 1 << 25 | (1 << 34) - 1 << 177 | 3600 << 211,
    1_000_000 << 192 | 32 << 212,
)
_IDS = (number.to_bytes(32, "big") for number in itertools.count(1))
_BLOCKS = itertools.count(1)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[IndexRecords]:
    database = open_index(str(tmp_path / "x.sqlite"), chain_id=1, contract=CONTRACT, genesis=bytes(32))
    yield IndexRecords(database, lambda events, _: {one.block_hash: one.block_number for one in events})
    database.close()


def story(name: bytes, verdicts: list[Verdict | None]) -> list[SonarEvent]:
    """A campaign's events; a place without a verdict is reclaimed."""
    events: list[SonarEvent] = [
        CampaignCreated(name, MINER, CAPSULE, name, ZERO_ADDRESS, 10**18, LIMITS, PRICE, name),
        CampaignOpened(name, name, name, 0),
        *(Submitted(name, place, MINER, name) for place in range(len(verdicts))),
    ]
    version = 0
    for place, verdict in enumerate(verdicts):
        if verdict is None:
            events.append(Reclaimed(name, place, MINER, 5))
            continue
        if verdict is Verdict.IMPROVED:
            version += 1
            events.append(Improved(name, place, version, 10 * version, 7, name))
        events.append(Verdicts(name, place, (verdict,)))
    return events


def keep(records: EventRecords, events: list[SonarEvent]) -> None:
    """Each in a block of its own."""
    numbers = list(itertools.islice(_BLOCKS, len(events)))
    logged = [
        Logged(event, at, at.to_bytes(32, "big"), 0, bytes(32))
        for at, event in zip(numbers, events, strict=True)
    ]
    last = numbers[-1]
    records.add(logged, BlockRef(last, last.to_bytes(32, "big"), bytes(32), last, None))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    verdicts=st.lists(st.sampled_from([*Verdict, *[Verdict.IMPROVED] * 4, None]), max_size=6),
    lost=st.sets(st.integers(0, 20), max_size=3),
)
@example(verdicts=[None], lost={2})  # a stake taken back of a submission that nobody saw
def test_what_is_called_whole_has_no_hole(
    records: IndexRecords, verdicts: list[Verdict | None], lost: set[int]
) -> None:
    name = next(_IDS)
    kept = [event for place, event in enumerate(story(name, verdicts)) if place not in lost]
    if not kept:
        return
    keep(records, kept)
    whole, history = records.counters_if_whole(name), records.on_chain_all(name)
    if whole is not None:
        assert (hole(history), counted(history)) == (None, whole)
    elif hole(history) is None:  # reclaimed places and a lost verdict at the end take reading
        assert lost or None in verdicts


def test_campaigns_that_are_not_over_are_those_that_the_events_tell(records: IndexRecords) -> None:
    names = [next(_IDS) for _ in range(4)]
    keep(records, [event for name in names for event in story(name, [Verdict.IMPROVED])])
    keep(records, [Settled(names[1], 0, 5, 0, 0), CampaignDeclined(names[3], "too\0 small\ud800")])
    assert records.live_campaigns() == EventRecords.live_campaigns(records) == [names[0], names[2]]
