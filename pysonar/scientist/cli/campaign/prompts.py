"""What `sonar campaign create` shows on standard error before it escrows a bounty, and its question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from pysonar.party.cli.console import note, warn
from pysonar.party.process import can_be_asked
from pysonar.party.wording import about, counted
from pysonar.protocol.amounts import format_ppm
from pysonar.scientist.errors import CampaignError

if TYPE_CHECKING:
    from pysonar.scientist.planning.plan import Plan
    from pysonar.scientist.planning.rehearsal import Rehearsal
    from pysonar.scientist.planning.understood import Understood


def show_understood(understood: Understood, name: str) -> None:
    """The records as they were read."""
    row = understood.as_row()
    note(f"campaign '{name}': {row['records']} validation records ({'; '.join(row['read_as']) or 'a table'})")
    if row["classes"]:
        shown = [f"{value}: {count}" for value, count in list(row["classes"].items())[:12]]
        note(f"  records of each class: {', '.join(shown)}{', ...' if len(row['classes']) > 12 else ''}")
    for sentence in row["changed"]:
        note(f"  {sentence}")
    for sentence in row["warnings"]:
        warn(sentence)


def show_rehearsed(rehearsal: Rehearsal) -> None:
    """What a campaign with this plan can come to."""
    from pysonar.scientist.planning.rehearsal import MOST_ROWS

    plan, show = rehearsal.plan, rehearsal.plan.asset.show
    per_point = about(rehearsal.per_point) if plan.asset.is_ether else show(rehearsal.per_point)
    note(
        f"  {plan.metric} {format_ppm(rehearsal.start)} at the start, target {format_ppm(plan.target)};"
        f" each percent earns {per_point}"
    )
    gap = "" if plan.pay_by_gap else "; pay_by_gap = true pays all of it at the target"
    most = rehearsal.most_paid
    gap = gap if most < plan.bounty else ""
    note(f"  a bounty of {show(plan.bounty)} can pay at most {show(most)}{gap}")
    if rehearsal.reached is not None:
        note(
            f"  rehearsed: a mine that has the validation records themselves reaches"
            f" {format_ppm(rehearsal.reached)} with {counted(rehearsal.visits, 'paid visit')}"
        )
    if rehearsal.reached is not None and rehearsal.noised is not None:
        worst, median, best = rehearsal.noised
        why = "by default" if plan.privacy_floor is None else "for this plan's floor"
        note(
            f"  under noise of epsilon {rehearsal.epsilon:g}, as mines have it {why}, it reaches"
            f" {format_ppm(worst)} to {format_ppm(best)} by chance, in the middle {format_ppm(median)}, with"
            f" its {min(rehearsal.rows, MOST_ROWS)} records; more records feel it less (see"
            f" `sonar campaign simulate --epsilon {rehearsal.epsilon:g}`)"
        )
    for sentence in rehearsal.warnings():
        warn(sentence)


def agreed(plan: Plan, slips: Sequence[str]) -> bool:
    """Whether the scientist agrees; where nobody can be asked (no terminal), the command line is their
    word, unless the terms look like a slip.

    Raises:
        CampaignError: they do, and nobody can be asked.
    """
    for sentence in slips:
        warn(sentence)
    if not can_be_asked():
        if slips:
            raise CampaignError(
                f"nothing was sent: {slips[0]}; if this is intended, use --yes; otherwise correct the plan"
            )
        return True
    return typer.confirm(f"Seal these records and escrow {plan.asset.show(plan.bounty)}?", err=True)
