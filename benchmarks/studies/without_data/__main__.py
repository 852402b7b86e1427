"""Play all kinds and put the table into docs/noise-mining.md; some minutes of one core."""

from __future__ import annotations

import copy
import time
from dataclasses import replace

import numpy as np

from benchmarks.studies.noise_mining import put
from benchmarks.studies.without_data.attacks import ATTACKS, State, profits
from benchmarks.studies.without_data.campaigns import Kind, honest_profit, play
from benchmarks.studies.without_data.kinds import BY_DEFAULT, OVERRIDDEN

DRAWINGS, HONEST_DRAWINGS, MOST = 12, 20, 30
HEAD = (
    "| campaign | before any mine: best with hindsight | after one: best with hindsight |"
    " after one: chosen beforehand | honest mines earn | less than with no guard |"
)


def states(kind: Kind, *, after_one: bool) -> list[State]:
    """The drawings, from the start or after the first paid visit; those with none are left out."""
    all_states = [State(play(kind, seed)) for seed in range(DRAWINGS)]
    return [state for state in all_states if not after_one or state.honest()]


def attacked(found: list[State]) -> tuple[str, str]:
    """The best attack and number of submissions of all; and what those come to on half of the drawings that
    were the best on the other half, both ways round. With hindsight luck looks like skill.
    """
    if len(found) < 4:
        return "no visit is paid", "-"
    all_left = {
        name: profits(draw, [copy.copy(state) for state in found], MOST, 1_000)
        for name, draw in ATTACKS.items()
    }
    best = max(all_left, key=lambda name: float(all_left[name].mean(0).max()))
    at = int(all_left[best].mean(0).argmax())
    chosen = []
    for seen, other in ((0, 1), (1, 0)):
        name = max(all_left, key=lambda one: float(all_left[one][seen::2].mean(0).max()))
        number = int(all_left[name][seen::2].mean(0).argmax())
        chosen.append(float(all_left[name][other::2].mean(0)[number]))
    return f"{all_left[best].mean(0)[at]:+.1%}, {at + 1}: {best}", f"{np.mean(chosen):+.1%}"


def row(name: str, kind: Kind) -> str:
    """Of the table."""
    before, _ = attacked(states(kind, after_one=False))
    after, chosen = attacked(states(kind, after_one=True))
    seeds = range(HONEST_DRAWINGS)
    earned, free = honest_profit(kind, seeds), honest_profit(replace(kind, guards=False), seeds)
    less = "-" if free <= 0 else f"{1 - earned / free:.1%}"
    return f"| {name} | {before} | {after} | {chosen} | {earned:.1%} | {less} |"


def main() -> None:
    """Measure, print and write."""
    began, lines = time.process_time(), [HEAD, "| --- |" + " --- |" * 5]
    for title, kinds in (("with the defaults", BY_DEFAULT), ("where a plan says otherwise", OVERRIDDEN)):
        lines.append(f"| **{title}** | | | | | |")
        for name, kind in kinds.items():
            lines.append(row(name, kind))
            print(lines[-1], f"{time.process_time() - began:.0f} s", flush=True)
    put("without data", "\n".join(lines))


if __name__ == "__main__":
    main()
