"""How long each question to the API takes, over a million events and a thousand campaigns."""

from __future__ import annotations

import base64
import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi.testclient import TestClient

from benchmarks.statistics.chain import LIMITS, PRICE
from pysonar.chain.address import ZERO_ADDRESS, checksum
from pysonar.chain.contract.events import (
    CampaignCreated,
    CampaignOpened,
    Improved,
    Logged,
    LoggedEvent,
    Settled,
    SonarEvent,
    Submitted,
    Verdicts,
)
from pysonar.chain.contract.types import Verdict
from pysonar.chain.database import transaction
from pysonar.chain.node.answers import BlockRef
from sonar_web.api.app import Serving, make_app
from sonar_web.api.reading import Place, Reader
from sonar_web.index.gas import CALLS
from sonar_web.index.indexer import Progress
from sonar_web.index.opening import open_index
from sonar_web.index.reading import open_for_reading
from sonar_web.index.records import IndexRecords
from sonar_web.index.rows import Database, upsert_many
from sonar_web.index.tables import amount

CONTRACT = "0x" + "12" * 20
MINERS, CAPSULES = 997, 7
BLOCKS_APART = 40
"""Campaigns run beside each other: their events lie mixed in the chain."""
AT_ONCE = 5_000
DAY = 86_400
BEGUN = 1_700_000_000
BEGUN_YEAR = 2023


@dataclass(frozen=True)
class Timing:
    """One question's milliseconds, on the clock and (`processor`: its p99) of the service's own processor
    time, which tells a dear question from a machine that is busy.
    """

    question: str
    median: float
    p99: float
    processor: float


def fill(setting: str, campaigns: int, rounds: int, most_seconds: float) -> bool:
    """The lives of so many campaigns, through the same code that reads a chain; whether all are there. What a
    call had no time for is done by the next.
    """
    database = open_index(setting, chain_id=31337, contract=CONTRACT, genesis=bytes(32))
    records = IndexRecords(
        database, lambda found, _: {one.block_hash: _time(one.block_number) for one in found}
    )
    there = database.execute("select count(*) as events from event").fetchone()["events"]
    events = itertools.islice(lives(campaigns, rounds), there, None)
    until = time.monotonic() + most_seconds
    try:
        while some := list(itertools.islice(events, AT_ONCE)):
            if time.monotonic() > until:
                return False
            records.add(some, _end(some[-1]))
        _read_beside(database, campaigns)
        return True
    finally:
        database.close()


def _read_beside(database: Database, campaigns: int) -> None:
    """Titles, tokens and gas: what is read from a store and from receipts, here made up."""
    titles = [f"Irises of garden {number}" for number in range(campaigns)]
    named = [
        {"digest": (number + 1).to_bytes(32, "big"), "title": title, "folded": title.casefold()}
        for number, title in enumerate(titles)
    ]
    days = [f"{BEGUN_YEAR + day // 336}-{1 + day % 12:02}-{1 + day % 28:02}" for day in range(336 * 5)]
    used = {"transactions": 9, "used": 900_000, "least": 90_000, "most": 110_000, "cost": amount(10**15)}
    gas = [
        {"day": day, "call": call} | used for day in sorted(set(days)) for call in sorted(set(CALLS.values()))
    ]
    tokens = [
        {"address": checksum(f"0x{number:040x}"), "symbol": "TOK", "decimals": 18} for number in range(1, 100)
    ]
    with transaction(database):  # type: ignore[arg-type] # the few methods that it uses
        upsert_many(database, "spec_title", ("digest",), named)
        upsert_many(database, "gas_day", ("day", "call"), gas)
        upsert_many(database, "token", ("address",), tokens)


def lives(campaigns: int, rounds: int) -> Iterator[LoggedEvent]:
    """Events in the order of a chain: a block holds one event of each campaign that is under way."""
    queues = [_life(number, rounds) for number in range(campaigns)]
    block = 0
    while queues:
        under_way = queues[:BLOCKS_APART]
        for place, life in enumerate(under_way):
            event = next(life, None)
            if event is not None:
                yield Logged(
                    event, block, block.to_bytes(32, "big"), place, (block << 8 | place).to_bytes(32, "big")
                )
            else:
                queues.remove(life)
        block += 1


