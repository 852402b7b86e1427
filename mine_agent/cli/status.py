"""`mine-agent status`: what the mine is doing and, if nothing, why."""

from __future__ import annotations

import time

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    command,
    note,
    print_json,
    print_record,
)
from pysonar.party.wording import format_time


@command
def status(home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Say what this mine is doing now and how far it has got, or why it is doing nothing.

    Looks at home and chain only; a running mine is not disturbed. JSON has its latest happenings, too.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home
    from mine_agent.operation.status import status_of

    found = status_of(Home.open(home_path(home)), time.time())
    if form is Format.JSON:
        print_json(found)
        return
    shown = {
        **found,
        "work": found["work"]["sentence"] if found["work"] else None,
        "state": ("at work" if found["running"] else "not running") + (", paused" if found["paused"] else ""),
        "campaigns": None if found["open"] is None else f"{found['joined']} joined of {found['open']} open",
    }
    print_record(
        shown,
        {
            "account": "Account",
            "state": "Mine",
            "work": "At hand",
            "looked_at": "Last round",
            "campaigns": "Campaigns",
        },
        form=form,
        show={"looked_at": format_time},
    )
    for reason in found["quiet"]:
        note(reason["why"] + (f" ({reason['command']})" if reason["command"] else ""))
