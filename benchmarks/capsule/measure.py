"""The measurements, each on a world of its own: what is judged per minute, and whether work, memory or time
to catch up grow.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.capsule.party import Party, Size, party
from openmined_oracle.agent import Agent
from pysonar.chain.contract.types import Verdict
from pysonar.chain.node import rpc
from pysonar.chain.sending.signer import KeyfileSigner
from pysonar.protocol.cid import Cid

MEGABYTE = 1_000_000
POLL_SECONDS, MOST_SECONDS = 0.05, 7_200
GRADIENT_EVERY = 10


@dataclass(frozen=True)
class Phase:
    """A stretch of Capsule's work: submissions judged and reported, seconds of processor time and by the
    clock, rounds, and resident megabytes at its end.
    """

    judged: int
    cpu: float
    wall: float
    rounds: int
    memory: float


def resident() -> float:
    """Megabytes of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / MEGABYTE


def worked(agent: Agent, until: int, done: Callable[[], int]) -> Phase:
    """Rounds until so many are done (`done` counts them), with the pauses of `Agent.run`."""
    first, cpu, wall, rounds = done(), time.process_time(), time.monotonic(), 0
    while done() < until:
        if not agent.round().moved:
            time.sleep(POLL_SECONDS)
        rounds += 1
        if agent.failures or time.monotonic() - wall > MOST_SECONDS:
            raise RuntimeError(f"not done after {rounds} rounds, {done()} of {until}: {agent.failures}")
    return Phase(done() - first, time.process_time() - cpu, time.monotonic() - wall, rounds, resident())


def reported(made: Party, campaign: bytes) -> Callable[[], int]:
    """Counts the campaign's submissions that have a verdict on chain."""
    return lambda: made.record(campaign).evaluated


def opened(made: Party, idle: int) -> tuple[Agent, bytes]:
    """Capsule at work on the campaign that is measured and on so many small idle ones."""
    busy, small = made.busy_spec(), made.store.put(made.spec().to_bytes())
    campaign = made.ask(made.store.put(busy.to_bytes()))
    others = [made.ask(small) for _ in range(idle)]
    agent = made.agent()
    while not all(made.record(one).state.name == "OPEN" for one in (campaign, *others[-1:])):
        agent.round()
    agent.run_once()
    states = Counter(made.record(one).state.name for one in (campaign, *others))
    if states != {"OPEN": 1 + idle}:
        raise RuntimeError(f"not all campaigns are open: {states}, {made.told[-3:]}")
    return agent, campaign


def gains(made: Party, campaign: bytes, miner: KeyfileSigner) -> list[Cid]:
    """A sealed gradient for each class, which teaches the model that class and nothing else."""
    learned, found = made.size.learned(), []
    for place in range(made.size.classes):
        difference = np.zeros_like(learned)
        difference[:, place] = learned[:, place]
        envelope = made.envelope(campaign, miner, made.gradient_of(campaign, difference))
        found.append(made.store.put(envelope.seal(made.own.certificate)))
    return found


def judging(size: Size, idle: int, submissions: int, folder: Path) -> dict[str, object]:
    """Judged per minute with gains and without, beside `idle` other open campaigns."""
    with party(folder, size) as (made, miner):
        agent, campaign = opened(made, idle)
        before = resident()
        made.fill_queue(campaign, miner, gains(made, campaign, miner))
        better = worked(agent, size.classes, reported(made, campaign))
        versions = agent.context.journal.current(campaign).version
        nothing = made.envelope(campaign, miner, made.gradient_of(campaign, -made.size.learned()))
        cid = made.store.put(nothing.seal(made.own.certificate))
        made.fill_queue(campaign, miner, [cid] * submissions)
        same = worked(agent, size.classes + submissions, reported(made, campaign))
        verdicts = Counter(verdict.name for verdict in made.verdicts(campaign))
        agent.close()
        if verdicts[Verdict.NO_GAIN.name] < submissions or verdicts[Verdict.IMPROVED.name] != versions:
            raise RuntimeError(f"judged otherwise than meant: {verdicts}, version {versions}")
        return {
            "size": asdict(size), "idle": idle, "gains": asdict(better), "versions": versions,
            "no_gains": asdict(same), "memory_opened": before,
        }  # fmt: skip


def growth(size: Size, submissions: int, parts: int, folder: Path) -> dict[str, object]:
    """So many submissions in one campaign that Capsule missed, every tenth a gradient, the others none at
    all: how long until it knows them all, and how fast it judges each part of them.
    """
    with party(folder, size) as (made, miner):
        agent, campaign = opened(made, 0)
        agent.close()
        gradient = made.gradient_of(campaign, -made.size.learned())
        cid = made.store.put(made.envelope(campaign, miner, gradient).seal(made.own.certificate))
        junk = made.store.put(b"no gradient at all")
        queue = [junk if place % GRADIENT_EVERY else cid for place in range(submissions)]
        made.fill_queue(campaign, miner, queue)
        before, agent = resident(), made.agent()
        cpu, wall = time.process_time(), time.monotonic()
        agent.context.follower.poll()
        known = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}
        if agent.context.follower.cursor < rpc.block_number(made.node.web3):
            raise RuntimeError("Capsule has not caught up")
        done = reported(made, campaign)
        phases = [worked(agent, submissions * part // parts, done) for part in range(1, parts + 1)]
        agent.close()
        return {
            "size": asdict(size), "submissions": submissions, "caught_up": known, "memory": before,
            "parts": [asdict(phase) for phase in phases],
        }  # fmt: skip


def main() -> None:
    """One measurement, as JSON: `python -m benchmarks.capsule.measure judging 64 10 2048 99 50`."""
    kind, *numbers = sys.argv[1:]
    inputs, classes, bits, *rest = map(int, numbers)
    with tempfile.TemporaryDirectory(prefix="bench-capsule-") as folder:
        measure = {"judging": judging, "growth": growth}[kind]
        print(json.dumps(measure(Size(inputs, classes, bits), rest[0], rest[1], Path(folder))))


if __name__ == "__main__":
    main()
