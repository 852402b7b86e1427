"""`make bench-statistics`: the index beside Ponder, and how long each question takes; writes
benchmarks/STATISTICS.md. In pieces, so that a busy machine is not held up for long:

    python -m benchmarks.statistics events --ponder build/bench/ponder
    python -m benchmarks.statistics queries
    python -m benchmarks.statistics page
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import socket
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.statistics import events, queries
from benchmarks.statistics.chain import events_of, full_chain
from benchmarks.statistics.page import write_page
from tests.postgres_server import Postgres, postgres_bin

KEPT = Path("build/bench/statistics")
TURNS = 3


def index_events(campaigns: int, rounds: int, packages: Path, turns: int) -> None:
    """So many turns of each side over one chain; each is kept when it is over."""
    wanted = events_of(campaigns, rounds)
    runs: list[events.Run] = []
    fresh = Path(tempfile.mkdtemp(prefix="openmined-bench-"))
    with full_chain(campaigns, rounds) as (url, sonar), _postgres(fresh) as server:
        for turn in range(turns):
            folder = Path(tempfile.mkdtemp(prefix="index-"))
            runs.append(events.ours("sonar-web, SQLite", sonar, url, str(folder / "index.sqlite")))
            runs.append(events.ours("sonar-web, PostgreSQL", sonar, url, server.database(f"events_{turn}")))
            runs.append(events.ponder(sonar, url, wanted, packages))
            print("\n".join(events.table(runs)), flush=True)
            if {run.events for run in runs} != {wanted}:
                raise RuntimeError(f"not every event was indexed: {runs}")
            (KEPT / "events.json").write_text(events.as_json(runs))


def time_queries(campaigns: int, rounds: int, times: int, most_seconds: float) -> None:
    """A database of each kind is filled, and asked. Called again, it goes on where it had to stop."""
    found: dict[str, object] = {"campaigns": campaigns, "times": times}
    found["events"] = events_of(campaigns, rounds)
    name = f"lives_{campaigns}_{rounds}"
    with _postgres(KEPT / "server") as server:
        settings = {"SQLite": str(KEPT / f"{name}.sqlite"), "PostgreSQL": server.database(name)}
        for kind, setting in settings.items():
            began = time.perf_counter()
            if not queries.fill(setting, campaigns, rounds, most_seconds):
                print(f"{kind} is not full yet: call it again", flush=True)
                return
            print(f"{kind} is full after {time.perf_counter() - began:.0f} s", flush=True)
        for kind, setting in settings.items():
            timings = queries.ask(setting, campaigns, times)
            found[kind] = [vars(one) for one in timings]
            print("\n".join(queries.table({kind: timings})), flush=True)
    found["load"] = os.getloadavg()[1]
    (KEPT / "queries.json").write_text(json.dumps(found))


class _Server(Postgres):
    """A server of our own, ended with the block; its data may be there already."""

    def __init__(self, folder: Path, programs: Path) -> None:
        if not (folder / "data").exists():
            super().__init__(folder, programs)
            return
        self.folder, self.programs = folder, programs
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def database(self, name: str) -> str:
        """The address of a database, which is made if it is not there."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.url.removesuffix("postgres") + name

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("fast")


def _postgres(folder: Path) -> _Server:
    programs = postgres_bin()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder.mkdir(parents=True, exist_ok=True)
    return _Server(folder.resolve(), programs)


def main() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("events", "queries", "page", "all"))
    parser.add_argument(
        "--ponder", type=Path, default=Path("build/bench/ponder"), help="its installed packages"
    )
    parser.add_argument("--campaigns", type=int, default=0, help="how many lives the chain or database holds")
    parser.add_argument("--rounds", type=int, default=450, help="submissions of each")
    parser.add_argument("--turns", type=int, default=TURNS, help="how often each side reads the chain")
    parser.add_argument("--times", type=int, default=200, help="how often each question is asked")
    seconds = "most to fill each database in this call"
    parser.add_argument("--seconds", type=float, default=float("inf"), help=seconds)
    asked = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    if asked.part in ("events", "all"):
        index_events(asked.campaigns or 50, asked.rounds, asked.ponder.resolve(), asked.turns)
    if asked.part in ("queries", "all"):
        time_queries(asked.campaigns or 1000, asked.rounds, asked.times, asked.seconds)
    if asked.part in ("page", "all"):
        write_page(KEPT)


if __name__ == "__main__":
    main()
