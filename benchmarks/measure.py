"""Timing and the shape of a result.

Processor seconds, not seconds on the wall: all work is single-threaded, and a shared machine's other
processes would be counted otherwise. Medians: a run is slowed down now and then, never sped up.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: what is compared.
        peer: against what.
        ours, theirs: median processor seconds of the same piece of work.
        target: the ratio aimed at, or None.
        kernel: what did our arithmetic; targets on ifma are a stretch.
        note: how it was scaled, and what the peer protects that this does not.
    """

    name: str
    peer: str
    ours: float
    theirs: float
    target: float | None = None
    kernel: str = ""
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def median_seconds(work: Callable[[], object], times: int = 5) -> float:
    """Median duration of `work`, after one run that warms caches and compiles."""
    work()
    seconds = []
    for _ in range(times):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def by_turns(ours: Callable[[], object], theirs: Callable[[], object], times: int = 5) -> tuple[float, float]:
    """Median durations of both, measured alternately, so that a slow minute of the machine hits both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    ours()
    for _ in range(times):
        for work, record in zip((ours, theirs), seconds, strict=True):
            began = time.process_time()
            work()
            record.append(time.process_time() - began)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def mebibytes(what: str) -> int:
    """Of this process, as Linux says it: `VmRSS` now, `VmHWM` at the peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(what))
    return int(line.split()[1]) // 1024