def _life(number: int, rounds: int) -> Iterator[SonarEvent]:
    name = (number + 1).to_bytes(32, "big")
    capsule = checksum(f"0x{1 + number % CAPSULES:040x}")
    owner = checksum(f"0x{77 + number % 50:040x}")
    yield CampaignCreated(name, owner, capsule, name, ZERO_ADDRESS, 10**18, LIMITS, PRICE, name)
    yield CampaignOpened(name, name, name, 0)
    for place in range(rounds):
        miner = checksum(f"0x{1000 + (number * rounds + place) % MINERS:040x}")
        yield Submitted(name, place, miner, name)
        if place % 4 == 0:
            yield Improved(name, place, place // 4 + 1, place + 1, 10**12, name)
        yield Verdicts(name, place, (Verdict.IMPROVED if place % 4 == 0 else Verdict.NO_GAIN,))
    yield Settled(name, 0, 10**18, 0, 0)


def _end(last: LoggedEvent) -> BlockRef:
    number = last.block_number
    return BlockRef(number, last.block_hash, bytes(32), _time(number), None)


def _time(block: int) -> int:
    return BEGUN + block * 300


def questions(campaigns: int) -> Mapping[str, Callable[[random.Random], str]]:
    """What the pages and other clients ask, about things drawn at random."""

    def campaign(draw: random.Random) -> str:
        return f"/campaigns/0x{draw.randint(1, campaigns):064x}"

    def miner(draw: random.Random) -> str:
        return f"/miners/{checksum(f'0x{1000 + draw.randrange(MINERS):040x}')}"

    def capsule(draw: random.Random) -> str:
        return checksum(f"0x{draw.randint(1, CAPSULES):040x}")

    return {
        "campaigns, a page": lambda _: "/campaigns?limit=50",
        "campaigns, a page further down": lambda draw: (
            f"/campaigns?limit=50&after={_cursor(draw.randrange(5_000), '00' * 32)}"
        ),
        "campaigns of a state": lambda _: "/campaigns?state=settled&limit=50",
        "campaigns of a Capsule": lambda draw: f"/campaigns?capsule={capsule(draw)}&limit=50",
        "campaigns by the beginning of an id": lambda draw: (
            f"/campaigns?search=0x{draw.randint(1, campaigns):064x}"
        ),
        "campaigns by words": lambda _: "/campaigns?search=iris",
        "a campaign": campaign,
        "its submissions, a page": lambda draw: campaign(draw) + "/submissions?limit=100",
        "its submissions, a page further down": lambda draw: (
            f"{campaign(draw)}/submissions?limit=100&after={_cursor(draw.randrange(300))}"
        ),
        "its versions": lambda draw: campaign(draw) + "/versions",
        "miners by earnings": lambda _: "/miners?limit=50",
        "a miner's submissions": lambda draw: miner(draw) + "/submissions?limit=100",
        "Capsules": lambda _: "/capsules",
        "a Capsule": lambda draw: f"/capsules/{capsule(draw)}",
        "certificates": lambda _: "/certificates",
        "days": lambda _: "/days?limit=100",
        "gas": lambda _: "/gas?limit=100",
        "tokens": lambda _: "/tokens",
    }


def _cursor(*parts: int | str) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def ask(setting: str, campaigns: int, times: int) -> list[Timing]:
    """Each question so many times, through the whole service but the network."""
    reader = Reader(Place(31337, CONTRACT), lambda: open_for_reading(setting))
    app = make_app(reader, Progress(), Serving(requests_a_minute=10**9))
    draw, found = random.Random(7), []
    with TestClient(app, base_url="http://127.0.0.1") as client:  # one event loop for all, as in the service
        for name, question in questions(campaigns).items():
            took, worked = [], []
            for _ in range(times + 3):
                path = "/api/v1" + question(draw)
                began, work = time.perf_counter(), time.process_time()
                answer = client.get(path)
                took.append((time.perf_counter() - began) * 1000)
                worked.append((time.process_time() - work) * 1000)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.text[:200]}")
            took, worked = sorted(took[3:]), sorted(worked[3:])  # the first ones fill the caches
            found.append(Timing(name, took[len(took) // 2], _p99(took), _p99(worked)))
    return found


def _p99(ascending: Sequence[float]) -> float:
    return ascending[min(len(ascending) - 1, len(ascending) * 99 // 100)]


def table(by_database: Mapping[str, Sequence[Timing]]) -> list[str]:
    """A row for each question."""
    lines = ["| question | " + " | ".join(f"{name}, p50 | p99 | processor" for name in by_database) + " |"]
    lines.append("| --- |" + " --: | --: | --: |" * len(by_database))
    for row in zip(*by_database.values(), strict=True):
        cells = " | ".join(f"{one.median:.1f} ms | {one.p99:.1f} ms | {one.processor:.1f} ms" for one in row)
        lines.append(f"| {row[0].question} | {cells} |")
    return lines
