"""`mine-agent approve | refuse | explain | pause | resume`: the owner's word on campaigns, and what was
decided about them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pysonar.party.cli.console import (
    Format,
    FormatOption,
    HomeOption,
    acting,
    command,
    note,
    print_json,
    print_record,
    print_rows,
    warn,
)
from pysonar.party.wording import format_time, short_id

if TYPE_CHECKING:
    from mine_agent.campaigns.decisions.explanations import Explanation

CampaignArgument = Annotated[
    str, typer.Argument(help="The campaign's id, or its first six digits or more.", metavar="ID")
]


@acting
def approve(campaign: CampaignArgument, home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Let this mine work for a campaign that waits for your word (`ask_first = true` in policy.toml).

    Your other rules hold as well. A running mine goes on within its next round. `mine-agent refuse` takes
    it back for whatever has not been submitted yet.
    """
    _say(campaign, "approved", home, form)


@acting
def refuse(campaign: CampaignArgument, home: HomeOption = None, form: FormatOption = Format.TABLE) -> None:
    """Forbid a campaign, whatever your other rules say, until you approve it.

    What was submitted already stays submitted, is followed up and claimed.
    """
    _say(campaign, "refused", home, form)


def _say(beginning: str, word: str, home: Any, form: Format) -> None:
    from mine_agent.campaigns.find import say
    from mine_agent.cli.connect import connect_and_read, home_path

    campaign = say(connect_and_read(home_path(home)), beginning, word, now=int(time.time()))
    print_record(
        {"campaign": "0x" + campaign.hex(), "word": word},
        {"campaign": "Campaign", "word": "Your word"},
        form=form,
    )


@acting
def pause(home: HomeOption = None) -> None:
    """Begin nothing new until `mine-agent resume`, also after a restart.

    What was submitted is followed up, and what is due is claimed. A running mine sees it in its next round.
    """
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home

    Home.open(home_path(home)).pause()
    note("paused; nothing new is begun until: mine-agent resume")


@acting
def resume(home: HomeOption = None) -> None:
    """Let new work begin again after `mine-agent pause`."""
    from mine_agent.cli.connect import home_path
    from mine_agent.home import Home

    Home.open(home_path(home)).resume()
    note("resumed; new work begins with the next round of `mine-agent run`")


@command
def explain(
    campaign: Annotated[
        str | None,
        typer.Argument(
            help="The campaign's id, or its first six digits or more; else the last decisions about all.",
            metavar="[ID]",
        ),
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Show every rule that was asked, with what it wants and found.")
    ] = False,
    last: Annotated[
        int, typer.Option(help="How many decisions to show where no ID is given.", min=1, max=10_000)
    ] = 50,
    home: HomeOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say why this mine did what it did about a campaign, or about all of them.

    Each decision was written down with the facts that it was made from and with policy.toml as it was then;
    here it is made once more from both, and "replay" says whether that gives the same. With --rules the last
    decision for each data set is shown rule by rule. JSON has the facts and the rules' text as well.
    """
    from mine_agent.campaigns.decisions.explanations import explanations, newest_explanations
    from mine_agent.campaigns.find import campaign_by
    from mine_agent.cli.connect import connect_and_read, home_path
    from mine_agent.rows.decisions import decision_row

    connection = connect_and_read(home_path(home))
    if campaign is None:
        explained = newest_explanations(connection, last)
    else:
        explained = explanations(connection, campaign_by(connection, campaign))
    if form is Format.JSON:
        print_json([decision_row(one) for one in explained])
        return
    print_rows(
        [decision_row(one) for one in explained],
        {
            "time": "time (UTC)",
            "campaign": "campaign",
            "data": "data",
            "answer": "decided",
            "why": "why",
            "replay": "replay",
        },
        form=form,
        show={"time": format_time, "campaign": short_id},
        empty="nothing has been decided yet: `mine-agent run` decides",
    )
    pairs = dict.fromkeys((one.record.campaign, one.record.data) for one in explained) if rules else ()
    for pair in pairs:
        those = [one for one in explained if (one.record.campaign, one.record.data) == pair]
        _show_rules(max(those, key=lambda one: one.record.number))
    for one in explained:
        if one.replayed is not None and not one.agrees:
            warn(f"decision {one.record.number} comes out differently: this release decides otherwise")


def _show_rules(one: Explanation) -> None:
    if one.replayed is None:
        return
    print_rows(
        [
            {"rule": check.rule, "passed": check.passed, "wants": check.wants, "found": check.found}
            for check in one.replayed.checks
        ],
        {"rule": "rule", "passed": "passed", "wants": "wants", "found": "found"},
        form=Format.TABLE,
        title=f"\nThe rules on {one.record.data} at {format_time(one.record.made_at)}",
    )
