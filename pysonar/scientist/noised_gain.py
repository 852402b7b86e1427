"""Which share of what a campaign gained came from mines that said they added noise."""

from __future__ import annotations

from fractions import Fraction

from pysonar.protocol.artifacts import Result


def noised_gain(result: Result) -> Fraction | None:
    """The share, from 0 to 1, of the increase in accuracy that came with a privacy statement.

    By what the mines say of themselves, as Capsule read it inside the seals; who says nothing adds no noise.
    None if nothing was gained.
    """
    best, noised, gained = result.start_ppm, 0, 0
    for entry in result.record:
        if entry.verdict != "IMPROVED" or entry.score_ppm is None:
            continue
        reached = min(entry.score_ppm, result.final_ppm)  # what lies above the target is not paid
        if entry.privacy is not None:
            noised += reached - best
        gained += reached - best
        best = reached
    return Fraction(noised, gained) if gained else None
