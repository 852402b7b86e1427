"""Events indexed per second: our index on SQLite and PostgreSQL, and Ponder, on the same chain, by turns."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pysonar.chain.contract.sonar import Sonar
from pysonar.chain.node.connect import connect
from sonar_web.index.indexer import Indexer, collect_seldom

PONDER = Path(__file__).parent / "ponder"
MOST_SECONDS = 150


@dataclass(frozen=True)
class Run:
    """One reading of the whole chain: seconds on the clock, and of this side's own processor time."""

    name: str
    events: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Events a second of the processor's time: what another program does meanwhile counts little."""
        return self.events / self.cpu


def ours(name: str, sonar: Sonar, url: str, setting: str) -> Run:
    """Our index, from nothing to the chain's newest block, as `sonar-web` reads it. The database server's
    time is not in `cpu`.
    """
    collect_seldom()
    web3 = connect(url)
    read = Sonar(web3, sonar.address, sonar.chain_id)
    indexer = Indexer(web3, read, setting, confirmations=0, start_block=0)
    clock, cpu = time.perf_counter(), time.process_time()
    found = indexer.poll()
    run = Run(name, found, time.perf_counter() - clock, time.process_time() - cpu)
    indexer.close()
    return run


def ponder(sonar: Sonar, url: str, events: int, packages: Path) -> Run:
    """Ponder with its own database in the process (PGlite), from nothing until it says that it is ready.

    Args:
        packages: a folder with its node_modules.
    """
    folder = Path(tempfile.mkdtemp(prefix="ponder-"))
    shutil.copytree(PONDER, folder, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "SONAR_RPC": url,
        "SONAR_ADDRESS": sonar.address,
        "DO_NOT_TRACK": "1",
        "PONDER_TELEMETRY_DISABLED": "1",
    }
    line = [
        "node",
        str(packages / "node_modules/ponder/dist/esm/bin/ponder.js"),
        "start",
        "--schema",
        "bench",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    clock = time.perf_counter()
    with (folder / "ponder.log").open("wb") as log:
        running = subprocess.Popen(
            [*line, "--port", str(port), "--hostname", "127.0.0.1", "--log-level", "warn"],
            cwd=folder, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        while not _is_ready(port):
            if running.poll() is not None or time.perf_counter() - clock > MOST_SECONDS:
                raise RuntimeError(f"Ponder was not ready: {(folder / 'ponder.log').read_text()[-2000:]}")
            time.sleep(0.05)
        seconds = time.perf_counter() - clock
    finally:
        running.terminate()
        running.wait(timeout=30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    shutil.rmtree(folder, ignore_errors=True)
    return Run("Ponder 0.16.10", events, seconds, cpu)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def table(runs: Sequence[Run]) -> list[str]:
    """Medians, a row for each side."""
    lines = [
        "| index | runs | events a second of processor time | on the clock |",
        "| --- | --: | --: | --: |",
    ]
    for name in dict.fromkeys(run.name for run in runs):
        own = sorted((run for run in runs if run.name == name), key=lambda run: run.rate)
        middle = own[len(own) // 2]
        lines.append(f"| {name} | {len(own)} | {middle.rate:,.0f} | {middle.events / middle.seconds:,.0f} |")
    return lines


def as_json(runs: Sequence[Run]) -> str:
    """For a later look."""
    return json.dumps([vars(run) | {"rate": run.rate} for run in runs])
