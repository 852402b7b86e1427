"""`mine-agent ledger`: what was spent of the privacy budget."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    command,
    note,
    print_json,
    print_rows,
    warn,
)
from pysonar.party.wording import format_time, short

if TYPE_CHECKING:
    from mine_agent.home import Home
    from mine_agent.privacy.ledger import Ledger


@command
def ledger(
    picture: Annotated[
        Path | None,
        typer.Option(help="Write the budget over time to this SVG file, too.", show_default=False),
    ] = None,
    start_anew: Annotated[
        bool,
        typer.Option(
            "--start-anew",
            help="The ledger is lost: begin another, in which the whole budget of policy.toml is spent.",
        ),
    ] = False,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what this mine has given away of its records: every charge, release and gradient, and the total.

    One ledger counts for all campaigns and data sets of this home. "charged" is spent, before noise is drawn;
    "released" is the noised sum that came of it; "submitted" is a gradient made from it, which costs nothing
    more; "unprotected" is one without noise, by your own word, and nothing bounds what it tells. "total" is
    the epsilon that all entries up to there come to: epsilons do not simply add up.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home
    from mine_agent.privacy.picture import picture as draw
    from mine_agent.privacy.report import LedgerReport
    from pysonar.party.cli.writing import write_text

    opened = Home.open(home_path(home))
    entries = (_begin_anew(opened) if start_anew else opened.privacy_ledger(int(time.time()))).entries()
    report = LedgerReport(entries, opened.policy().privacy)
    if picture is not None:
        write_text(picture, draw(report))
    summary = report.summary()
    if form is Format.JSON:
        print_json({**summary, "entries": report.rows()})
        return
    print_rows(
        report.rows(),
        {
            "time": "time (UTC)",
            "what": "what",
            "campaign": "campaign",
            "data": "data",
            "epsilon": "epsilon",
            "total_epsilon": "total",
        },
        form=form,
        show={
            "time": format_time,
            "campaign": short,
            "epsilon": lambda value: f"{value:.3g}",
            "total_epsilon": lambda value: f"{value:.3g}",
        },
    )
    _tell_total(summary)
    if picture is not None:
        note(f"drawn to {picture}")


def _tell_total(summary: dict[str, Any]) -> None:
    spent = (
        f"epsilon {summary['spent_epsilon']:.3g} at delta {summary['delta']:g}, for {summary['neighbours']}"
    )
    if summary["privacy"] == "none":
        note(f'spent by releases: {spent}; privacy is "none" now')
    else:
        note(
            f"spent: {spent}; budget {summary['budget_epsilon']:g}, enough for"
            f" {summary['releases_left']} more at {summary['price_epsilon']:g} each"
        )
    if summary["unprotected_gradients"]:
        warn(
            f"{summary['unprotected_gradients']} gradients left without noise: nothing bounds what they tell"
        )


def _begin_anew(home: Home) -> Ledger:
    from mine_agent.cli.connect import LOCK_PATIENCE
    from mine_agent.connection import Connection
    from mine_agent.privacy.budget import Budget
    from mine_agent.privacy.ledger import Ledger
    from pysonar.party.home.home_lock import home_lock

    with home_lock(home.lock, patience=LOCK_PATIENCE, for_a_moment=True):
        connection = Connection.open(home)
        connection.follower.poll()
        return Ledger.start_anew(
            home.path,
            account=home.address,
            budget=home.policy().privacy or Budget(),
            updates=connection.own_updates(),
            now=int(time.time()),
        )
