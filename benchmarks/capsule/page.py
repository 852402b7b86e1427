"""The page of the figures, as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

HEAD = """# How much work one Capsule does

{date}, {machine}. Written by `make bench-capsule`; `python -m benchmarks.capsule --help` has the sizes
as options. A real chain (anvil), real keys and seals, the embedded store, and Capsule's agent in a process
of its own for each line. Rates are of **processor time**, all threads of that process counted, {repeats}:
the machine had much other work to do, and by the clock it was slower by what that took; rates of equal work
differ by as much as 60 % from one process to the next, so that lines nearer to each other than that say the
same: that more open campaigns cost anything cannot be seen here. What Capsule
does for a submission is all in it: the chain is followed, the artifact fetched and unsealed, checked,
decrypted, measured at five steps on {validation} validation records, the verdict sealed into the journal and
reported (up to 32 in a transaction); for a gain the next version is encrypted and stored.

Cheap, so that it can be measured at all: one key serves all campaigns of a size; gradients are encrypted
by the key's owner and not trained; a gain teaches one class of ten; the submissions without a gain are
one sealed gradient that fills many places of the queue, each judged in full. The other open campaigns
are small (5x3) and idle. Memory is that of the whole process, in which
scientist and miner are played, too.
"""

FULL = (
    *(f"judging {shape} {bits} {count}" for shape in ("65x10", "785x10") for bits in (2048, 3072)
      for count in (1, 100, 1000)),
    "growth",
)  # fmt: skip
"""What `make bench-capsule` measures without a word: model, bits of the key, open campaigns."""

RATES = """
## Submissions judged in a minute

| model | key | open campaigns | without a gain (of so many) | with a gain (of so many) | memory, MB |
| --- | --- | --- | --- | --- | --- |
"""

GROWTH = """
## No growth over {submissions:,} submissions

One campaign (5x3, 2048 bits) whose {submissions:,} submissions were all sent while Capsule was away.
Every tenth is a gradient without a gain, the others are cheap: bytes that no seal opens, judged MALFORMED,
journaled, sealed and reported like any other. It knew all of them {caught_up:.1f} s of processor time
after its start ({wall:.1f} s by the clock), and then judged:

| submissions | a minute of processor time | memory, MB |
| --- | --- | --- |
"""


def _per_minute(phase: dict[str, Any]) -> float:
    return float(60 * phase["judged"] / phase["cpu"])


def page(kept: dict[str, Any]) -> str:
    """The whole page from what was measured."""
    runs: dict[str, list[dict[str, Any]]] = {
        name: found for name, found in kept.items() if name.startswith("judging")
    }
    said = HEAD.format(
        date=kept["date"], machine=kept["machine"], repeats=_repeats(runs.values()), validation=360
    )
    if runs:
        said += RATES
        for name, found in sorted(runs.items(), key=lambda one: _order(one[0])):
            _, shape, bits, count = name.split()
            none, gain = ([_per_minute(one[kind]) for one in found] for kind in ("no_gains", "gains"))
            many = {kind: sum(one[kind]["judged"] for one in found) for kind in ("no_gains", "gains")}
            memory = max(one["no_gains"]["memory"] for one in found)
            said += (
                f"| {shape} | {bits} | {int(count):,} | {statistics.median(none):,.0f} ({many['no_gains']})"
                f" | {statistics.median(gain):,.1f} ({many['gains']}) | {memory:,.0f} |\n"
            )
    said += _growth(kept["growth"]) if "growth" in kept else ""
    missing = [name for name in FULL if name not in kept]
    return said + (f"\nNot measured yet: {', '.join(missing)}.\n" if missing else "")


def _growth(found: dict[str, Any]) -> str:
    caught = found["caught_up"]
    said = GROWTH.format(submissions=found["submissions"], caught_up=caught["cpu"], wall=caught["wall"])
    last = 0
    for part in found["parts"]:
        first, last = last, last + part["judged"]
        said += f"| {first + 1:,} to {last:,} | {_per_minute(part):,.0f} | {part['memory']:,.0f} |\n"
    return said


def _order(name: str) -> tuple[int, ...]:
    _, shape, bits, count = name.split()
    return (int(shape.partition("x")[0]), int(bits), int(count))


def _repeats(runs: Any) -> str:
    counts: Sequence[int] = sorted({len(found) for found in runs})
    if counts in ([], [1]):
        return "one process for each line"
    return f"the median of {' to '.join(map(str, counts))} processes for each line"
