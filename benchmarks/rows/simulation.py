"""`sonar campaign simulate` with ten thousand mines, and with as many as Flower's simulation has clients.

Digits with a little noise on each pixel, ten records a mine, ten linear models of 64 inputs: the terms of
`make demo` without a target that could be reached, so that every mine takes its turn. Flower's simulation
runs in an environment of its own, `build/bench/flower` (see `flower_peer.py`); where it is not installed its
rows are left out.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.measure import Row, mebibytes
from pysonar.scientist.planning.plan import Plan
from pysonar.scientist.planning.plan_file import read_plan
from pysonar.scientist.planning.simulation import Simulation, simulate
from pysonar.tables import TableSource, read_records
from scripts._demo.plan import WISHES, write_plan

MINES, SECONDS, GIGABYTES = 10_000, 60.0, 4.0
CLIENTS, ROWS_EACH, VALIDATION = (100, 1_000), 10, 360
FLOWER = Path("build/bench/flower/bin/python")
PEER = Path(__file__).with_name("flower_peer.py")


def records(plan: Plan, count: int, seed: int) -> pa.Table:
    """Digits drawn with replacement, up to two shades of grey off at each pixel, in the plan's schema."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(digits), count)
    pixels = np.clip(images[chosen] + random.integers(-2, 3, (count, 64)), 0, 16).astype(np.int64)
    names = [field.name for field in plan.schema.fields]
    table = pa.table({**dict(zip(names, pixels.T, strict=True)), plan.schema.label.name: digits[chosen]})
    return read_records(TableSource(table, "digits"), plan.schema)[0]


def simulated(plan: Plan, mines: int) -> tuple[float, Simulation]:
    """Processor seconds of one simulation, and how it went."""
    own, data = records(plan, VALIDATION, 0), records(plan, mines * ROWS_EACH, 1)
    began = time.process_time()
    done = simulate(plan, own, data, mines=mines)
    return time.process_time() - began, done


def rows(_: int) -> list[Row]:
    """The aim of 60 seconds, and Flower at 100 and 1,000 clients."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        write_plan(path, capsule="0x" + "11" * 20, wish=replace(WISHES["one_vs_rest"]["none"], target="99 %"))
        plan = read_plan(path)
    found = [_beside_flower(plan, clients) for clients in CLIENTS] if FLOWER.exists() else []
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is the large simulation's own
    seconds, done = simulated(plan, MINES)
    peak = mebibytes("VmHWM") / 1024
    note = (
        f"the peer is the aim; {done.climb.evaluations:,} gradients judged, {len(done.climb.gains)} of them"
        f" paid, {done.climb.start / 1e4:.1f} to {done.climb.best / 1e4:.1f} %; {peak:.2f} GiB for the whole"
        f" process at its peak, aim {GIGABYTES:g} GiB: {'met' if peak < GIGABYTES else 'missed'}"
    )
    return [*found, Row(f"{MINES:,} mines simulated", "the aim", seconds, SECONDS, 1.0, "numpy", note)]


def _beside_flower(plan: Plan, clients: int) -> Row:
    seconds, done = simulated(plan, clients)
    ours = seconds / done.climb.evaluations
    theirs = _flower_seconds(clients) / clients
    note = (
        f"for each client: ours trains {done.climb.evaluations} times, one after the other, and searches"
        " Capsule's steps on the validation set; Flower trains each client once, in one round, and averages;"
        " one run of each, one after the other; of Flower all processes and its start are counted, of ours"
        " the simulation alone"
    )
    name = f"{clients:,} mines simulated, each visit"
    return Row(name, "Flower's simulation", ours, theirs, None, "numpy", note)


def _flower_seconds(clients: int) -> float:
    """Processor seconds of Flower's round and of all processes that it starts."""
    command = [str(FLOWER), str(PEER), str(clients), str(ROWS_EACH)]
    used: dict[int, float] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as peer:
        while peer.poll() is None:
            used |= _family(peer.pid)
            time.sleep(0.2)
    if peer.returncode:
        raise subprocess.CalledProcessError(peer.returncode, command)
    return sum(used.values())


def _family(pid: int) -> dict[int, float]:
    """Processor seconds up to now of a process and all below it."""
    parents, seconds = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            numbers = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        one = int(entry.parent.name)
        parents[one] = int(numbers[1])
        seconds[one] = (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return {one: seconds[one] for one in found if one in seconds}
